"""Codex's rollouts: running totals that repeat, forks that copy history, three ways to write what was said."""

from __future__ import annotations

import datetime as dt
import json
from base64 import b64encode
from collections import Counter

from _mix.files import Lines, packed, stamp
from _mix.script import Scene, iso, uuid4, uuid7
from _mix.words import ENCODE

SLUG = "codex"
MODELS = ("gpt-5-codex",) * 3 + ("gpt-5.2-codex",) * 5 + ("gpt-5-mini",)
UNPRICED = "gpt-zephyr-12-codex"
KEPT = 40
COUNTED = ("prompts", "messages", "tool_calls")
WINDOW = 258_400


class Writer:
    """Writes `.codex`."""

    def __init__(self, home, text, truth):
        self.root, self.text, self.truth, self.number = home / ".codex", text, truth, 0
        self.parents = []

    def session(self, size):
        """Write one rollout of about so many bytes, with its sub-agents; return how many they became."""
        self.number += 1
        scene = Scene(self.text, self.truth, self.number)
        if self.number % 12 == 11:
            return _Bare(self, scene).write(size)
        forks = [p for p in self.parents if p["fork"]] if self.number % 16 == 13 else []
        parent = scene.rng.choice(forks or self.parents) if self.number % 8 == 5 and self.parents else None
        return _Rollout(self, scene, parent=parent).write(size)

    def close(self):
        """Nothing is left to write."""

    def place(self, native, at, *, archived=False):
        """Return the path of a rollout."""
        day = dt.datetime.fromtimestamp(at / 1000, dt.UTC)
        name = f"rollout-{day:%Y-%m-%dT%H-%M-%S}-{native}.jsonl"
        return self.root / ("archived_sessions" if archived else f"sessions/{day:%Y/%m/%d}") / name


class _Rollout:
    def __init__(self, writer, scene, *, parent=None, spawned_by=""):
        self.writer, self.scene, self.rng, self.truth = writer, scene, scene.rng, writer.truth
        self.parent, self.spawned_by, self.paginated = parent, spawned_by, scene.number % 2 == 0
        if parent and not spawned_by:
            scene.at = max(scene.at, parent["at"] + 60_000)
        self.id = uuid7(self.rng, scene.tick(1, 2))
        self.began = scene.at
        self.totals_only = scene.number % 9 == 1 and parent is None
        self.model = UNPRICED if scene.number % 19 == 18 else self.rng.choice(MODELS)
        self.total, self.last, self.turn_id, self.ordinal = Counter(), None, "", 0
        self.counts, self.below, self.stood, self.torn = Counter(), 0, [], False

    def write(self, size):
        number = self.scene.number
        self.out = Lines(self.writer.place(self.id, self.began, archived=number % 13 == 4 and not self.parent))
        self.truth.add(sessions=1)
        self._meta()
        if self.parent:
            self._copy()
        ends = []
        for turn in self.scene.turns(self.id, size * 0.85):
            self._turn(turn)
            ends.append((self.out.size, self.total.copy(), self.last))
            self._after(turn)
            if self.spawned_by:
                break
        odd = number % 7 == 6
        if odd:
            self._odd()
        self.out.close(self.scene.at)
        self.truth.add(**self.counts)
        if number % 11 == 3 and not self.parent:
            self._pack(keep=number % 2 == 0)
        elif not odd and not self.spawned_by and self.out.size < 4_000_000:
            found = {
                "path": self.out.path,
                "id": self.id,
                "ends": ends,
                "counts": self.counts,
                "whole": (self.out.size, self.total.copy(), self.last),
                "at": self.scene.at,
                "fork": bool(self.parent),
            }
            self.writer.parents = [*self.writer.parents[-KEPT:], found]
        return self.out.size + self.below

    def _put(self, kind, payload, *, at=None):
        line = {
            "timestamp": iso(at or self.scene.tick(1, 900)),
            **({"ordinal": self.ordinal} if self.paginated else {}),
        }
        self.ordinal += 1
        self.out.add(ENCODE({**line, "type": kind, "payload": payload}))

    def _meta(self):
        parent = self.parent["id"] if self.parent else ""
        spawn = {"subagent": {"thread_spawn": {"parent_thread_id": self.spawned_by, "depth": 1}}}
        self._put("session_meta", {
            "id": self.id, "timestamp": iso(self.began), "cwd": self.scene.cwd, "originator": "codex-tui",
            "cli_version": "0.147.0" if self.paginated else "0.118.0", "source": spawn if self.spawned_by else "cli",
            "model_provider": "openai", "base_instructions": {"text": self.scene.text.prose(900)},
            "git": {"branch": "main", "commit_hash": self.scene.text.hashes[0]},
            **({"forked_from_id": parent} if parent else {}), **({"parent_thread_id": self.spawned_by} if self.spawned_by else {}),
            **({"history_mode": "paginated"} if self.paginated else {}),
        })  # fmt: skip

    def _copy(self):
        """Copy the parent's history up to the end of a turn, with the time of now; its totals go on."""
        lost = self.scene.number % 32 == 21 and not self.parent["fork"] and not self.spawned_by
        size, self.total, self.last = self.parent["whole"] if lost else self.rng.choice(self.parent["ends"])
        self.total, now = self.total.copy(), iso(self.scene.at)
        with self.parent["path"].open("rb") as stream:
            for line in stream.read(size).splitlines():
                self.out.add(ENCODE(json.loads(line) | {"timestamp": now}))
        self.truth.copied(self.parent["id"], self.id)
        kind = "forks of forks" if self.parent["fork"] else "forks that copy history"
        if lost:
            self.parent["path"].unlink()
            self.writer.parents.remove(self.parent)
            self.truth.gone(self.parent["id"], self.parent["counts"])
            self.truth.trap("forks of lost rollouts")
        self.truth.trap("sub-agents with copied history" if self.spawned_by else kind)

    def _turn(self, turn):
        rng, before = self.rng, self.counts.copy()
        self.turn_id = uuid7(rng, self.scene.tick(2_000, 900_000))
        started = {"turn_id": self.turn_id, "started_at": self.scene.at // 1000, "model_context_window": WINDOW}
        self._put("event_msg", {"type": "task_started", **started})
        if not self.stood:
            self._message("developer", "<permissions instructions>\nsandboxed\n</permissions instructions>")
            self._message("user", f"<environment_context>\n<cwd>{self.scene.cwd}</cwd>\n</environment_context>")
        self._put(
            "turn_context",
            {"turn_id": self.turn_id, "cwd": self.scene.cwd, "model": self.model, "approval_policy": "on-request"},
        )
        self._message("user", turn.prompt)
        self._event("user", turn.prompt)
        self.counts.update(prompts=1, messages=1)
        self._tokens(None)
        for step in turn.steps:
            self._step(step)
        self._put(
            "event_msg", {"type": "task_complete", "turn_id": self.turn_id, "last_agent_message": turn.steps[-1].said}
        )
        self.stood.append({n: self.counts[n] - before[n] for n in COUNTED})

    def _message(self, role, said):
        kind = "output_text" if role == "assistant" else "input_text"
        self._put("response_item", {"type": "message", "role": role, "content": [{"type": kind, "text": said}]})

    def _event(self, role, said):
        if self.paginated:
            kind, inner = ("UserMessage", "text") if role == "user" else ("AgentMessage", "Text")
            item = {"type": kind, "id": uuid4(self.rng), "content": [{"type": inner, "text": said}]}
            self._put(
                "event_msg", {"type": "item_completed", "thread_id": self.id, "turn_id": self.turn_id, "item": item}
            )
        else:
            self._put("event_msg", {"type": f"{'user' if role == 'user' else 'agent'}_message", "message": said})

    def _step(self, step):
        rng = self.rng
        if step.thinking or rng.random() < 0.5:
            summary = [{"type": "summary_text", "text": step.thinking}] if step.thinking else []
            if step.thinking and not self.paginated:
                self._put("event_msg", {"type": "agent_reasoning", "text": step.thinking})
            sealed = b64encode(rng.randbytes(rng.randint(200, 900))).decode()
            self._put("response_item", {"type": "reasoning", "summary": summary, "encrypted_content": sealed})
        if step.said:
            self._event("assistant", step.said)
            self._message("assistant", step.said)
        calls = [(f"call_{rng.getrandbits(96):024x}", one) for one in step.calls]
        for call, one in calls:
            self._call(one, call)
        self._request()
        self.counts.update(messages=1, tool_calls=len(calls))
        for call, one in calls:
            self._output(one, call)
        if step.tool and rng.random() < 0.02 and not self.spawned_by:
            self._spawn()

    def _call(self, step, call):
        if step.tool == "edit":
            patch = f"*** Begin Patch\n*** Update File: {step.path}\n{step.output[:600]}\n*** End Patch"
            self._put(
                "response_item", {"type": "custom_tool_call", "name": "apply_patch", "input": patch, "call_id": call}
            )
        else:
            given = ENCODE({"cmd": step.command, "workdir": self.scene.cwd, "path": step.path})
            self._put(
                "response_item", {"type": "function_call", "name": "exec_command", "arguments": given, "call_id": call}
            )

    def _output(self, step, call):
        code = 1 if step.failed else 0
        if self.paginated:
            output = f"Chunk ID: 4f\nWall time: 0.2 seconds\nProcess exited with code {code}\nOutput:\n{step.output}"
        else:
            output = ENCODE({"output": step.output, "metadata": {"exit_code": code, "duration_seconds": 0.2}})
            self._put(
                "event_msg", {"type": "exec_command_end", "call_id": call, "exit_code": code, "command": [step.command]}
            )
        kind = "custom_tool_call_output" if step.tool == "edit" else "function_call_output"
        self._put("response_item", {"type": kind, "call_id": call, "output": output})

    def _request(self):
        used = self.scene.tokens(written=False)
        written = used.input // 3 if self.scene.number % 14 == 2 else 0
        used = used._replace(input=used.input - written, cache_write=written)
        self.truth.bill(self.model, used)
        spent = {
            "input_tokens": used.prompt, "cached_input_tokens": used.cache_read, "cache_write_input_tokens": written,
            "output_tokens": used.output, "reasoning_output_tokens": used.reasoning, "total_tokens": used.prompt + used.output,
        }  # fmt: skip
        self.total.update(spent)
        self.last = spent
        self._tokens(spent)
        if self.totals_only:
            self.truth.trap("totals alone")
        if self.rng.random() < 0.1:
            self._tokens(spent)
            self.truth.trap("totals that repeat")

    def _tokens(self, last):
        """Write the running total; without `last` the refresh of rate limits that begins each turn."""
        info = {"total_token_usage": dict(self.total), "model_context_window": WINDOW}
        info |= {} if self.totals_only else {"last_token_usage": last or self.last}
        limits = {"primary": {"used_percent": 14.0, "window_minutes": 300}, "plan_type": "plus"}
        self._put("event_msg", {"type": "token_count", "info": info if self.last else None, "rate_limits": limits})

    def _after(self, turn):
        """Roll the turn back, compact, or name the thread."""
        kind = self.rng.random()
        if kind < 0.05 and len(self.stood) > 1:
            said = f"{self.scene.text.prose(12)} {self.scene.plant('rewound', self.id)}".strip()
            self._turn(turn._replace(prompt=said, steps=turn.steps[-1:]))
            self.counts.subtract(self.stood.pop())
            self._put("event_msg", {"type": "thread_rolled_back", "num_turns": 1})
            self.truth.trap("turns rolled back")
        elif kind < 0.08:
            said = "" if self.paginated else self.scene.text.prose(120)
            history = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": turn.prompt}]}]
            self._put("compacted", {"message": said, "replacement_history": history})
            none = dict.fromkeys(self.last, 0)
            self._tokens(none | {"total_tokens": 5_780})
            self._put("event_msg", {"type": "context_compacted"})
            self.scene.context = 5_780
            self.truth.trap("compactions")
        elif kind < 0.12:
            self._put("event_msg", {"type": "thread_name_updated", "thread_name": self.scene.text.prose(5)})

    def _spawn(self):
        """Let a sub-agent work in a rollout of its own, now and then with a copy of what was said so far."""
        scene = Scene(self.scene.text, self.truth, self.scene.number)
        scene.at, scene.cwd = self.scene.at, self.scene.cwd
        old = next((p for p in reversed(self.writer.parents) if p["at"] < scene.at), None)
        child = _Rollout(
            self.writer,
            scene,
            parent=old if self.rng.random() < 0.3 else None,
            spawned_by=old["id"] if old else self.id,
        )
        self.below += child.write(20_000)
        self.scene.at = scene.at
        self.truth.trap("sub-agents' rollouts")

    def _odd(self):
        self._put("holographic_state", {"depth": 3})
        self._put("event_msg", {"type": "aura_changed", "colour": "violet"})
        self._put("response_item", {"type": "hologram", "data": "x"})
        self.out.add(
            '{"timestamp":"2026-11-01T10:00:00.000Z","type":"event_msg","payload":{"type":"token_count","info":{"total'
        )
        self.truth.add(unknown_records=3, damaged_lines=1)
        if self.scene.number % 2:
            self.out.tear('{"timestamp":"2026-11-01T10:00:01.000Z","type":"event_msg","payload":{"type":"token_cou')
            self.torn = True
            self.truth.trap("torn last lines")

    def _pack(self, *, keep):
        """Pack an old rollout; where the plain one is there too, the plain one counts."""
        path = self.out.path
        other = path.with_name(path.name + ".zst")
        other.write_bytes(packed(path.read_bytes()[: self.out.size // 2 if keep else None]))
        stamp(other, self.scene.at)
        self.truth.trap("packed and plain" if keep else "packed")
        if keep:
            return
        path.unlink()
        if self.torn:  # nobody goes on writing a packed rollout: its last line is lost
            self.truth.add(damaged_lines=1)


class _Bare:
    """A rollout from before 0.3x: no envelope, no times, no usage."""

    def __init__(self, writer, scene):
        self.writer, self.scene, self.id = writer, scene, uuid4(scene.rng)

    def write(self, size):
        at = self.scene.at
        out, truth = Lines(self.writer.place(self.id, at)), self.writer.truth
        out.add(
            ENCODE(
                {
                    "id": self.id,
                    "timestamp": iso(at),
                    "instructions": self.scene.text.prose(200),
                    "git": {"branch": "main"},
                }
            )
        )
        counts = Counter(sessions=1)
        for turn in self.scene.turns(self.id, min(size, 200_000) * 0.85):
            out.add('{"record_type":"state"}')
            out.add(
                ENCODE(
                    {
                        "type": "message",
                        "id": None,
                        "role": "user",
                        "content": [{"type": "input_text", "text": turn.prompt}],
                    }
                )
            )
            counts.update(prompts=1, messages=1)
            for step in turn.steps:
                self._step(step, out)
                counts.update(messages=1, tool_calls=len(step.calls))
        out.close(at)
        truth.add(**counts)
        truth.without_usage.append(self.id)
        truth.trap("rollouts without envelope")
        return out.size

    def _step(self, step, out):
        if step.said:
            content = [{"type": "output_text", "text": step.said}]
            out.add(ENCODE({"type": "message", "id": None, "role": "assistant", "content": content}))
        calls = [(f"call_{self.scene.rng.getrandbits(96):024x}", one) for one in step.calls]
        for call, one in calls:
            given = ENCODE({"command": ["bash", "-lc", one.command]})
            out.add(ENCODE({"type": "function_call", "id": None, "name": "shell", "arguments": given, "call_id": call}))
        for call, one in calls:
            found = ENCODE({"output": one.output, "metadata": {"exit_code": int(one.failed)}})
            out.add(ENCODE({"type": "function_call_output", "call_id": call, "output": found}))
