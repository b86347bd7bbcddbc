"""`store`: verify an archive, copy one to another."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click
import msgspec

from holdfast.errors import BadInput, Unreadable
from holdfast.faces.cli._command import Family, command
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import CopyDocument, FaultItem, VerifyDocument
from holdfast.faces.cli.render import several

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.faces.cli._state import State

store = Family("store", help="Verify and copy archives.")


@command(
    "verify",
    "VerifyDocument",
    examples=("holdfast store verify", "holdfast store verify --store sqlite:////backup/sessions.db"),
    exits=(3, 8),
)
def verify(state: State) -> None:
    """Read every row and blob of the archive, and say what is damaged."""
    url, found = state.workspace.store.url, state.workspace.archive.verify()
    faults = _items(found.faults)
    if state.json:
        document = VerifyDocument(
            store=url, sessions=found.sessions, messages=found.messages, captured_bytes=found.captured, faults=faults
        )
        state.document(document)
    else:
        counts = [
            several(found.sessions, "session"),
            several(found.messages, "message"),
            several(found.captured, "captured byte"),
        ]
        lines = [f"{', '.join(counts)} read back from {url}", *map(_line, faults)]
        state.text("\n".join(safe_line(line) for line in lines))
    if faults:
        hint = f"holdfast store copy {shlex.quote(url)} TO takes over what can be read"
        raise Unreadable(f"{several(len(faults), 'fault')} in {url}", hint)


@command(
    "copy",
    "CopyDocument",
    examples=("holdfast store copy sqlite:////home/me/sessions.db sqlite:////backup/sessions.db",),
    exits=(3, 6, 8),
)
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(state: State, source: str, target: str) -> None:
    """Copy every session with its messages, requests, edits and raw records; what TO has already stays."""
    from holdfast.workspace import open_store

    if source == target:
        raise BadInput("FROM and TO are the same archive")
    state.store = source
    archive = state.workspace.archive
    into = open_store(target)
    try:
        done = archive.copy_to(into)
    finally:
        into.close()
    faults = _items(done.faults)
    if state.json:
        counted = {"sessions": done.sessions, "messages": done.messages, "files": done.files}
        state.document(CopyDocument(source=source, target=target, faults=faults, **counted))
    else:
        counts = [
            several(done.sessions, "session"),
            several(done.messages, "message"),
            several(done.files, "captured file"),
        ]
        lines = [f"{', '.join(counts)} copied to {target}", *map(_line, faults)]
        state.text("\n".join(safe_line(line) for line in lines))
    if faults:
        hint = "keep the damaged archive: what is left out stands in it alone"
        raise Unreadable(f"{several(len(faults), 'damaged place')} of {source} left out of the copy", hint)


def _items(faults: Iterable[object]) -> tuple[FaultItem, ...]:
    return tuple(msgspec.convert(f, FaultItem, from_attributes=True) for f in faults)


def _line(fault: FaultItem) -> str:
    whose = f"session {fault.session}: " if fault.session else ""
    return f"{whose}{fault.place}: {fault.problem}"


for made in (verify, copy):
    store.add_command(made)
