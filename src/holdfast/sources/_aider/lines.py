"""What the lines of an Aider history mean: sessions, prompts, answers, the program's own lines, tokens and costs."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.model import Json, Message, Request, Text, Thinking, ToolCall, ToolResult, Usage
from holdfast.sources._content import local_millis, millis, title_of

if TYPE_CHECKING:
    from holdfast.model import Part

_HEADER = re.compile(r"# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\s*$")
_MODEL = re.compile(r"(?:Main model|Model|Architect model): (\S+)")
_VERSION = re.compile(r"Aider v(\S+)$")
_TOKENS = re.compile(
    r"Tokens: ([\d.]+[kM]?) sent(?:, ([\d.]+[kM]?) cache write)?(?:, ([\d.]+[kM]?) cache hit)?, ([\d.]+[kM]?) received"
)
_COST = re.compile(r"Cost: \$(\d{1,6}(?:\.\d{1,12})?) message")
_DONE = re.compile(r"(Applied edit to|Creating empty file|Running) (\S.*)$")
_FAILED = re.compile(r"litellm\.\w*(?:Error|Exception)\b|did not conform to the edit format|blocks? failed to match")
_TELLING = ("Aider v", "Model: ", "Main model: ", "Architect model: ", "Tokens: ")
_OWN = re.compile(
    r"> (?:Tokens: |Applied edit to |Creating empty file |Did not apply edit |Skipping edits to |Commit [0-9a-f]{7} |"
    r"Added |Create new file\?|Running |Model: |Main model: |Aider v)"
)
_THOUGHT = re.compile(r"<(thinking-content-[0-9a-f]+|think|thinking)>\n(.*?)(?:\n</\1>|\Z)", re.DOTALL)
_MARKED = re.compile(r"^-{4,}\n► \*\*THINKING\*\*\n(.*?)(?:\n-{4,}\n► \*\*ANSWER\*\*|\Z)", re.DOTALL | re.MULTILINE)
_TOOLS = {
    "Applied edit to": ("edit", "path"),
    "Creating empty file": ("write", "path"),
    "Running": ("shell", "command"),
}
MICRO = 1_000_000
MOST_LINES = 20_000
MOST_SIZE = 4 << 20
"""A longer message is cut into several: no answer is as long, and no file may fill the memory."""


class Run(Struct, frozen=True):
    """One session: what is known of it so far."""

    native: str
    started: str
    line: int
    title: str = ""
    version: str = ""
    model: str = ""
    models: tuple[str, ...] = ()
    requests: int = 0
    prompted: bool = False
    plain: bool = False
    """True where prompts do not end in two blanks, which tell them from headings in answers."""


class State(Struct, frozen=True):
    """What must be remembered between two readings of a file; `again` counts sessions begun in the same second."""

    run: Run | None = None
    stamp: str = ""
    again: int = 0


class Position(Struct, frozen=True, kw_only=True):
    """Where to go on reading, and with what in mind."""

    offset: int
    line: int
    state: State


class Block(Struct):
    """Lines that make one message."""

    kind: str
    line: int
    lines: list[str] = field(default_factory=list)
    size: int = 0
    continues: bool = False

    def add(self, line: str) -> None:
        """Take a further line."""
        self.lines.append(line)
        self.size += len(line)

    @property
    def full(self) -> bool:
        """Tell whether the message must be cut here."""
        return len(self.lines) >= MOST_LINES or self.size >= MOST_SIZE


class Said(Struct):
    """What was understood of a session in one reading."""

    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)


class Reader:
    """Takes lines in order and makes messages of them; the last one stays open until the next begins."""

    def __init__(self, state: State, *, place: str, path: str) -> None:
        """Begin in a state; `place` is the name of the history's folder."""
        self._state = state
        self._place = place
        self._path = path
        self._block: Block | None = None
        self._begun = Position(offset=0, line=0, state=state)
        self._done: dict[str, tuple[Run, Said]] = {}
        self._odd = 0
        self._spoke = state.run
        self._headers: list[tuple[int, Run]] = []

    def feed(self, line: str, number: int, offset: int) -> None:
        """Take the next line."""
        header = _HEADER.match(line) if line.startswith("# aider") else None
        if header:
            if self._block is not None and self._block.kind == "preamble":
                self._block = None  # nothing was asked: an empty session
                self._state = replace(self._state, run=self._spoke)
            self._close()
            self._spoke = self._state.run
            self._begin("preamble", number, offset)
            self._state = self._started(header[1], number)
            if self._state.run is not None:
                self._headers.append((offset, self._state.run))
            return
        kind = self._kind(line)
        full = self._block is not None and self._block.full
        if full or kind != (self._block.kind if self._block else ""):
            self._close()
            if kind:
                self._begin(kind, number, offset, continues=full)
        if self._block is not None:
            self._block.add(line)

    def position(self, offset: int, line: int) -> Position:
        """Return where the open message begins, else where the lines end (`line` is the number of the next one)."""
        return self._begun if self._block else Position(offset=offset, line=line - 1, state=self._state)

    def take(self, *, last: bool) -> list[tuple[Run, Said]]:
        """Return what was understood since the last time; at the file's end with the message that is still open."""
        done, self._done = self._done, {}
        if last and self._block is not None and self._block.kind != "preamble" and self._state.run is not None:
            _add(done, understood(self._block, self._state.run, self._path))
        return list(done.values())

    def headers(self) -> list[tuple[int, Run]]:
        """Return the sessions that began since the last time, with their offsets."""
        found, self._headers = self._headers, []
        return found

    def odd(self) -> dict[str, int]:
        """Count lines that belong to no session, once."""
        found, self._odd = self._odd, 0
        return {"line:before-first-session": found} if found else {}

    def _kind(self, line: str) -> str:
        run, current = self._state.run, self._block.kind if self._block else ""
        if run is None:
            self._odd += bool(line.strip())
            return ""
        answering = current == "assistant"
        if line.startswith("####") and line[4:5] in (" ", "") and (not answering or run.plain or line.endswith("  ")):
            return "user"
        if not run.prompted and current != "user":
            return "preamble"
        if (
            line.startswith(">")
            and line[1:2] in (" ", "")
            and (not answering or line.endswith("  ") or _OWN.match(line))
        ):
            return "tool"
        return "assistant" if answering or line.strip() else ""

    def _begin(self, kind: str, number: int, offset: int, *, continues: bool = False) -> None:
        self._begun = Position(offset=offset, line=number - 1, state=self._state)
        self._block = Block(kind, number, continues=continues and kind == "assistant")

    def _close(self) -> None:
        block, run = self._block, self._state.run
        self._block = None
        if block is None or run is None:
            return
        found = understood(block, run, self._path)
        self._state = replace(self._state, run=found[0])
        _add(self._done, found)

    def _started(self, stamp: str, number: int) -> State:
        again = self._state.again + 1 if stamp == self._state.stamp else 0
        facts = f"{self._place}\0{stamp}\0{again}".encode("utf-8", "replace")
        digest = hashlib.blake2b(facts, digest_size=5).hexdigest()
        native = f"{stamp.replace(' ', 'T').replace(':', '-')}-{digest}"
        return State(run=Run(native=native, started=stamp, line=number), stamp=stamp, again=again)


def _add(into: dict[str, tuple[Run, Said]], found: tuple[Run, Message | None, list[Request]]) -> None:
    run, message, requests = found
    _, said = into.get(run.native, (run, Said()))
    said.messages.extend(m for m in (message,) if m is not None)
    said.requests.extend(requests)
    into[run.native] = (run, said)


def understood(block: Block, run: Run, path: str) -> tuple[Run, Message | None, list[Request]]:
    """Return the session after a block, and the message and requests in it."""
    name = f"l{block.line - run.line}"
    match block.kind:
        case "user":
            words = "\n".join(line[5:].rstrip() for line in block.lines).strip()
            titled = not run.title or run.title.startswith("/")
            plain = run.plain if run.prompted else not block.lines[0].endswith("  ")
            run = replace(
                run, title=(title_of(words) or run.title) if titled else run.title, prompted=True, plain=plain
            )
            return run, Message(id=name, role="user", parts=(Text(words),), line=block.line), []
        case "assistant":
            parts = _answer("\n".join(block.lines).strip())
            message = Message(
                id=name, role="assistant", parts=parts, model=run.model, line=block.line, continues=block.continues
            )
            return run, message if parts else None, []
        case "preamble":
            run, _ = _own_lines(block, run, path)
            words = "\n".join(_bare(line) for line in block.lines).strip()
            return run, Message(id=name, role="system", parts=(Text(words),), line=block.line) if words else None, []
        case _:
            run, requests = _own_lines(block, run, path)
            return run, Message(id=name, role="tool", parts=_results(block, name), line=block.line), requests


def _own_lines(block: Block, run: Run, path: str) -> tuple[Run, list[Request]]:
    requests: list[Request] = []
    for number, line in enumerate(map(_bare, block.lines), block.line):
        if not line.startswith(_TELLING):
            continue
        if found := _VERSION.match(line):
            run = replace(run, version=found[1])
        elif found := _MODEL.match(line):
            run = replace(run, model=found[1], models=tuple(dict.fromkeys((*run.models, found[1]))))
        elif usage := usage_of(line):
            run = replace(run, requests=run.requests + 1)
            key = f"aider:{run.native}:{run.requests}"
            at = moment(run)
            requests.append(
                Request(key=key, at=at, model=run.model, usage=usage, kind="estimated", path=path, line=number)
            )
    return run, requests


def usage_of(line: str) -> Usage | None:
    """Read a `Tokens:` line; Aider rounds above a thousand, and counts cached tokens among those sent."""
    found = _TOKENS.match(line)
    if found is None:
        return None
    sent, written, hit, received = (_amount(g) for g in found.groups())
    written, hit = min(written, sent), min(hit, sent - min(written, sent))
    cost = _COST.search(line)
    return Usage(
        input=sent - written - hit,
        cache_read=hit,
        cache_write=written,
        output=received,
        cost=round(float(cost[1]) * MICRO) if cost else None,
    )


def _amount(words: str | None) -> int:
    if not words:
        return 0
    factor = {"k": 1000, "M": MICRO}.get(words[-1], 1)
    try:
        return min(round(float(words.rstrip("kM")) * factor), 10**12)
    except (ValueError, OverflowError):
        return 0


def _results(block: Block, name: str) -> tuple[Part, ...]:
    """Return the program's lines as a result, with a call for each edit and command that they report."""
    said = [_bare(line) for line in block.lines]
    calls: list[ToolCall] = []
    for line in said:
        if found := _DONE.match(line):
            tool, argument = _TOOLS[found[1]]
            calls.append(ToolCall(id=f"{name}.{len(calls)}", name=tool, input={argument: found[2]}))
    words = "\n".join(said).strip()
    failed = any(_FAILED.search(line[:4096]) for line in said)
    return (*calls, ToolResult(call=calls[0].id if calls else name, text=words, error=failed))


def _answer(words: str) -> tuple[Part, ...]:
    """Split an answer into what was thought and what was said."""
    parts: list[Part] = []
    end = 0
    pattern = _THOUGHT if "<think" in words[:4096] else _MARKED
    for found in pattern.finditer(words):
        _say(parts, words[end : found.start()])
        parts.append(Thinking(found[found.re.groups].strip()))
        end = found.end()
    _say(parts, words[end:])
    return tuple(parts)


def _say(parts: list[Part], words: str) -> None:
    if words.strip():
        parts.append(Text(words.strip()))


def _bare(line: str) -> str:
    return (line[2:] if line.startswith("> ") else line[1:] if line == ">" else line).rstrip()


def moment(run: Run) -> int | None:
    """Return when a session began: its header is in local time."""
    return millis(local_millis(run.started))


def state_of(kept: dict[str, Json]) -> State:
    """Take the state up again from a cursor."""
    return msgspec.convert(kept, State) if kept else State()


def kept(state: State) -> dict[str, Json]:
    """Return the state as a cursor keeps it."""
    found: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(state))
    return found
