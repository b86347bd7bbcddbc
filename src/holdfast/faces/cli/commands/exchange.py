"""`export` and `import`: sessions out to a file and in from one."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from holdfast.errors import BadInput, NotFound, Partial, Unreadable, Unsafe
from holdfast.faces.cli._command import command
from holdfast.faces.cli._doubts import say_doubts
from holdfast.faces.cli._naming import UNDELETE, named, with_sub_agents
from holdfast.faces.cli._options import FORMATS, query_of, query_options, selected
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.document_items import ImportedFile
from holdfast.faces.cli.documents import ExportDocument, ImportDocument
from holdfast.faces.cli.render import full, several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

_BY_SUFFIX = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".md": "markdown", ".markdown": "markdown"}
_BY_SUFFIX |= {".html": "html", ".htm": "html", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}
_BY_SUFFIX |= {".holdfast": "native", ".native": "native", ".hf": "native", ".toon": "toon"}


@command(
    "export",
    "ExportDocument",
    examples=(
        "holdfast export k3v9qa -o session.md",
        "holdfast export k3v9qa --with-subagents -o whole.json",
        "holdfast export agent:codex since:7d -o week.json",
        "holdfast export k3v9qa -f html -o session.html",
        "holdfast export project:shop -f jsonl",
        "holdfast export k3v9qa -f yaml",
        "holdfast export project:shop -f native -o shop.holdfast --raw",
    ),
    exits=(3, 5, 9),
)
@click.argument("query", metavar="ID|QUERY...", nargs=-1)
@query_options
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write here instead of stdout.",
)
@click.option(
    "--format",
    "-f",
    "kind",
    metavar="FORMAT",
    help=f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}; by the file's name, else json.",
)
@click.option("--with-subagents", "family", is_flag=True, help="Take the sub-agents of named sessions along.")
@click.option("--raw", is_flag=True, help="Mask nothing.")
@click.option("--force", is_flag=True, help="Replace FILE.")
def export(
    state: State, *, output: Path | None, kind: str | None, family: bool, raw: bool, force: bool, **given: Any
) -> None:
    """Write sessions to a file, secrets masked.

    json, jsonl, yaml and native can be read back with `holdfast import`; native keeps everything, and with --raw the agents'
    own files too. html is one page that loads nothing, markdown and csv (a row a message) are for people too.
    """
    name = kind or (_BY_SUFFIX.get(output.suffix.lower(), "json") if output is not None else "json")
    if state.json and output is None and name != "json":
        raise BadInput("--json prints JSON alone, so this format needs a file", "add -o FILE")
    sessions = _chosen(state, given)
    whole = with_sub_agents(state, sessions)
    sessions = whole if family else sessions
    empty = _left_out(state, given, whole)
    if output is None:
        done = state.workspace.exchange.export(sessions, sys.stdout.buffer, name=name, raw=raw)
    else:
        done = _to_file(state, sessions, output, name=name, raw=raw, force=force)
    path = "" if output is None else str(output)
    if state.json and output is not None:
        state.document(
            ExportDocument(
                path=path,
                format=name,
                sessions=done.sessions,
                messages=done.messages,
                masked=done.masked,
                subagents_left_out=len(whole) - len(sessions),
                empty_left_out=empty,
            )
        )
    where = f" to {safe_line(path)}" if path else ""
    state.talk(f"{several(done.sessions, 'session')} exported{where} as {name}; {_masked(done.masked)}")
    if len(whole) > len(sessions):
        state.talk(f"{several(len(whole) - len(sessions), 'sub-agent')} left out: --with-subagents takes them along")
    if empty:
        state.talk(f"{several(empty, 'empty session')} left out")


def _left_out(state: State, given: dict[str, Any], taken: Sequence[Session]) -> int:
    """Count the sessions without any message that a query's filters choose as well."""
    query = query_of(given)
    if query.has_words:
        return 0
    held = {s.id for s in taken}
    return sum(s.id not in held for s in state.workspace.sessions.find(query, empty=True) if not s.rollup.messages)


def _to_file(state: State, sessions: Sequence[Session], output: Path, *, name: str, raw: bool, force: bool) -> Any:
    """Write beside the target and move it there only when it is whole."""
    if os.path.lexists(output) and not force:
        raise Unsafe(f"{output} exists", "choose another name, or add --force to replace it")
    if not output.parent.is_dir():
        raise NotFound(f"there is no folder {output.parent}")
    descriptor, beside = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            done = state.workspace.exchange.export(sessions, stream, name=name, raw=raw)
        if force:
            Path(beside).replace(output)
        else:
            os.link(beside, output)
            Path(beside).unlink()
    except FileExistsError as error:
        raise Unsafe(f"{output} exists", "choose another name, or add --force to replace it") from error
    finally:
        Path(beside).unlink(missing_ok=True)
    return done


def _chosen(state: State, given: dict[str, Any]) -> list[Session]:
    """Take the words as ids or names where each is one, else as a query."""
    words: tuple[str, ...] = given["query"]
    try:
        found = [named(state, word) for word in words]
    except NotFound as missing:
        found = selected(state.workspace, query_of(given))
        if not found and missing.hint.startswith(UNDELETE):
            raise
        say_doubts(state, query_of(given), found, option=given.get("agent"))
        if not found and len(words) == 1 and ":" not in words[0]:
            raise missing from None
    else:
        found = found or (selected(state.workspace, query_of(given)) if any(given.values()) else [])
        if not words and any(given.values()):
            say_doubts(state, query_of(given), found, option=given.get("agent"))
        if not found and not any(given.values()):
            raise BadInput("nothing named", "holdfast export ID, or a query such as agent:codex since:7d")
    if not found:
        raise NotFound("no session matches", "holdfast list")
    return list({s.id: s for s in found}.values())


def _masked(masked: dict[str, int] | None) -> str:
    if masked is None:
        return "nothing was masked, secrets are in it"
    if not masked:
        return "no secrets found to mask"
    total = sum(masked.values())
    rules = ", ".join(f"{safe_line(rule)} {times}" for rule, times in sorted(masked.items(), key=lambda m: -m[1]))
    return f"{several(total, 'secret')} masked ({rules})"


@command(
    "import",
    "ImportDocument",
    examples=(
        "holdfast import session.json",
        "holdfast import shop.holdfast --format native",
        "holdfast import chatgpt-export.zip",
        "holdfast import context.json --session-id copy-of-login",
        "holdfast import old-project",
    ),
    exits=(3, 6, 7, 8),
)
@click.argument("file", metavar="FILE|DIR", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "-f",
    "kind",
    metavar="FORMAT",
    help="Its name; told from the content by default.",
)
@click.option(
    "--session-id", "-s", metavar="ID", help="Keep the file's only session as another one, of this native id."
)
def import_file(state: State, *, file: Path, kind: str | None, session_id: str | None) -> None:
    """Read sessions from an exported file; doing so twice changes nothing.

    The data exports of ChatGPT and Claude.ai are read as they come, zip and all, and so are the files of AnyLLM, preLLM,
    LLM Session Manager and Agentry; of a folder, every file that is known. What a file holds only in masked form never
    replaces what the archive has. Preferences in a snapshot become active; `preferences forget` revokes one.
    """
    if not file.exists():
        raise NotFound(f"there is no file {file}")
    if file.is_dir():
        _import_folder(state, file, kind=kind, session_id=session_id)
        return
    done = state.workspace.exchange.load(file, name=kind, native_id=session_id or "")
    if state.json:
        state.document(
            ImportDocument(
                format=done.format,
                sessions=done.sessions,
                messages_added=done.added,
                replaced=done.replaced,
                kept=done.kept,
                masked=done.masked,
                damaged=done.damaged,
                ids=done.ids,
                notes=done.notes,
                preferences=done.preferences,
            )
        )
    else:
        counts = [f"{several(done.added, 'message')} new"]
        counts += [f"{full(done.replaced)} replaced"] if done.replaced else []
        counts += [f"{full(done.kept)} kept as they were"] if done.kept else []
        counts += [f"{several(done.notes, 'note')} new"] if done.notes else []
        counts += [f"{several(done.preferences, 'preference')} active"] if done.preferences else []
        state.text(f"{several(done.sessions, 'session')} read as {done.format}, {', '.join(counts)}")
        if done.masked:
            state.talk(f"the file holds {several(sum(done.masked.values()), 'masked span')} in place of secrets")
    if done.damaged:
        raise Unreadable(f"the file breaks off: {done.damaged}", "what stands before that place was read")


def _import_folder(state: State, folder: Path, *, kind: str | None, session_id: str | None) -> None:
    """Read every file of a folder that is known, and name those that could not be read."""
    if kind or session_id:
        raise BadInput("a folder holds files of any format", "leave --format and --session-id out, or name a file")
    found = list(state.workspace.exchange.load_folder(folder))
    read = [f.result for f in found if f.result is not None]
    files = tuple(_of_folder(f.path, f.result, f.problem) for f in found)
    if state.json:
        state.document(
            ImportDocument(
                format="",
                sessions=sum(r.sessions for r in read),
                messages_added=sum(r.added for r in read),
                replaced=sum(r.replaced for r in read),
                kept=sum(r.kept for r in read),
                masked=None,
                damaged="",
                ids=tuple(i for r in read for i in r.ids),
                notes=sum(r.notes for r in read),
                preferences=sum(r.preferences for r in read),
                files=files,
            )
        )
    else:
        told = [f"{f.path}: {f.problem or _read_as(f)}" for f in files]
        state.text("\n".join(safe_line(line) for line in told or [f"no file below {folder} is of a known format"]))
    if not found:
        raise NotFound(f"nothing to import below {folder}")
    if len(read) < len(found):
        raise Partial(f"{several(len(found) - len(read), 'file')} could not be read, {full(len(read))} were")


def _of_folder(path: Path, done: Any, problem: Any) -> ImportedFile:
    if done is None:
        return ImportedFile(path=str(path), format="", sessions=0, messages_added=0, problem=problem.message)
    return ImportedFile(
        path=str(path), format=done.format, sessions=done.sessions, messages_added=done.added, problem=done.damaged
    )


def _read_as(file: ImportedFile) -> str:
    return f"{several(file.sessions, 'session')} read as {file.format}"
