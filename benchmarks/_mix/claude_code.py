"""Claude Code's transcripts: streamed answers, resumed copies, side chains and sub-agents' files."""

from __future__ import annotations

import json
from base64 import b64encode

from _mix.files import BAD_BYTE, Lines
from _mix.script import Scene, iso, uuid4
from _mix.words import ENCODE

SLUG = "claude-code"
MODELS = ("claude-sonnet-4-5-20250929",) * 5 + ("claude-opus-4-5-20251101",) * 3 + ("claude-haiku-4-5-20251001",)
UNPRICED = "claude-borealis-11-20261101"
NAMES = {"shell": "Bash", "read": "Read", "edit": "Edit", "search": "Grep"}
KEPT = 40


class Writer:
    """Writes `.claude/projects`."""

    def __init__(self, home, text, truth):
        self.root, self.text, self.truth, self.number = home / ".claude" / "projects", text, truth, 0
        self.parents = []

    def session(self, size):
        """Write one session of about so many bytes; return how many they became."""
        self.number += 1
        scene = Scene(self.text, self.truth, self.number)
        parent = scene.rng.choice(self.parents) if self.number % 9 == 5 and self.parents else None
        return _Session(self, scene, parent).write(size)

    def close(self):
        """Nothing is left to write."""


class _Session:
    def __init__(self, writer, scene, parent):
        self.writer, self.scene, self.parent, self.rng = writer, scene, parent, scene.rng
        self.truth, self.id = writer.truth, uuid4(scene.rng)
        if parent:
            scene.cwd, scene.at = parent["cwd"], max(scene.at, parent["at"] + 60_000)
        self.folder = writer.root / "".join(c if c.isalnum() and c.isascii() else "-" for c in scene.cwd)
        self.old = scene.number % 6 == 4
        self.version = f"{'2.0' if self.old else '2.1'}.{scene.rng.randint(0, 160)}"
        self.model = UNPRICED if scene.number % 17 == 16 else scene.rng.choice(MODELS)
        self.last, self.counts, self.sub = None, {"prompts": 0, "messages": 0, "tool_calls": 0}, 0

    def write(self, size):
        out = self.out = Lines(self.folder / f"{self.id}.jsonl")
        self.truth.add(sessions=1)
        ends = self._copy() if self.parent else []
        for turn in self.scene.turns(self.id, size * 0.72):
            self._turn(turn)
            ends.append((out.size, dict(self.counts), self.last))
        odd = self.scene.number % 7 == 6
        self._tail(odd=odd)
        self.truth.add(**self.counts)
        out.close(self.scene.at)
        if not odd and not self.parent and out.size < 4_000_000:
            found = {
                "path": out.path,
                "id": self.id,
                "ends": ends,
                "counts": self.counts,
                "cwd": self.scene.cwd,
                "at": self.scene.at,
            }
            self.writer.parents = [*self.writer.parents[-KEPT:], found]
        return out.size + self.sub

    def _copy(self):
        """Begin as a resumed session does: the parent's records with another session id."""
        parent = self.parent
        lost = self.scene.number % 27 == 14
        size, counts, self.last = parent["ends"][-1] if lost else self.rng.choice(parent["ends"])
        with parent["path"].open("rb") as stream:
            for line in stream.read(size).splitlines():
                record = json.loads(line)
                if "uuid" in record:
                    self.out.add(ENCODE(record | {"sessionId": self.id}))
        self.counts = dict(counts)
        self.truth.copied(parent["id"], self.id)
        self.truth.trap("resumed copies of lost sessions" if lost else "resumed copies")
        if lost:
            parent["path"].unlink()
            self.writer.parents.remove(parent)
            self.truth.gone(parent["id"], parent["counts"], heir=self.id)
        return [(self.out.size, dict(counts), self.last)]

    def _turn(self, turn):
        rng = self.rng
        if rng.random() < 0.08:
            found = {"type": "queued_command", "prompt": turn.prompt}
            self._put({"type": "attachment", "attachment": found})
            self.truth.trap("queued prompts")
        else:
            content = turn.prompt if rng.random() < 0.7 else [{"type": "text", "text": turn.prompt}]
            self._put({"type": "user", "message": {"role": "user", "content": content}, "permissionMode": "default"})
        self._count(prompts=1, messages=1)
        for step in turn.steps:
            self._step(step, self.out)
            if rng.random() < 0.05:
                self._put({"type": "progress", "data": {"type": "bash_progress", "output": self.scene.text.prose(9)}})
            if step.tool and rng.random() < 0.02:
                self._side()
        if rng.random() < 0.03:
            self._synthetic()
        if rng.random() < 0.03:
            self._compact()
        self.scene.tick(20_000, 2_000_000)

    def _count(self, **counts):
        for name, number in counts.items():
            self.counts[name] += number

    def _put(self, record, *, out=None, side="", session=None):
        rng = self.rng
        envelope = {
            "parentUuid": self.last, "isSidechain": bool(side), "userType": "external", "cwd": self.scene.cwd,
            "sessionId": session or self.id, "version": self.version, "gitBranch": "main",
            **({"agentId": side} if side and side != "inline" else {}), **record,
            "uuid": uuid4(rng), "timestamp": iso(self.scene.tick(40, 3_000)),
        }  # fmt: skip
        (out or self.out).add(ENCODE(envelope))
        self.last = envelope["uuid"]

    def _step(self, step, out, *, side="", model=""):
        rng, model = self.rng, model or self.model
        used = self.scene.tokens()._replace(reasoning=0)
        self.truth.bill(model, used)
        calls = [(f"toolu_{rng.getrandbits(96):024x}", one) for one in step.calls]
        blocks = (
            [{"type": "thinking", "thinking": step.thinking, "signature": b64encode(rng.randbytes(120)).decode()}]
            if step.thinking
            else []
        )
        blocks += [{"type": "text", "text": step.said}] if step.said else []
        blocks += [{"type": "tool_use", "id": c, "name": NAMES[one.tool], "input": _input(one)} for c, one in calls]
        name, request = f"msg_{rng.getrandbits(96):024x}", f"req_{rng.getrandbits(96):024x}"
        early = len(blocks) > 1 and rng.random() < 0.4
        asked = []
        for place, block in enumerate(blocks):
            last = place == len(blocks) - 1
            output = used.output if last or not early else 1 + used.output * place // (len(blocks) + 2)
            message = {
                "model": model, "id": name, "type": "message", "role": "assistant", "content": [block],
                "stop_reason": ("tool_use" if step.tool else "end_turn") if last else None, "usage": _usage(used, output),
            }  # fmt: skip
            self._put({"type": "assistant", "message": message, "requestId": request}, out=out, side=side)
            asked += [self.last] if block["type"] == "tool_use" else []
        if len(blocks) > 1:
            self.truth.trap("streamed duplicates")
        if not side or side == "inline":
            self._count(messages=1, tool_calls=len(calls))
        for (call, one), self.last in zip(calls, asked, strict=True):
            self._result(one, call, out=out, side=side)

    def _result(self, step, call, *, out, side):
        block = {"tool_use_id": call, "type": "tool_result", "content": step.output} | (
            {"is_error": True} if step.failed else {}
        )
        found = (
            {"stdout": step.output, "stderr": "", "interrupted": False}
            if step.tool == "shell"
            else {"filePath": step.path}
        )
        self._put(
            {"type": "user", "message": {"role": "user", "content": [block]}, "toolUseResult": found},
            out=out,
            side=side,
        )

    def _side(self):
        """Let a sub-agent work: in a file of its own, in the older place, or (older still) in the same file."""
        kept, rng = self.last, self.rng
        agent = "inline" if self.scene.number % 12 == 4 else f"{rng.getrandbits(64):016x}"
        below = self.folder / self.id / "subagents" / f"agent-{agent}.jsonl"
        path = self.folder / f"agent-{agent}.jsonl" if self.old else below
        native = f"agent-{agent}" if self.old else f"{self.id}/agent-{agent}"
        out = self.out if agent == "inline" else Lines(path)
        self.truth.trap("side chains in the file" if agent == "inline" else "sub-agents' files")
        self.last = None
        turn = next(self.scene.turns(self.id if agent == "inline" else native, 20_000))
        self._put({"type": "user", "message": {"role": "user", "content": turn.prompt}}, out=out, side=agent)
        steps = (*turn.steps[:5], turn.steps[-1])
        for one in steps:
            self._step(one, out, side=agent, model="claude-haiku-4-5-20251001")
        if agent == "inline":
            self._count(prompts=1, messages=1)
        else:
            calls = sum(len(s.calls) for s in steps)
            self.truth.add(sessions=1, prompts=1, messages=1 + len(steps), tool_calls=calls)
            self.sub += out.size
            out.close(self.scene.at)
        self.last = kept

    def _synthetic(self):
        message = {
            "model": "<synthetic>", "id": uuid4(self.rng), "type": "message", "role": "assistant", "stop_reason": "stop_sequence",
            "content": [{"type": "text", "text": "API Error: 529 overloaded"}], "usage": {"input_tokens": 0, "output_tokens": 0},
        }  # fmt: skip
        self._put({"type": "assistant", "message": message, "isApiErrorMessage": True})
        self._count(messages=1)
        self.truth.trap("synthetic answers")

    def _compact(self):
        found = {"trigger": "auto", "preTokens": self.scene.context, "postTokens": 9_000}
        self._put(
            {
                "type": "system",
                "subtype": "compact_boundary",
                "content": "Conversation compacted",
                "compactMetadata": found,
            }
        )
        summary = {"role": "user", "content": f"This session is being continued. {self.scene.text.prose(150)}"}
        self._put({"type": "user", "message": summary, "isCompactSummary": True, "isVisibleInTranscriptOnly": True})
        self.scene.context = 9_000
        self.truth.trap("compactions")

    def _tail(self, *, odd):
        self.out.add(ENCODE({"type": "summary", "summary": self.scene.text.prose(6), "leafUuid": self.last}))
        if not odd:
            return
        self._put({"type": "holographic-state", "payload": {"depth": 3}})
        self._put({"type": "system", "subtype": "local_command", "content": f"no text: {BAD_BYTE}"})
        self.out.add(
            '{"type":"user","uuid":"11111111-1111-4111-8111-111111111111","message":{"role":"user","content":"cut\x00 here}'
        )
        self.truth.add(unknown_records=1, damaged_lines=1)
        if self.scene.number % 2:
            self.out.tear(
                '{"parentUuid":null,"type":"assistant","message":{"id":"msg_torn","usage":{"output_tokens":12'
            )
            self.truth.trap("torn last lines")


def _usage(used, output):
    return {
        "input_tokens": used.input, "cache_creation_input_tokens": used.cache_write, "cache_read_input_tokens": used.cache_read,
        "cache_creation": {"ephemeral_5m_input_tokens": used.cache_write - used.hour, "ephemeral_1h_input_tokens": used.hour},
        "output_tokens": output, "service_tier": "standard",
    }  # fmt: skip


def _input(step):
    if step.tool == "shell":
        return {"command": step.command, "description": "Run it"}
    if step.tool == "edit":
        return {"file_path": step.path, "old_string": step.output[:200], "new_string": step.output[200:500]}
    return {"pattern": step.command, "path": step.path} if step.tool == "search" else {"file_path": step.path}
