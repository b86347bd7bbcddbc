"""Says where a query may not be what was meant: a filter of another spelling, an agent that nobody knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from holdfast.errors import BadInput
from holdfast.model.live import GROUPS, STATES
from holdfast.model.query import FILTERS, IS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from holdfast.faces.cli._state import State
    from holdfast.model import Filter, Query, Session

KEYS = (*FILTERS, "since", "until")
VALUES: dict[str, tuple[str, ...]] = {
    "role": ("user", "assistant", "system", "tool"),
    "kind": ("said", "tool", "session"),
    "status": (*GROUPS, *(s for s in STATES if s not in GROUPS)),
    "is": IS,
}
"""Every value of the filters that take no others."""
_PAIR = re.compile(r"([A-Za-z]{2,10}):[^/:\s]\S*")
_NEAR = 0.75
_DASHED = re.compile(rf"-(?:{'|'.join(KEYS)}):.+", re.IGNORECASE | re.DOTALL)


def escaped(arguments: list[str]) -> list[str]:
    """Move filters that begin with a dash, such as -agent:codex, behind `--`, so that no option is seen in them."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    dashed = [a for a in arguments[:end] if _DASHED.fullmatch(a)]
    if not dashed:
        return arguments
    return [*(a for a in arguments[:end] if a not in dashed), "--", *dashed, *arguments[end + 1 :]]


def unknown_filters(query: Query) -> Iterator[str]:
    """Name the words that look like a filter, but for its spelling, with the filter that may be meant."""
    terms = [t for clause in query.clauses for t in clause] + list(query.excluded)
    for term in terms:
        pair = None if term.phrase else _PAIR.fullmatch(term.text)
        near = _closest(pair[1].lower(), KEYS, _NEAR) if pair else []
        if pair and near:
            yield f"no filter '{pair[1]}'; did you mean {near[0]}:"


def refuse_unknown(query: Query) -> None:
    """Raise errors.BadInput where a filter of few values is given another: nothing could pass it, or all would."""
    for wanted in query.filters:
        known = VALUES.get(wanted.key, ())
        if not known or wanted.value.lower() in known:
            continue
        near = _closest(wanted.value.lower(), known, 0.6)
        meant = f"did you mean {wanted.key}:{near[0]}; " if near else ""
        raise BadInput(f"no {wanted.key} {wanted.value!r}", f"{meant}known: {', '.join(known)}")


def say_doubts(state: State, query: Query, found: Iterable[Session] = (), *, option: object = None) -> None:
    """Tell what may be misspelt; errors.BadInput where an agent named by --agent is not known."""
    for doubt in unknown_filters(query):
        state.talk(doubt)
    for key in sorted({f.key for f in query.filters if f.key in ("role", "kind")} if not query.has_words else ()):
        state.talk(f"{key}: says where words may stand, and no word is there: it leaves nothing out")
    seen = {s.agent for s in found}
    for wanted in query.filters:
        if wanted.key == "agent" and wanted.value.lower() not in seen:
            _say_agent(state, wanted, option)


def _say_agent(state: State, wanted: Filter, option: object) -> None:
    known = {*state.workspace.sources, *(s.agent for s in state.workspace.sessions.find(empty=True))}
    if wanted.value.lower() in known:
        return
    near = _closest(wanted.value.lower(), sorted(known), 0.5)
    if option == wanted.value:
        hint = f"did you mean {near[0]}" if near else f"known: {', '.join(sorted(known))}"
        raise BadInput(f"no agent {wanted.value!r}", hint)
    state.talk(
        f"no agent '{wanted.value}'; "
        + (f"did you mean agent:{near[0]}" if near else f"known: {', '.join(sorted(known))}")
    )


def _closest(word: str, among: Sequence[str], cutoff: float) -> list[str]:
    import difflib

    return difflib.get_close_matches(word, among, n=1, cutoff=cutoff)


def only_excluded(query: Query) -> BadInput | None:
    """Return why a query that only leaves words out cannot be answered, and what can."""
    if query.has_words or not query.excluded:
        return None
    word = query.excluded[0].text
    return BadInput(
        f"-{word} only leaves a word out, and no word is there to find",
        f"holdfast search WORD -- -{word}; for the text itself: holdfast search '\"-{word}\"'",
    )
