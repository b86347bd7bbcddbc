"""What happens in a session, whatever agent writes it down: turns of prompts, steps and tools, with words planted in them."""

from __future__ import annotations

import math
from typing import NamedTuple

from _mix.truth import Tokens

DAY = 86_400_000
END = 1_795_089_600_000
"""2026-11-19T12:00:00Z: no session ends later."""
TOOLS = ("shell", "shell", "shell", "read", "read", "edit", "search")
LARGEST = 24_000_000
PROJECTS = (
    "/home/dev/work/checkout-service", "/home/dev/work/web.frontend", "/home/dev/work/ml pipeline", "/home/dev/work/infra",
    "/home/dev/work/data-lake", "/home/dev/work/zażółć", "/home/dev/oss/monorepo/packages/core", "/home/dev/oss/compiler",
)  # fmt: skip


class Step(NamedTuple):
    """One request: what the model thought and said, and the tool it called (empty where it called none)."""

    thinking: str
    said: str
    tool: str
    path: str
    command: str
    output: str
    failed: bool
    also: tuple[Step, ...] = ()
    """Further calls of the same request, which run beside the first."""

    @property
    def calls(self):
        """Return every call of the request."""
        return (self, *self.also) if self.tool else ()


class Turn(NamedTuple):
    """A prompt and the steps that answer it, the last without a tool."""

    prompt: str
    steps: tuple[Step, ...]


class Scene:
    """One session: its project, its clock, its context that grows."""

    def __init__(self, text, truth, number):
        self.text, self.truth, self.number, rng = text, truth, number, text.rng
        self.rng = rng
        self.cwd = rng.choice(PROJECTS)
        text.scene(self.cwd)
        self.at = END - int(DAY * (1 + 110 * rng.random() ** 1.5))
        self.context = rng.randint(9_000, 16_000)
        self.planted = set()

    def tick(self, least, most):
        """Let so many milliseconds pass; return the time."""
        self.at += self.rng.randint(least, most)
        return self.at

    def turns(self, session, size):
        """Yield turns until about so many bytes of text are there; the words are planted in the first ones."""
        written = 0
        while written < size:
            turn = self._turn(session, min(size - written, 400_000))
            written += len(turn.prompt) + sum(
                len(s.thinking) + len(s.said) + 600 + sum(len(c.output) + 200 for c in s.calls) for s in turn.steps
            )
            yield turn

    def tokens(self, *, apart=False, written=True, most=170_000):
        """Return what one more request used."""
        rng = self.rng
        fresh, output = int(rng.lognormvariate(6.5, 1.0)) + 12, int(rng.lognormvariate(5.3, 1.0)) + 4
        reasoning = int(rng.lognormvariate(5.0, 1.0)) if rng.random() < 0.6 else 0
        reasoning = reasoning if apart else min(reasoning, output)
        read = self.context if rng.random() < 0.93 else 0
        self.context += fresh + output
        if self.context > most:
            self.context = rng.randint(12_000, 30_000)
        if not written:
            return Tokens(fresh, read, 0, output, reasoning, apart=apart)
        given = rng.randint(2, 9)
        return Tokens(given, read, fresh, output, reasoning, fresh if rng.random() < 0.3 else 0, apart)

    def plant(self, place, session):
        """Return what is planted here, once for each place of a session."""
        if (place, session) in self.planted:
            return ""
        self.planted.add((place, session))
        return self.truth.plant(place, session)

    def _turn(self, session, size):
        text, rng = self.text, self.rng
        prompt = f"{text.prose(rng.randint(6, 60))} {self.plant('prompt', session)}".strip()
        if rng.random() < 0.12:
            prompt += "\n\n" + text.printed(rng.randint(300, 3000))
        steps, written = [], 0
        for _ in range(min(1 + int(rng.expovariate(0.18)), 40)):
            steps.append(self._step(session))
            written += sum(len(c.output) + 800 for c in steps[-1].calls)
            if written > size:
                break
        final = text.prose(rng.randint(20, 180)) + (f"\n\n```\n{text.printed(400)}\n```" if rng.random() < 0.2 else "")
        steps.append(Step("", f"{final} {self.plant('answer', session)}".strip(), "", "", "", "", failed=False))
        return Turn(prompt, tuple(steps))

    def _step(self, session):
        text, rng = self.text, self.rng
        planted = self.plant("tool", session)
        output = text.printed(_size(rng))
        if planted:
            cut = output.find("\n", len(output) // 2)
            output = f"{output}\n{planted}" if cut < 0 else f"{output[:cut]}\n{planted}{output[cut:]}"
        return Step(
            thinking=text.prose(rng.randint(15, 120)) if rng.random() < 0.35 else "",
            said=text.prose(rng.randint(6, 60)) if rng.random() < 0.6 else "",
            tool=rng.choice(TOOLS),
            path=rng.choice(text.paths),
            command=f"{rng.choice(('pytest -q', 'rg -n', 'cargo test', 'npm run', 'go test', 'git log'))} {rng.choice(text.names)}",
            output=output,
            failed=rng.random() < 0.07,
            also=tuple(self._beside() for _ in range(rng.randint(1, 3))) if rng.random() < 0.1 else (),
        )

    def _beside(self):
        text, rng = self.text, self.rng
        found = Step(
            "",
            "",
            "read",
            rng.choice(text.paths),
            rng.choice(text.names),
            text.printed(rng.randint(200, 3_000)),
            failed=False,
        )
        self.truth.trap("calls side by side")
        return found


def _size(rng):
    kind = rng.random()
    if kind < 0.985:
        return int(min(rng.lognormvariate(7.4, 1.1), 40_000)) + 40
    return rng.randint(40_000, 260_000)


def session_size(rng, mean):
    """Draw a session's size: many small ones, a few large."""
    return int(min(max(rng.lognormvariate(math.log(mean * 0.5), 1.2), 3_000), LARGEST, mean * 30))


def iso(at):
    """Return RFC 3339 with milliseconds."""
    import datetime as dt

    return dt.datetime.fromtimestamp(at / 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03}Z"


def uuid4(rng):
    """Return a random id."""
    bits = rng.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | (4 << 76) | (2 << 62)
    return _dashed(f"{bits:032x}")


def uuid7(rng, at):
    """Return an id that begins with its time."""
    return _dashed(f"{at:012x}7{rng.getrandbits(12):03x}{0x8 | rng.getrandbits(2):x}{rng.getrandbits(60):015x}")


def _dashed(found):
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"
