"""Gemini CLI's operation logs: records that replace, rewinds, checkpoints, sub-agents, and the older whole documents."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from _mix.files import Lines, stamp
from _mix.script import PROJECTS, Scene, iso, uuid4
from _mix.words import ENCODE

SLUG = "gemini-cli"
MODELS = ("gemini-2.5-pro",) * 5 + ("gemini-2.5-flash",) * 3 + ("gemini-3-flash-preview",)
UNPRICED = "gemini-nimbus-7"
NAMES = {"shell": "run_shell_command", "read": "read_file", "edit": "replace", "search": "search_file_content"}
WINDOW = 380_000
"""Above the price band of 200,000, so that requests of both bands are there."""


class Writer:
    """Writes `.gemini`."""

    def __init__(self, home, text, truth):
        self.root, self.text, self.truth, self.number = home / ".gemini", text, truth, 0
        self.folders = {cwd: f"project-{place}" for place, cwd in enumerate(PROJECTS)}
        self.folders[PROJECTS[-1]] = hashlib.sha256(PROJECTS[-1].encode()).hexdigest()
        for cwd, name in list(self.folders.items())[:3]:
            (self.root / "tmp" / name).mkdir(parents=True, exist_ok=True)
            (self.root / "tmp" / name / ".project_root").write_text(cwd, encoding="utf-8")
        (self.root / "projects.json").write_text(json.dumps({"projects": self.folders}), encoding="utf-8")

    def session(self, size):
        """Write one session of about so many bytes; return how many they became."""
        self.number += 1
        scene = Scene(self.text, self.truth, self.number)
        if self.number % 10 == 7:
            return _Document(self, scene).write(min(size, 3_000_000))
        return _Log(self, scene).write(size)

    def close(self):
        """Nothing is left to write."""

    def place(self, scene, native):
        """Return the path of a session's log."""
        chats = self.root / "tmp" / self.folders[scene.cwd] / "chats"
        chats.mkdir(parents=True, exist_ok=True)
        return chats / f"session-{iso(scene.at)[:16].replace(':', '-')}-{native[:8]}.jsonl"


class _Records:
    """Makes records of turns, and knows what of them stands in the conversation."""

    def __init__(self, writer, scene):
        self.writer, self.scene, self.rng, self.truth = writer, scene, scene.rng, writer.truth
        self.id = uuid4(self.rng)
        self.model = UNPRICED if scene.number % 23 == 22 else self.rng.choice(MODELS)
        self.standing = []
        """What each record that stands counts for, with its id, in order."""

    def said(self, turn):
        record = {**self._head("user"), "content": [{"text": turn.prompt}]}
        self.standing.append((record, Counter(prompts=1, messages=1)))
        return record

    def answer(self, step):
        """Return an answer as it is written at first and as it is when its tool returned."""
        rng, used = self.rng, self.scene.tokens(apart=True, written=False, most=WINDOW)
        tool = rng.randint(1, 400) if rng.random() < 0.05 else 0
        self.truth.bill(self.model, used._replace(input=used.input + tool))
        tokens = {
            "input": used.prompt, "output": used.output, "cached": used.cache_read, "thoughts": used.reasoning, "tool": tool,
            "total": used.prompt + used.output + used.reasoning + tool,
        }  # fmt: skip
        first, *rest = step.thinking.partition(" ")[::2] if step.thinking else ("",)
        thoughts = (
            [{"subject": first, "description": rest[0], "timestamp": iso(self.scene.at)}] if step.thinking else []
        )
        early = {
            **self._head("gemini"),
            "content": step.said,
            "thoughts": thoughts,
            "tokens": tokens,
            "model": self.model,
        }
        full = early | ({"toolCalls": [self._call(one) for one in step.calls]} if step.tool else {})
        self.standing.append((full, Counter(messages=1, tool_calls=len(step.calls))))
        return early, full

    def _call(self, step):
        name, rng = NAMES[step.tool], self.rng
        key = f"{name}-{self.scene.at}-{rng.getrandbits(32):x}"
        body = (
            f"Command: {step.command}\nOutput: {step.output}\nExit Code: {int(step.failed)}"
            if step.tool == "shell"
            else step.output
        )
        response = {"functionResponse": {"id": key, "name": name, "response": {"output": body}}}
        return {
            "id": key, "name": name, "args": {"command": step.command} if step.tool == "shell" else {"file_path": step.path},
            "result": [response], "status": "error" if step.failed and step.tool != "shell" else "success",
            "timestamp": iso(self.scene.at), "resultDisplay": body if len(body) < 2_000 else f"Read {len(body)} characters",
        }  # fmt: skip

    def _head(self, kind):
        return {"id": uuid4(self.rng), "timestamp": iso(self.scene.tick(400, 9_000)), "type": kind}

    def header(self, **more):
        digest = hashlib.sha256(self.scene.cwd.encode()).hexdigest()
        at = iso(self.scene.at)
        return {"sessionId": self.id, "projectHash": digest, "startTime": at, "lastUpdated": at, **more}

    def context(self):
        """Return the session context that the program injects; nobody said it."""
        said = f"<session_context>\nThis is the Gemini CLI.\n- **Workspace Directories:**\n  - {self.scene.cwd}\n</session_context>"
        return {**self._head("user"), "content": [{"text": said}]}

    def count(self):
        found = sum((counts for _, counts in self.standing), Counter())
        self.truth.add(sessions=1, **found)


class _Log(_Records):
    def write(self, size, *, parent=""):
        chosen = self.writer.place(self.scene, self.id)
        path = chosen.parent / parent / f"{self.id[:8]}.jsonl" if parent else chosen
        self.native = f"{parent}/{self.id}" if parent else self.id
        out, self.below = Lines(path), 0
        self._put = lambda record: out.add(ENCODE(record))
        self._put(self.header(kind="subagent" if parent else "main"))
        self._put({"$set": {"messages": [self.context()]}})
        for place, turn in enumerate(self.scene.turns(self.native, size * 0.72)):
            self._turn(turn)
            if parent:
                break
            self._after(turn, place)
            self.scene.tick(10_000, 900_000)
        self._put({"$set": {"summary": self.scene.text.prose(6)}})
        if self.scene.number % 31 == 30:
            self._put({"$rewindTo": uuid4(self.rng)})
            self.standing = []
            self.truth.trap("rewinds to nothing known")
        if self.scene.number % 7 == 6:
            self._odd(out)
        self.count()
        out.close(self.scene.at)
        return out.size + self.below

    def _turn(self, turn):
        self._put(self.said(turn))
        for step in turn.steps:
            early, full = self.answer(step)
            self._put(early)
            if not step.tool:
                continue
            self._put({"$set": {"lastUpdated": early["timestamp"]}})
            self._put(full)
            self.truth.trap("records that replace")
            self._put({**self._head("user"), "content": [r for call in full["toolCalls"] for r in call["result"]]})
            if self.rng.random() < 0.015 and "/" not in self.native:
                self._spawn()

    def _spawn(self):
        scene = Scene(self.scene.text, self.truth, self.scene.number)
        scene.at, scene.cwd = self.scene.at, self.scene.cwd
        self.below += _Log(self.writer, scene).write(20_000, parent=self.id)
        self.truth.trap("sub-agents' logs")

    def _after(self, turn, place):
        """Go back behind a turn, or replace the conversation by a summary."""
        kind = self.rng.random()
        if kind < 0.06:
            again = turn._replace(
                prompt=f"{self.scene.text.prose(12)} {self.scene.plant('rewound', self.native)}".strip(),
                steps=turn.steps[-1:],
            )
            before = len(self.standing)
            self._turn(again)
            self._put({"$rewindTo": self.standing[before][0]["id"]})
            del self.standing[before:]
            self.truth.trap("rewinds")
        elif kind < 0.12 and place > 0:
            kept = self.standing[-2:]
            said = f"<state_snapshot>\n{self.scene.text.prose(150)}\n</state_snapshot>"
            snapshot = {**self._head("user"), "content": [{"text": said}]}
            self._put({"$set": {"messages": [snapshot, *(record for record, _ in kept)]}})
            self.standing = [*kept]
            self.scene.context = 14_000
            self.truth.trap("checkpoints")
        self.standing = [
            ({"id": r["id"]} if n < len(self.standing) - 2 else r, c) for n, (r, c) in enumerate(self.standing)
        ]

    def _odd(self, out):
        self._put({"id": uuid4(self.rng), "timestamp": iso(self.scene.at), "type": "hologram", "content": "x"})
        self._put({"$merge": {"depth": 3}})
        out.add('{"id":"cut","timestamp":"2026-11-01T10:00:00.000Z","type":"gemini","tokens":{"input":12')
        self.truth.add(unknown_records=2, damaged_lines=1)
        if self.scene.number % 2:
            out.tear('{"id":"torn","type":"gemini","content":"half')
            self.truth.trap("torn last lines")


class _Document(_Records):
    """A session of before the logs: one document; some were resumed, and a log beside it holds all of it and more."""

    def write(self, size):
        path = self.writer.place(self.scene, self.id)
        records = [self.context()]
        for turn in self.scene.turns(self.id, size * 0.85):
            records.append(self.said(turn))
            records += [self.answer(step)[1] for step in turn.steps]
        older = path.with_suffix(".json")
        found = self.header(messages=records)
        older.write_text(json.dumps(found, indent=2, ensure_ascii=False), encoding="utf-8")
        stamp(older, self.scene.at)
        size = older.stat().st_size
        self.truth.trap("older documents")
        if self.scene.number % 20 == 17:
            size += self._resumed(path, records)
        self.count()
        return size

    def _resumed(self, path, records):
        out = Lines(path)
        out.add(ENCODE(self.header(kind="main")))
        for record in records:
            out.add(ENCODE(record))
        turn = next(self.scene.turns(self.id, 4_000))
        out.add(ENCODE(self.said(turn)))
        for step in turn.steps:
            out.add(ENCODE(self.answer(step)[1]))
        out.close(self.scene.at)
        self.truth.trap("documents with a log beside")
        return out.size
