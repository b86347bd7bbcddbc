"""`health`: one session's score, with a bar and the evidence for each factor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from holdfast.faces.cli._command import command
from holdfast.faces.cli._naming import anywhere
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import FactorItem, HealthDocument
from holdfast.faces.cli.render import Column, table

if TYPE_CHECKING:
    from holdfast.faces.cli._state import State
    from holdfast.model.live import Factor, Health, Scoring

CELLS = 20
STYLES = {"healthy": "green", "warning": "yellow", "critical": "red"}
_SHAPE = (
    Column("FACTOR", style=("bold",)),
    Column("SCORE"),
    Column("", right=True),
    Column("WEIGHT", right=True, keep=2, style=("dim",)),
    Column("EVIDENCE", gives_way=True),
)


@command(
    "health",
    "HealthDocument",
    examples=("holdfast health k3v9qa", "holdfast health k3v9qa --scoring classic", "holdfast health - --json"),
    exits=(3, 5),
)
@click.argument("reference", metavar="ID")
@click.option(
    "--scoring",
    type=click.Choice(["default", "classic"]),
    default="default",
    show_default=True,
    help="Context pressure, context rot, stall and progress; or tokens, duration, activity and errors as LLM Session Manager.",
)
def health(state: State, reference: str, *, scoring: Scoring) -> None:
    """Score one session's health from 0 to 100 %, with what each factor rests on.

    Weights and thresholds are settings: holdfast config show health_weights
    """
    found = state.workspace.health.check(anywhere(state, reference), scoring)
    if state.json:
        state.document(_document(found))
        return
    state.text(_drawn(state, found))


def _drawn(state: State, found: Health) -> str:
    heading = state.paint(f"{found.score:.0%} {found.grade}", "bold", STYLES[found.grade])
    weight = sum(f.weight for f in found.factors) or 1.0
    rows = [
        [
            f.name.replace("_", " "),
            _bar(f),
            f"{f.score:.0%}" if f.weight else "-",
            f"{f.weight / weight:.0%}",
            safe_line(f.evidence),
        ]
        for f in found.factors
    ]
    drawn = table(_SHAPE, rows, width=state.width if state.on_terminal else None, paint=state.paint)
    advice = "".join(f"{line}\n" for line in map(safe_line, found.advice))
    return f"{found.session[:12]}  {heading}  ({found.scoring} scoring)\n\n{drawn}" + (f"\n{advice}" if advice else "")


def _bar(factor: Factor) -> str:
    if not factor.weight:
        return "-" * CELLS
    full = round(min(max(factor.score, 0.0), 1.0) * CELLS)
    return "█" * full + "░" * (CELLS - full)


def _document(found: Health) -> HealthDocument:
    factors = tuple(
        FactorItem(name=f.name, score=f.score, weight=f.weight, evidence=f.evidence, advice=f.advice)
        for f in found.factors
    )
    return HealthDocument(
        session=found.session,
        scoring=found.scoring,
        score=found.score,
        grade=found.grade,
        factors=factors,
        advice=found.advice,
    )
