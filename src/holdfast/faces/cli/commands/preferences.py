"""`preferences`: what you prefer, where it was learned, and how it is revoked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from holdfast.errors import NotFound
from holdfast.faces.cli._command import Family, command
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli._values import moment
from holdfast.faces.cli.document_items import PreferenceItem
from holdfast.faces.cli.documents import PreferenceList
from holdfast.faces.cli.render import several

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holdfast.faces.cli._state import State

preferences = Family("preferences", help="List, set and forget what you prefer.")


@command("list", "PreferenceList", examples=("holdfast preferences list", "holdfast preferences list --json"))
def listed(state: State) -> None:
    """List what you prefer, each with its source: your command, your own words, or a file you imported."""
    items = tuple(_item(held) for held in state.workspace.preferences.held())
    if state.json:
        state.document(PreferenceList(preferences=items))
    elif not items:
        state.text("no preferences; holdfast preferences set KEY VALUE states one")
    else:
        state.text("\n".join(safe_line(_line(item)) for item in items))


@command("set", "PreferenceList", examples=("holdfast preferences set preferred_language polish",))
@click.argument("key")
@click.argument("value")
def set_one(state: State, *, key: str, value: str) -> None:
    """State what you prefer; secrets are masked before it is kept."""
    held = state.workspace.preferences.set(key, value)
    _tell(state, (_item(held),), f"{held.preference.key}={held.preference.value}")


@command("forget", "PreferenceList", examples=("holdfast preferences forget preferred_tool",), exits=(3,))
@click.argument("keys", metavar="KEY...", nargs=-1, required=True)
def forget(state: State, *, keys: tuple[str, ...]) -> None:
    """Revoke what you prefer, at once."""
    known = {h.preference.key: h for h in state.workspace.preferences.held()}
    missing = [key for key in keys if key not in known]
    if missing:
        raise NotFound(f"no preference {missing[0]!r}", "holdfast preferences list")
    for key in keys:
        state.workspace.preferences.forget(key)
    _tell(state, tuple(_item(known[key]) for key in keys), f"{several(len(keys), 'preference')} forgotten")


def _tell(state: State, items: Iterable[PreferenceItem], said: str) -> None:
    if state.json:
        state.document(PreferenceList(preferences=tuple(items)))
    else:
        state.text(safe_line(said))


def _item(held: Any) -> PreferenceItem:
    source = held.preference.provenance
    return PreferenceItem(
        key=held.preference.key,
        value=held.preference.value,
        writer=source.writer,
        at=moment(source.at),
        session=source.session,
        message=source.message,
        quote=held.quote,
    )


def _line(item: PreferenceItem) -> str:
    quote = f': "{item.quote}"' if item.quote else ""
    return f"{item.key}={item.value}  ({item.writer}{quote})"


for made in (listed, set_one, forget):
    preferences.add_command(made)
