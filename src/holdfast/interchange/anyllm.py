"""AnyLLM's `.anyllm` folder: `project_context.json` (the state of a project) and `episodes.jsonl` (its finished runs).

Knows the fifteen keys and the two shapes in which PHP writes a list; refuses to drop what has no place among messages.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.errors import Unreadable
from holdfast.interchange._anyllm_document import document
from holdfast.interchange._originals import parsed
from holdfast.interchange._vendor import moment, object_of, text_of
from holdfast.interchange.base import NO_HEADER, Header
from holdfast.model import Json, Losses, Message, Part, Session, Text, ToolCall, ToolResult, Transcript, observed_id
from holdfast.model.session import Parent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

AGENT = "anyllm"
_CONTEXT = re.compile(
    rb'\A(\xef\xbb\xbf)?\s*\{\s*"sessionId"\s*:(?=.*"(isNewSession|summarized_history|task)"\s*:)', re.DOTALL
)
_EPISODE = re.compile(rb'\A(\xef\xbb\xbf)?\{(?=[^\n]*"session_id"\s*:)(?=[^\n]*"turns"\s*:\s*\[)')
_HISTORY = "summarized_history"


class AnyLlmFormat:
    """One object for a project; what several sessions said follows each other."""

    name: ClassVar[str] = AGENT
    suffix: ClassVar[str] = ".json"

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write the history as it comes, and what is known of files and commands at the end."""
        del header
        stream.write(b"{\n")
        for piece in document(transcripts):
            stream.write(piece)
        stream.write(b"\n}")

    def sniff(self, head: bytes) -> float:
        """Claim objects that begin with a project's keys."""
        return 0.6 if _CONTEXT.match(head) else 0.0


class AnyLlmImport:
    """The state of a project is one session, each finished run another one."""

    name: ClassVar[str] = "anyllm-project"

    def sniff(self, head: bytes) -> float:
        """Claim both files."""
        return 0.95 if _CONTEXT.match(head) or _EPISODE.match(head) else 0.0

    def load(self, stream: IO[bytes]) -> Iterator[Transcript]:
        """Yield what the file holds; an empty one, as a crash leaves it, holds nothing."""
        data = stream.read().removeprefix(b"\xef\xbb\xbf")
        if not data.strip():
            return
        tree = parsed(data, dict)
        if "sessionId" in tree:
            yield _project(tree)
        elif "turns" in tree or b"\n" in data.strip():
            yield from _episodes(data)
        else:
            raise Unreadable("line 1: expected `sessionId`, or a run with `turns` on each line")


def _project(tree: dict[str, Json]) -> Transcript:
    native = text_of(tree, "sessionId") or "session"
    history = [h for h in ordered(tree.get(_HISTORY)) if isinstance(h, dict)]
    messages = [m for place, entry in enumerate(history, 1) for m in _exchange(entry, place)]
    messages += _traces(tree)
    times = [m.at for m in messages if m.at is not None]
    about, task = object_of(tree, "project"), object_of(tree, "task")
    session = Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        origin="owned",
        title=text_of(task, "summary"),
        project=text_of(about, "name"),
        cwd=text_of(about, "path"),
        status="ended",
        started=_begun(native) or min(times, default=None),
        active=max(times, default=_begun(native)),
        partial=True,
        extra={AGENT: {k: v for k, v in tree.items() if k not in ("sessionId", _HISTORY)}},
    )
    return Transcript(session=session, messages=tuple(messages))


def ordered(value: Json) -> list[Json]:
    """Return a list that PHP wrote as one, or as an object whose keys are its numbers."""
    if isinstance(value, dict):
        return [value[k] for k in sorted(value, key=lambda k: (not k.isdigit(), int(k) if k.isdigit() else 0, k))]
    return value if isinstance(value, list) else []


def _exchange(entry: Mapping[str, Json], place: int) -> Iterator[Message]:
    at = moment(entry.get("timestamp"))
    stamp = {"timestamp": entry["timestamp"]} if isinstance(entry.get("timestamp"), str) else {}
    more = {k: v for k, v in entry.items() if k not in ("request", "outcome", "timestamp")}
    yield Message(
        id=f"request-{place}", role="user", parts=(Text(text_of(entry, "request")),), at=at, extra={**stamp, **more}
    )
    yield Message(id=f"outcome-{place}", role="assistant", parts=(Text(text_of(entry, "outcome")),), at=at)


def _traces(tree: Mapping[str, Json]) -> Iterator[Message]:
    """Yield the files and commands of the project as calls, so that lists and searches know them."""
    files = object_of(tree, "files")
    calls: list[Part] = [
        ToolCall(id=f"{kind}-{n}", name=tool, input={"path": path})
        for kind, tool in (("read", "read_file"), ("modified", "write_file"))
        for n, file in enumerate(ordered(files.get(kind)), 1)
        if isinstance(file, dict) and (path := text_of(file, "path"))
    ]
    if calls:
        yield Message(id="files", role="assistant", parts=tuple(calls), continues=True)
    for n, run in enumerate(ordered(tree.get("terminal")), 1):
        if isinstance(run, dict) and text_of(run, "command"):
            call = ToolCall(id=f"command-{n}", name="Bash", input={"command": run["command"]})
            yield Message(id=f"command-{n}", role="assistant", parts=(call,), continues=True)
            yield Message(id=f"output-{n}", role="tool", parts=(_output(run, n),))


def _output(run: Mapping[str, Json], place: int) -> ToolResult:
    text = "\n".join(t for t in (text_of(run, "stdout"), text_of(run, "stderr")) if t)
    code = run.get("exit_code")
    exit_code = code if isinstance(code, int) and not isinstance(code, bool) else None
    return ToolResult(call=f"command-{place}", text=text, error=bool(exit_code), exit_code=exit_code)


def _begun(native: str) -> int | None:
    """Return the moment that a session's id begins with, in the machine's own time."""
    from holdfast.interchange._originals import local  # noqa: PLC0415

    found = re.match(r"(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)_", native)
    return local("{}-{}-{}T{}:{}:{}".format(*found.groups())) if found else None


def _episodes(data: bytes) -> Iterator[Transcript]:
    damaged: list[int] = []
    found: list[Transcript] = []
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        tree = parsed(line, dict)
        if isinstance(tree.get("turns"), list):
            found.append(_episode(tree, number))
        else:
            damaged.append(number)
    if not found:
        raise Unreadable("line 1: expected a run with `turns` on each line")
    for place, transcript in enumerate(found):
        losses = Losses(damaged=len(damaged), damaged_lines=tuple(damaged[:100])) if not place else Losses()
        yield Transcript(session=transcript.session, messages=transcript.messages, losses=losses)


def _episode(tree: Mapping[str, Json], number: int) -> Transcript:
    run, stamp = text_of(tree, "session_id"), text_of(tree, "timestamp")
    native, at = f"{run}/{stamp or number}", moment(tree.get("timestamp"))
    messages: list[Message] = []
    for place, turn in enumerate(ordered(tree["turns"]), 1):
        if isinstance(turn, dict):
            more = {k: v for k, v in turn.items() if k not in ("user", "assistant")}
            messages += [
                Message(id=f"user-{place}", role="user", parts=(Text(text_of(turn, "user")),), at=at, extra=more),
                Message(id=f"assistant-{place}", role="assistant", parts=(Text(text_of(turn, "assistant")),), at=at),
            ]
    more = {k: v for k, v in tree.items() if k not in ("session_id", "timestamp", "turns")}
    session = Session(
        id=observed_id(AGENT, native),
        agent=AGENT,
        native_id=native,
        origin="owned",
        parent=Parent(id=observed_id(AGENT, run), kind="continuation") if run else None,
        status="ended",
        started=at,
        active=at,
        extra={**more, **({"timestamp": stamp} if stamp else {})},
    )
    return Transcript(session=session, messages=tuple(messages))
