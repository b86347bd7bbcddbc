"""`auto-tag`, `tag-stats` and `describe`: tags and descriptions that are proposed, and what was learned from the answers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from holdfast.errors import BadInput
from holdfast.faces.cli._command import command
from holdfast.faces.cli._items import session_item
from holdfast.faces.cli._naming import LAST, named
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import AutoTagDocument, SessionAnswer, TagProposal, TagRate, TagStatsDocument
from holdfast.faces.cli.render import Column, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

_PROPOSALS = (
    Column("TAG", style=("bold",)),
    Column("HINTS", right=True, keep=2),
    Column("WEIGHT", right=True, keep=3),
    Column("BECAUSE", gives_way=True, style=("dim",)),
)
_RATES = (
    Column("TAG", style=("bold",)),
    Column("ACCEPTED", right=True),
    Column("REJECTED", right=True),
    Column("RATE", right=True, style=("green",)),
)


@command(
    "auto-tag",
    "AutoTagDocument",
    examples=(
        "holdfast auto-tag k3v9qa",
        "holdfast auto-tag k3v9qa --apply",
        "holdfast auto-tag k3v9qa --interactive",
        "holdfast auto-tag k3v9qa --accept api --reject frontend",
    ),
    exits=(3, 5),
)
@click.argument("reference", metavar="ID")
@click.option("--apply", "-a", "applying", is_flag=True, help="Apply what is sure enough (weight 3 or more).")
@click.option("--interactive", "-i", is_flag=True, help="Ask for each tag: y, n, or q to stop.")
@click.option("--ai", is_flag=True, help="Let a model name the tags (needs the extra llm).")
@click.option("--accept", multiple=True, metavar="TAG", help="Apply this tag, and remember that it was right.")
@click.option("--reject", multiple=True, metavar="TAG", help="Remember that this tag was wrong.")
def auto_tag(
    state: State, reference: str, *, applying: bool, interactive: bool, ai: bool, **given: Sequence[str]
) -> None:
    """Propose tags from the files, folders, imports and words of a session; what you accept and reject is learned from."""
    if applying and interactive:
        raise BadInput("--apply and --interactive exclude each other", "holdfast auto-tag --help")
    session = named(state, reference)
    tagging = state.workspace.tagging
    kind, proposals = tagging.propose(session, ai=ai)
    accepted, rejected = list(given["accept"]), list(given["reject"])
    if interactive:
        yes, no = _asked(state, [p.tag for p in proposals])
        accepted, rejected = accepted + yes, rejected + no
    if applying:
        accepted += [p.tag for p in proposals if (ai or p.sure) and p.tag not in rejected]
    if accepted or rejected:
        session = tagging.decide(session, accepted=accepted, rejected=rejected)
    items = tuple(
        TagProposal(tag=p.tag, count=p.count, weight=p.weight, reasons=p.reasons, applied=p.tag in session.tags)
        for p in proposals
    )
    document = AutoTagDocument(
        session=session.id,
        project_type=kind,
        proposals=items,
        accepted=tuple(accepted),
        rejected=tuple(rejected),
        tags=session.tags,
    )
    if state.json:
        state.document(document)
    else:
        state.text(_proposed(state, document))


@command("tag-stats", "TagStatsDocument", examples=("holdfast tag-stats", "holdfast tag-stats --json"))
def tag_stats(state: State) -> None:
    """Show which proposed tags were accepted and rejected, in all and by type of project; the next ranking follows it.

    A tag that was accepted and taken off again counts as rejected.
    """
    tags, kinds = (
        tuple(TagRate(name=r.name, accepted=r.accepted, rejected=r.rejected, rate=r.share) for r in found)
        for found in state.workspace.tagging.stats()
    )
    if state.json:
        state.document(TagStatsDocument(tags=tags, project_types=kinds))
        return
    if not tags:
        state.text("No proposed tag was accepted or rejected yet: holdfast auto-tag ID --interactive")
        return
    width = state.width if state.on_terminal else None
    drawn = [table(_RATES, [_rate_row(r) for r in found], width=width, paint=state.paint) for found in (tags, kinds)]
    state.text(f"{drawn[0]}\nBy type of project\n{drawn[1]}")


@command(
    "describe",
    "SessionAnswer",
    examples=(
        'holdfast describe k3v9qa "where the retry bug was found"',
        "holdfast describe k3v9qa --show",
        'holdfast describe k3v9qa --name "retry bug"',
    ),
    exits=(3, 5, 6),
)
@click.argument("reference", metavar="ID")
@click.argument("text", required=False)
@click.option("--name", metavar="NAME", help="Name the session; a name works wherever an id does.")
@click.option("--show", is_flag=True, help="Print the description and change nothing.")
@click.option("--ai", is_flag=True, help="Let a model describe it (needs the extra llm).")
def describe(state: State, reference: str, *, text: str | None, name: str | None, show: bool, ai: bool) -> None:
    """Describe or name a session; without a text, print what is said of it. An empty text takes the description away."""
    if (text is not None) + show + ai > 1 or (show and name is not None):
        raise BadInput("a text, --show and --ai exclude each other", "holdfast describe --help")
    if name is not None and name.strip() in LAST:
        raise BadInput(f"{name.strip()!r} cannot be a name: it means the session last active", "choose another name")
    sessions = state.workspace.sessions
    session = named(state, reference)
    if ai:
        session = state.workspace.tagging.describe(session)
    if text is not None:
        session = sessions.describe(session, text)
    if name is not None:
        session = sessions.rename(session, name)
    if show and not state.json:
        state.text(safe_line(session.description) or "(no description)")
        return
    _tell(state, session)


def _tell(state: State, session: Session) -> None:
    item = session_item(state.workspace, session)
    if state.json:
        state.document(SessionAnswer(session=item))
        return
    tags = " ".join(f"#{t}" for t in item.tags)
    facts = [item.id[:6], item.name or item.title, item.project, tags, item.description]
    state.text("  ".join(safe_line(f) for f in facts if f))


def _asked(state: State, tags: Sequence[str]) -> tuple[list[str], list[str]]:
    """Ask for each tag; the end of the input, or q, leaves the rest undecided."""
    yes: list[str] = []
    no: list[str] = []
    for tag in tags:
        sys.stderr.write(f"{safe_line(tag)} [y/n/q] ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer or answer.strip().lower() in ("q", "quit"):
            break
        if answer.strip().lower() in ("y", "yes"):
            yes.append(tag)
        elif answer.strip().lower() in ("n", "no"):
            no.append(tag)
    if not tags:
        state.talk("nothing to ask: no tag is proposed")
    return yes, no


def _proposed(state: State, document: AutoTagDocument) -> str:
    rows = [
        [safe_line(p.tag), str(p.count), f"{p.weight:.1f}", safe_line(", ".join(p.reasons))] for p in document.proposals
    ]
    drawn = table(_PROPOSALS, rows, width=state.width if state.on_terminal else None, paint=state.paint)
    told = [f"{'tagged' if kind == 'accepted' else 'rejected'}: {safe_line(', '.join(tags))}"
            for kind, tags in (("accepted", document.accepted), ("rejected", document.rejected)) if tags]  # fmt: skip
    return "\n".join([drawn.rstrip("\n") if rows else "No tag is proposed.", *told])


def _rate_row(rate: TagRate) -> list[str]:
    return [safe_line(rate.name), str(rate.accepted), str(rate.rejected), f"{rate.rate:.0%}"]
