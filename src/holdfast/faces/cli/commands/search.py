"""`search`: where something was said, called or returned."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from holdfast.errors import BadInput
from holdfast.faces.cli._command import command
from holdfast.faces.cli._doubts import only_excluded, say_doubts
from holdfast.faces.cli._fresh import freshen, say_stale
from holdfast.faces.cli._ids import short_ids
from holdfast.faces.cli._options import query_of, query_options
from holdfast.faces.cli._terminal import columns, fit, safe_line, safe_piece
from holdfast.faces.cli.render import age, project_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Hit, Session

_BEGIN, _END = "\x01", "\x02"
_AGENT, _PROJECT = 14, 18
"""Columns at a terminal, as in a list."""


@command(
    "search",
    "HitList",
    examples=(
        "holdfast search retry",
        'holdfast search "connection refused" agent:codex since:30d',
        "holdfast search jwt OR cookie --limit 5",
        "holdfast search deploy --details",
        "holdfast search deploy --json",
    ),
)
@click.argument("query", metavar="TEXT...", nargs=-1, required=True)
@query_options
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, metavar="N", help="At most N hits.")
@click.option("--details", "-d", is_flag=True, help="Say where each hit stands: message, place, score.")
@click.option("--no-sync", is_flag=True, help="Do not look for what changed.")
def search(state: State, *, limit: int, details: bool, no_sync: bool, **given: object) -> None:
    """Find words in everything said, thought, called and returned, and in titles, names, tags and descriptions.

    TEXT is words (all must stand in a message), "a phrase", pre*, one OR other, and filters such as agent:codex. Write
    -- before a word that begins with a dash.
    """
    query = query_of(given)
    impossible = only_excluded(query)
    if impossible is not None:
        raise impossible
    if not query.has_words:
        raise BadInput("no word to search for", f"holdfast list {query.text}".strip())
    stale = freshen(state, wanted=not no_sync)
    if stale is None:
        state.workspace.sync.catch_up()
    hits = state.workspace.search.find(query, limit=limit)
    if state.json:
        from holdfast.faces.cli._items import hit_item
        from holdfast.faces.cli.documents import HitList

        state.document(HitList(stale=stale, hits=tuple(hit_item(h) for h in hits)))
        return
    if hits:
        state.text(_drawn(state, hits, details=details), paged=True)
    else:
        state.talk("nothing found")
    say_doubts(state, query)
    say_stale(state, stale)


def _drawn(state: State, hits: Sequence[Hit], *, details: bool) -> str:
    known = {s.id: s for s in state.workspace.sessions.find(empty=True)}
    short = short_ids({h.session for h in hits}, known)
    by_session: dict[str, list[Hit]] = {}
    for hit in hits:
        by_session.setdefault(hit.session, []).append(hit)
    lines: list[str] = []
    for ident, found in by_session.items():
        lines.append(_head(state, short[ident], known.get(ident)))
        for hit in found:
            session = known.get(ident)
            if hit.kind == "session" and session is not None:
                lines += _field_hits(state, hit, session)
            else:
                lines += _hit(state, hit, details=details)
        lines.append("")
    lines.append(state.paint(f"holdfast show {short[hits[0].session]}", "dim"))
    return "\n".join(lines)


def _head(state: State, short: str, session: Session | None) -> str:
    paint = state.paint
    if session is None:
        return paint(short, "bold")
    title = safe_line(session.shown_name)
    facts = [safe_line(session.agent), safe_line(project_name(session.project)) or "-", age(session.active)]
    shown = title
    if state.on_terminal:
        facts[:2] = [fit(facts[0], _AGENT), fit(facts[1], _PROJECT)]
        left = state.width - len(short) - sum(columns(f) + 2 for f in facts) - 2
        shown = fit(title, max(left, 1))
    return "  ".join(
        [paint(short, "bold"), paint(facts[0], "cyan"), paint(facts[1], "blue"), shown, paint(facts[2], "dim")]
    )


def _field_hits(state: State, hit: Hit, session: Session) -> list[str]:
    """Say in which fields of a session the words stand; its title is in the head already."""
    lines, at = [], 0
    for text in hit.snippet.split("\n"):
        marks = tuple((a - at, b - at) for a, b in hit.highlights if at <= a and b <= at + len(text))
        at += len(text) + 1
        if marks:
            lines += _field_hit(state, replace(hit, snippet=text, highlights=marks), session)
    return lines or _hit(state, hit, details=False)


def _field_hit(state: State, hit: Hit, session: Session) -> list[str]:
    name = _field(hit.snippet, session)
    label = f"  {name:<14}  {'':>4}  "
    if name in ("title", "name") and hit.snippet in session.shown_name:
        return [state.paint(f"{label}the line above", "dim")]
    first, *rest = _marked(state, hit, len(label))
    return [state.paint(label, "dim") + first, *(" " * len(label) + line for line in rest)]


def _field(text: str, session: Session) -> str:
    fields = ("name", "title", "project", "cwd", "branch", "description")
    return next((f for f in fields if text and text in getattr(session, f)), "tags" if session.tags else "title")


def _hit(state: State, hit: Hit, *, details: bool) -> list[str]:
    who = (
        "title"
        if hit.kind == "session"
        else f"{hit.role} tool"
        if hit.kind == "tool" and hit.role != "tool"
        else hit.role
    )
    label = f"  {who:<14}  {age(hit.at):>4}  "
    first, *rest = _marked(state, hit, len(label))
    lines = [state.paint(label, "dim") + first, *(" " * len(label) + line for line in rest)]
    if details and hit.kind != "session":
        lines.append(
            state.paint(f"      message {safe_line(hit.message)}, place {hit.seq}, score {hit.score:.2f}", "dim")
        )
    return lines


def _marked(state: State, hit: Hit, indent: int) -> list[str]:
    """Return the snippet in lines, the words found painted; what stands between is made safe piece by piece."""
    pieces, at = [], 0
    for start, end in hit.highlights:
        pieces += [safe_piece(hit.snippet[at:start]), _BEGIN, safe_piece(hit.snippet[start:end]), _END]
        at = end
    pieces.append(safe_piece(hit.snippet[at:]))
    text = re.sub(" {2,}", " ", "".join(pieces)).strip()
    lines = textwrap.wrap(text, max(30, state.width - indent), break_on_hyphens=False) if state.on_terminal else [text]
    return [_painted(line, state) for line in lines] or [""]


def _painted(line: str, state: State) -> str:
    """Turn our marks, which no safe text can hold, into colour."""
    return re.sub(f"{_BEGIN}([^{_END}]*){_END}?", lambda found: state.paint(found[1], "bold", "yellow"), line).replace(
        _END, ""
    )
