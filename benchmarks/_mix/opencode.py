"""OpenCode: a database of 2.0 with its stale older tables, one of 1.18, and the JSON tree before them."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter

from _mix.files import stamp
from _mix.opencode_places import NEWER, OLDER, Files, Rows, insert
from _mix.script import Scene
from _mix.truth import Tokens
from _mix.words import ENCODE

SLUG = "opencode"
MODELS = (
    ("anthropic", "claude-sonnet-4-5", 3.0), ("anthropic", "claude-sonnet-4-5", 3.0), ("openrouter", "qwen/qwen3-coder", 0.3),
    ("opencode", "kelp-code-2", 1.1), ("ollama", "gpt-oss:20b", 0.0),
)  # fmt: skip
NAMES = {"shell": "bash", "read": "read", "edit": "edit", "search": "grep"}
KEPT = 40


class Writer:
    """Writes `.local/share/opencode`."""

    def __init__(self, home, text, truth):
        self.root, self.text, self.truth, self.number, self.serial = (
            home / ".local" / "share" / "opencode",
            text,
            truth,
            0,
            0,
        )
        self.root.mkdir(parents=True, exist_ok=True)
        self.main, self.beta = self._open("opencode.db", OLDER + NEWER), self._open("opencode-beta.db", OLDER)
        self.parents, self.newest = [], 0

    def _open(self, name, schema):
        database = sqlite3.connect(self.root / name, isolation_level=None)
        database.executescript(
            f"PRAGMA journal_mode=wal; PRAGMA synchronous=off; PRAGMA page_size=4096; {schema} BEGIN;"
        )
        return database

    def session(self, size):
        """Write one session of about so many bytes into one of the generations; return how many they became."""
        self.number += 1
        scene = Scene(self.text, self.truth, self.number)
        kind = self.number % 20
        parent = scene.rng.choice(self.parents) if kind in (5, 10) and self.parents else None
        if kind in (3, 8, 13, 18):
            size = _Older(self, scene, Rows(self, self.beta)).write(size)
        elif kind == 6:
            size = _Older(self, scene, Rows(self, self.main)).write(size)
            self.truth.trap("left behind in the older tables")
        elif kind in (1, 11):
            size = _Older(self, scene, Files(self)).write(min(size, 1_200_000))
            self.truth.trap("sessions of the tree")
        else:
            size = _Newer(self, scene, parent).write(size)
        for database in (self.main, self.beta):
            database.execute("COMMIT")
            database.execute("BEGIN")
        self.newest = max(self.newest, scene.at)
        return size

    def close(self):
        """Close the databases, which takes their logs into them."""
        for database in (self.main, self.beta):
            database.execute("COMMIT")
            database.close()
        for path in self.root.glob("*.db"):
            stamp(path, self.newest)

    def name(self, kind, at):
        """Return an id that sorts by time."""
        self.serial += 1
        return f"{kind}_{at:012x}{self.serial:08x}"


class _Session:
    """What both generations share: who it is, what was used, what counts."""

    def __init__(self, writer, scene, parent=None):
        self.writer, self.scene, self.rng, self.truth, self.parent = writer, scene, scene.rng, writer.truth, parent
        if parent:
            scene.at = max(scene.at, parent["at"] + 60_000)
        self.id, self.began = writer.name("ses", scene.at), scene.at
        self.provider, self.model, self.price = self.rng.choice(MODELS)
        self.counts, self.spent, self.size, self.cost = Counter(sessions=1), Counter(), 0, 0

    def used(self):
        """Return one more request's tokens and cost as they are recorded, billed."""
        used = self.scene.tokens(apart=True)
        micro = int(
            (used.input + used.cache_read * 0.1 + used.cache_write * 1.25 + (used.output + used.reasoning) * 5)
            * self.price
        )
        used = Tokens(used.input, used.cache_read, used.cache_write, used.output, used.reasoning, 0, apart=True)
        self.truth.bill(self.model, used, cost=micro)
        self.spent.update(used._asdict())
        self.cost += micro
        cache = {"read": used.cache_read, "write": used.cache_write}
        return {
            "input": used.input,
            "output": used.output,
            "reasoning": used.reasoning,
            "cache": cache,
        }, micro / 1_000_000

    def row(self, **more):
        """Return the session's row."""
        spent = self.spent
        return {
            "id": self.id, "project_id": "global", "slug": self.id[-8:], "directory": self.scene.cwd,
            "title": self.scene.text.prose(5),
            "cost": self.cost / 1_000_000, "tokens_input": spent["input"],
            "tokens_output": spent["output"],
            "tokens_reasoning": spent["reasoning"],
            "tokens_cache_read": spent["cache_read"], "tokens_cache_write": spent["cache_write"],
            "agent": "build", "model": ENCODE({"id": self.model, "providerID": self.provider}),
            "time_created": self.began, "time_updated": self.scene.at, **more,
        }  # fmt: skip

    def state(self, step):
        """Return how a tool's call stands."""
        code = int(step.failed and step.tool == "shell")
        given = (
            {"command": step.command, "description": "Run it"}
            if step.tool == "shell"
            else {"filePath": step.path, "pattern": step.command}
        )
        state = {"status": "completed", "input": given, "title": step.command, "metadata": {"exit": code}}
        return {**state, "time": {"start": self.scene.at, "end": self.scene.at + 200}}


class _Newer(_Session):
    def write(self, size, *, above=""):
        self.above, self.seq = above, 0
        if self.parent:
            self._copy()
        ends = []
        for turn in self.scene.turns(self.id, size * 0.9):
            self._turn(turn)
            ends.append((self.seq, self.counts.copy()))
            if above:
                break
            self._after()
        number = self.scene.number
        if number % 7 == 6:
            self._odd()
        fork = {"fork_session_id": self.parent["id"]} if self.parent else {}
        row = self.row(version="2.0.12", parent_id=above or None, **fork)
        insert(self.writer.main, "session_v2", row)
        self.truth.add(**self.counts)
        if number % 5 == 2 and not above:
            self._stale(row, Rows(self.writer, self.writer.main), "stale in the older tables")
        if number % 15 == 4 and not above:
            self._stale(row, Files(self.writer), "stale in the tree")
        if not self.parent and not above and number % 7 != 6:
            self.writer.parents = [*self.writer.parents[-KEPT:], {"id": self.id, "ends": ends, "at": self.scene.at}]
        return self.size

    def _add(self, kind, data, *, at=0):
        at = at or self.scene.tick(200, 4_000)
        text = data if isinstance(data, str) else ENCODE({"time": {"created": at}, **data})
        row = (self.writer.name("msg", at), self.id, kind, self.seq, at, at, text)
        self.writer.main.execute("INSERT INTO session_message VALUES (?,?,?,?,?,?,?)", row)
        self.seq += 1
        self.size += len(text.encode()) + 80
        return row[0]

    def _copy(self):
        """Begin as a fork: the parent's rows under new ids, with their times."""
        last, counts = self.rng.choice(self.parent["ends"])
        ask = "SELECT type, time_created, data FROM session_message WHERE session_id = ? AND seq < ? ORDER BY seq"
        for kind, at, data in self.writer.main.execute(ask, (self.parent["id"], last)).fetchall():
            self._add(kind, data, at=at)
        self.counts = counts.copy()
        self.truth.copied(self.parent["id"], self.id)
        self.truth.trap("forks under new ids")

    def _turn(self, turn):
        self._add("user", {"text": turn.prompt})
        self.counts.update(prompts=1, messages=1)
        for step in turn.steps:
            content = [{"type": "reasoning", "text": step.thinking}] if step.thinking else []
            content += [{"type": "text", "text": step.said}] if step.said else []
            content += [self._tool(one) for one in step.calls]
            tokens, cost = self.used()
            at = self.scene.tick(300, 4_000)
            model = {"id": self.model, "providerID": self.provider}
            finish = "tool-calls" if step.tool else "stop"
            time = {"created": at, "completed": self.scene.tick(300, 9_000)}
            data = {
                "time": time,
                "agent": "build",
                "model": model,
                "content": content,
                "tokens": tokens,
                "cost": cost,
                "finish": finish,
            }
            self._add("assistant", data, at=at)
            self.counts.update(messages=1, tool_calls=len(step.calls))
            if step.tool and self.rng.random() < 0.015 and not self.above:
                self._spawn()
        self._add("idle", {"outcome": "succeeded"})

    def _tool(self, step):
        state = self.state(step) | {"content": [{"type": "text", "text": step.output}]}
        return {"type": "tool", "id": f"call_{self.rng.getrandbits(64):016x}", "name": NAMES[step.tool], "state": state}

    def _spawn(self):
        scene = Scene(self.scene.text, self.truth, self.scene.number)
        scene.at, scene.cwd = self.scene.at, self.scene.cwd
        self.size += _Newer(self.writer, scene).write(20_000, above=self.id)
        self.truth.trap("children")

    def _after(self):
        kind = self.rng.random()
        if kind < 0.04:
            tokens, cost = self.used()
            model = {"id": self.model, "providerID": self.provider}
            summary = {"status": "completed", "reason": "auto", "summary": self.scene.text.prose(120), "model": model}
            at = self.scene.tick(300, 4_000)
            self._add("compaction", {"time": {"created": at}, **summary, "tokens": tokens, "cost": cost}, at=at)
            self.scene.context = 8_000
            self.truth.trap("compactions")
        elif kind < 0.08:
            self._add("shell", {"command": "git status", "exit": 0, "output": self.scene.text.printed(300)})
            self.counts.update(tool_calls=1)
        elif kind < 0.12:
            self._add("model-switched", {"model": {"id": self.model, "providerID": self.provider}})

    def _odd(self):
        self._add("hologram", {"depth": 3})
        self._add("assistant", '{"time":{"created":17')
        self.counts.update(unknown_records=1, damaged_lines=1)

    def _stale(self, row, rows, trap):
        """Leave a part of the session in an older place, as the upgrades do: it must not be added."""
        ask = "SELECT id, type, time_created, data FROM session_message WHERE session_id = ? AND type IN ('user', 'assistant') "
        ask += "ORDER BY seq LIMIT 6"
        rows.session({k: v for k, v in row.items() if k != "fork_session_id"} | {"version": "1.18.3"})
        for name, kind, at, data in self.writer.main.execute(ask, (self.id,)).fetchall():
            found = json.loads(data) if data.endswith("}") else {}
            told = {k: found[k] for k in ("tokens", "cost", "time", "finish") if k in found}
            rows.message(self.id, name, {"role": kind, "modelID": self.model, "providerID": self.provider, **told}, at)
            said = found.get("text") or next((c["text"] for c in found.get("content", ()) if c.get("text")), "")
            rows.part(self.id, name, {"type": "text", "text": said}, at)
        self.truth.trap(trap)


class _Older(_Session):
    """Messages with parts; `into` says whether they are rows or files."""

    def __init__(self, writer, scene, into):
        super().__init__(writer, scene)
        self.into, self.above = into, ""

    def write(self, size, *, above=""):
        self.above, revert = above, None
        for turn in self.scene.turns(self.id, size * 0.85):
            self._turn(turn)
            if above:
                break
            self._after()
        if self.rng.random() < 0.3 and not above:
            revert = self._reverted()
        if self.scene.number % 7 == 6:
            self._odd()
        version = "1.0.220" if isinstance(self.into, Files) else "1.18.3"
        self.into.session(self.row(version=version, parent_id=above or None, **({"revert": revert} if revert else {})))
        self.truth.add(**self.counts)
        return self.size

    def _message(self, role, parts, *, at, **data):
        name = self.writer.name("msg", at)
        data = {"role": role, "time": {"created": at}, **data}
        self.size += self.into.message(self.id, name, data, at)
        for part in parts:
            self.size += self.into.part(self.id, name, part, at)
        return name

    def _turn(self, turn):
        name = self._message("user", [{"type": "text", "text": turn.prompt}], at=self.scene.tick(300, 4_000))
        self.counts.update(prompts=1, messages=1)
        if isinstance(self.into, Files) and len(turn.steps) > 1 and self.rng.random() < 0.4:
            self._at_once(turn)
            return name
        for step in turn.steps:
            tokens, cost = self.used()
            at = self.scene.tick(300, 4_000)
            finish = {"type": "step-finish", "reason": "stop", "tokens": tokens, "cost": cost}
            self._answer([{"type": "step-start"}, *self._parts(step), finish], tokens, cost, at)
            if step.tool and self.rng.random() < 0.015 and not self.above:
                self._spawn()
        return name

    def _at_once(self, turn):
        """Write several requests as the steps of one message; its own tokens are those of the last."""
        parts, costs, at, tokens = [], 0, self.scene.tick(300, 4_000), {}
        for step in turn.steps:
            tokens, cost = self.used()
            costs += cost
            parts += [
                {"type": "step-start"},
                *self._parts(step),
                {"type": "step-finish", "tokens": tokens, "cost": cost},
            ]
        self._answer(parts, tokens, costs, at)
        self.truth.trap("several steps in one message")

    def _answer(self, parts, tokens, cost, at, **more):
        self._message(
            "assistant", parts, at=at, modelID=self.model, providerID=self.provider, tokens=tokens, cost=cost,
            path={"cwd": self.scene.cwd, "root": self.scene.cwd}, **more,
        )  # fmt: skip
        if not more:
            self.counts.update(messages=1, tool_calls=sum(p["type"] == "tool" for p in parts))

    def _parts(self, step):
        if step.thinking:
            yield {"type": "reasoning", "text": step.thinking}
        if step.said:
            yield {"type": "text", "text": step.said}
        for one in step.calls:
            call, state = f"call_{self.rng.getrandbits(64):016x}", self.state(one) | {"output": one.output}
            yield {"type": "tool", "tool": NAMES[one.tool], "callID": call, "state": state}

    def _spawn(self):
        scene = Scene(self.scene.text, self.truth, self.scene.number)
        scene.at, scene.cwd = self.scene.at, self.scene.cwd
        self.size += _Older(self.writer, scene, self.into).write(20_000, above=self.id)
        self.truth.trap("children")

    def _after(self):
        if self.rng.random() < 0.04:
            tokens, cost = self.used()
            said = [{"type": "text", "text": self.scene.text.prose(100)}]
            self._answer(said, tokens, cost, self.scene.tick(300, 4_000), summary=True)
            self.truth.trap("compactions")

    def _reverted(self):
        """Add a turn that is billed and reverted."""
        said = f"{self.scene.text.prose(12)} {self.scene.plant('rewound', self.id)}".strip()
        turn = next(self.scene.turns(self.id, 3_000))
        before = self.counts.copy()
        name = self._turn(turn._replace(prompt=said, steps=turn.steps[-1:]))
        self.counts = before
        self.truth.trap("reverted turns")
        return {"messageID": name}

    def _odd(self):
        at = self.scene.tick(1, 9)
        self._message("user", [{"type": "hologram", "depth": 3}], at=at)
        self.into.damaged(self.id, self.writer.name("msg", at), at)
        self.counts.update(unknown_records=1, damaged_lines=1)
