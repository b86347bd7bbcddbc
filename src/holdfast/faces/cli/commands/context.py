"""`context`: what a model is told of the project and the session here, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from holdfast.errors import BadInput, NotFound
from holdfast.faces.cli._command import Family, command
from holdfast.faces.cli._terminal import safe, safe_line
from holdfast.faces.cli.context_documents import (
    BlockSymbols,
    DroppedItem,
    FoldedItem,
    HighlightsDocument,
    InjectedItem,
    MapDocument,
    MissingItem,
    PackDocument,
    RankedItem,
    SymbolItem,
)
from holdfast.faces.cli.render import several

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.faces.cli._state import State
    from holdfast.model import Session

context = Family("context", help="Show what a model is told of the project here, and why.")
_query = click.argument("words", metavar="[QUERY]", nargs=-1)
_session = click.option(
    "--session", "named", metavar="NAME", help="The session; without it the latest of your own here."
)


def _budget(help_text: str) -> Callable[[Any], Any]:
    return click.option("--budget", type=click.IntRange(1), metavar="TOKENS", help=help_text)


_window = click.option("--window", type=click.IntRange(1), metavar="TOKENS", help="The model's window (32,768).")


@command(
    "show",
    PackDocument,
    examples=("holdfast context show", 'holdfast context show "fix the login controller" --budget 4000'),
    exits=(3, 5),
)
@_query
@_session
@_budget("Tokens for everything.")
@_window
def show(state: State, *, words: tuple[str, ...], named: str | None, budget: int | None, window: int | None) -> None:
    """Show what a model would be told here, to the letter; the conversation of the session comes after it."""
    session = _chosen(state, named)
    made = state.workspace.context.gather(" ".join(words), Path.cwd(), session=session, window=window, budget=budget)
    if state.json:
        state.document(_pack(made, session, recorded=False))
        return
    state.text(safe(made.text or "nothing to tell: no files here, no habits, no session"), paged=True)
    state.talk(_sum(made))


@command(
    "map",
    MapDocument,
    examples=(
        "holdfast context map",
        'holdfast context map "fix the login controller"',
        "holdfast context map retry --json",
    ),
    exits=(3, 5),
)
@_query
@_session
@_budget("Tokens of the map (1,000).")
def project_map(state: State, *, words: tuple[str, ...], named: str | None, budget: int | None) -> None:
    """Print the map of the project here: the files that matter for a question, and how many there are elsewhere."""
    made = state.workspace.context.map(Path.cwd(), " ".join(words), session=_chosen(state, named), budget=budget)
    if state.json:
        shown = tuple(RankedItem(path=r.path, score=r.score, why=r.why) for r in made.shown)
        folded = tuple(FoldedItem(path=f.path, files=f.files) for f in made.folded)
        state.document(MapDocument(text=made.text, tokens=made.tokens, files=made.files, shown=shown, folded=folded))
        return
    state.text(safe(made.text or "no files here"), paged=True)
    state.talk(f"{several(len(made.shown), 'file')} of {made.files}, {made.tokens} tokens")


@command(
    "highlights",
    HighlightsDocument,
    examples=("holdfast context highlights retry", "holdfast context highlights --file src/app.py"),
    exits=(3, 5),
)
@_query
@_session
@click.option("--file", "files", multiple=True, metavar="PATH", help="A file to read; may be given more than once.")
@_budget("Tokens of the highlights (800).")
def highlights(
    state: State, *, words: tuple[str, ...], named: str | None, files: tuple[str, ...], budget: int | None
) -> None:
    """Print the classes, functions and other symbols of the files that matter for a question."""
    _all_there(files)
    session = _chosen(state, named)
    made = state.workspace.context.highlights(Path.cwd(), " ".join(words), session=session, paths=files, budget=budget)
    if state.json:
        blocks = tuple(
            BlockSymbols(path=b.path, symbols=tuple(SymbolItem(**s._asdict()) for s in b.symbols), left_out=b.left_out)
            for b in made.blocks
        )
        missing = tuple(MissingItem(path=p, problem=why) for p, why in made.missing)
        state.document(HighlightsDocument(text=made.text, tokens=made.tokens, files=blocks, missing=missing))
        return
    for path, problem in made.missing:
        state.talk(safe_line(f"{path}: {problem}"))
    if made.missing:
        state.talk("pip install 'holdfast[code]'")
    state.text(safe(made.text or "no symbols found"), paged=True)


@command(
    "why",
    PackDocument,
    examples=("holdfast context why", 'holdfast context why "fix the login controller"', "holdfast context why --json"),
    exits=(3, 5),
)
@_query
@_session
@_budget("Tokens for everything.")
@_window
def why(state: State, *, words: tuple[str, ...], named: str | None, budget: int | None, window: int | None) -> None:
    """Print what was told in a session's latest turn, from where, and why; with a QUERY what would be told now."""
    session = _chosen(state, named)
    asked = bool(words or budget or window)
    told = state.workspace.context.recorded(session) if session is not None and not asked else None
    recorded = told is not None
    made = told or state.workspace.context.gather(
        " ".join(words), Path.cwd(), session=session, window=window, budget=budget
    )
    if state.json:
        state.document(_pack(made, session, recorded=recorded))
        return
    if not recorded:
        state.talk(
            "no turn is recorded here: this is what would be told now" if not asked else "what would be told now"
        )
    state.text("\n".join(_reasons(made)), paged=True)
    state.talk(_sum(made))


for _made in (show, project_map, highlights, why):
    context.add_command(_made)


def _chosen(state: State, named: str | None) -> Session | None:
    if named:
        found: Session = state.workspace.sessions.resolve(named)
        return found
    return state.workspace.context.session_of(Path.cwd())


def _all_there(files: tuple[str, ...]) -> None:
    for path in files:
        if Path(path).is_dir():
            raise BadInput(f"{path} is a folder", "give its files")
        if not Path(path).is_file():
            raise NotFound(f"no file {path}", "holdfast context map")


def _reasons(made: Any) -> list[str]:
    lines = []
    for told in made.injected:
        lines.append(safe_line(f"{told.kind}  {told.tokens} tokens  from {told.source}: {told.why}"))
        lines += [f"    {line}" for line in safe(told.text).splitlines()]
    for left in made.dropped:
        lines.append(safe_line(f"left out: {left.kind}  {left.tokens} tokens  {left.what}: {left.why}"))
    return lines or ["nothing to tell: no files here, no habits, no session"]


def _sum(made: Any) -> str:
    left = f", {several(len(made.dropped), 'piece')} left out" if made.dropped else ""
    return f"{made.tokens} of {made.budget} tokens, in a window of {made.window}{left}"


def _pack(made: Any, session: Session | None, *, recorded: bool) -> PackDocument:
    return PackDocument(
        session=session.id if session else None,
        recorded=recorded,
        text=made.text,
        window=made.window,
        budget=made.budget,
        tokens=made.tokens,
        shares=dict(made.shares),
        injected=tuple(
            InjectedItem(kind=i.kind, text=i.text, tokens=i.tokens, source=i.source, why=i.why) for i in made.injected
        ),
        dropped=tuple(DroppedItem(kind=d.kind, what=d.what, tokens=d.tokens, why=d.why) for d in made.dropped),
    )
