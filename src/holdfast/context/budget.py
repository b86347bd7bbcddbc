"""How a model's window is shared between what it is told: stated shares, with a most for each, and room for the answer.

Knows numbers; refuses to know texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from msgspec import Struct

from holdfast.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["preferences", "history", "map", "highlights", "files", "commands", "todo", "decisions", "conversation"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they are told."""
WINDOW = 32_768
"""Tokens of a window where nobody knows the model's."""
ANSWER_SHARE, MOST_ANSWER = 0.25, 8_192
SHARES: Mapping[Kind, tuple[float, int]] = {
    "preferences": (0.03, 600),
    "history": (0.10, 2_000),
    "map": (0.08, 1_000),
    "highlights": (0.06, 800),
    "files": (0.03, 500),
    "commands": (0.05, 1_500),
    "todo": (0.02, 400),
    "decisions": (0.03, 600),
}
"""Of what is left beside the answer: the share of each, and the most tokens it ever gets. The conversation gets the rest."""


class Budget(Struct, frozen=True, kw_only=True):
    """Tokens in all, kept for the answer, and for each kind."""

    window: int
    total: int
    answer: int
    shares: dict[Kind, int]


def of_window(window: int | None = None, budget: int | None = None) -> Budget:
    """Share a window, or the given number of tokens of it; errors.BadInput for numbers that leave nothing."""
    known = WINDOW if window is None else window
    if known <= 0 or (budget is not None and budget <= 0):
        raise BadInput("a budget must be more than 0 tokens", "give a number, for example 8000")
    answer = min(round(known * ANSWER_SHARE), MOST_ANSWER)
    total = known - answer if budget is None else min(budget, known - answer)
    shares: dict[Kind, int] = {kind: min(round(total * share), most) for kind, (share, most) in SHARES.items()}
    shares["conversation"] = total - sum(shares.values())
    return Budget(window=known, total=total, answer=answer, shares=shares)
