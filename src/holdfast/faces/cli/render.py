"""Draws tables and numbers from items. Given results, knows nothing of where they come from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from holdfast.faces.cli._terminal import columns, fit, padded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from holdfast.faces.cli._terminal import Paint
    from holdfast.faces.cli.documents import SessionItem, Tokens
    from holdfast.model import TokensKind, Usage

GAP = "  "
LEAST = 22
"""Columns below which the column that gives way does not shrink: another is dropped before."""
_SPANS = ((60, "s", 1), (3600, "m", 60), (86400, "h", 3600), (86400 * 14, "d", 86400), (86400 * 61, "w", 604800))
_CENT = 0.01
_MONTH, _YEAR = 2_629_800, 31_557_600
_THOUSAND, _MILLION, _BILLION = 1_000, 1_000_000, 1_000_000_000


class Column(NamedTuple):
    """A column: its head, which side its cells stand on, the most it may take, and when it is dropped (lowest first)."""

    head: str
    right: bool = False
    most: int = 0
    keep: int = 9
    style: tuple[str, ...] = ()
    gives_way: bool = False


def table(shape: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int | None, paint: Paint) -> str:
    """Align rows of safe cells below their heads; with a width, drop and cut what does not fit."""
    cells = [[row[i] for row in rows] for i in range(len(shape))]
    widths = [_width(column, found) for column, found in zip(shape, cells, strict=True)]
    shown = _shown(shape, widths, width)
    drawn = [_drawn(shape[i], cells[i], widths[i], paint=paint) for i in shown]
    return "".join(f"{GAP.join(line).rstrip()}\n" for line in zip(*drawn, strict=True))


def _width(column: Column, cells: Sequence[str]) -> int:
    """Return what a column needs: nothing where none of its cells says anything."""
    widest = max(map(len if "".join(cells).isascii() else columns, cells), default=0)
    return min(max(widest, columns(column.head)), column.most or widest + 99) if widest else 0


def _shown(shape: Sequence[Column], widths: list[int], width: int | None) -> list[int]:
    """Choose the columns that fit, and shrink those that give way, the last one first."""
    shown = [i for i in range(len(shape)) if widths[i]]
    while width is not None:
        over = sum(widths[i] for i in shown) + len(GAP) * (len(shown) - 1) - width
        if over <= 0:
            break
        elastic = [i for i in reversed(shown) if shape[i].gives_way]
        if sum(max(0, widths[i] - LEAST) for i in elastic) >= over:
            _squeeze(widths, elastic, over)
            break
        least = min(shown, key=lambda i: shape[i].keep)
        if shape[least].keep >= 9:  # noqa: PLR2004 - 9 is never dropped
            _squeeze(widths, elastic, over)
            break
        shown.remove(least)
    return shown


def _squeeze(widths: list[int], elastic: Sequence[int], over: int) -> None:
    """Take so many columns from those that give way, each as far as it can, but first what it has above the least."""
    for least in (LEAST, 1):
        for i in elastic:
            taken = max(0, min(over, widths[i] - least))
            widths[i] -= taken
            over -= taken


def _drawn(column: Column, cells: Sequence[str], width: int, *, paint: Paint) -> list[str]:
    """Fill a column's cells to its width, its head first."""
    if "".join(cells).isascii():
        cut = [c if len(c) <= width else fit(c, width) for c in (column.head, *cells)]
        filled = [c.rjust(width) for c in cut] if column.right else [c.ljust(width) for c in cut]
    else:
        filled = [padded(fit(c, width), width, right=column.right) for c in (column.head, *cells)]
    if not paint.on:
        return filled
    return [paint(filled[0], "dim"), *(paint(c, *column.style) for c in filled[1:])]


def age(at: int | None, now: float | None = None) -> str:
    """Say how long ago something was, in one number."""
    if at is None:
        return "-"
    return span((time.time() if now is None else now) - at / 1000)


def span(seconds: float) -> str:
    """Write a span in its largest unit."""
    gone = abs(int(seconds))
    for limit, unit, size in _SPANS:
        if gone < limit:
            return f"{gone // size}{unit}"
    return f"{gone // _MONTH}mo" if gone < _YEAR else f"{gone // _YEAR}y"


def count(number: int) -> str:
    """Write a count in at most five characters."""
    if number < 10 * _THOUSAND:
        return str(number)
    for size, unit in ((_THOUSAND, "k"), (_MILLION, "M"), (_BILLION, "G")):
        if number < 1000 * size:
            return (
                f"{number / size:.1f}{unit}" if number < 100 * size and size > _THOUSAND else f"{number // size}{unit}"
            )
    return f"{number // _BILLION}G"


def full(number: int) -> str:
    """Write a count with every digit, grouped."""
    return f"{number:,}"


def total(tokens: Tokens | Usage) -> int:
    """Add what never overlaps."""
    return tokens.input + tokens.cache_read + tokens.cache_write + tokens.output


def dollars(
    cost: Decimal | str | None, unpriced: Sequence[str] = (), *, kind: TokensKind = "reported", requests: int = 1
) -> str:
    """Write a cost: `?` where it is unknown, `+` where some models are without a price, `~` where tokens are estimated."""
    if cost is None:
        return "?" if requests else "-"
    value = float(cost)
    text = f"${value:,.2f}" if value >= _CENT or value == 0 else "<$0.01"
    return ("~" if kind == "estimated" else "") + text + ("+" if unpriced else "")


def tokens_short(tokens: int, kind: TokensKind) -> str:
    """Write the sum of tokens, marked where it is an estimate."""
    if kind == "none":
        return "-"
    return ("~" if kind == "estimated" else "") + count(tokens)


def project_name(path: str) -> str:
    """Shorten a project to its last folder."""
    return path.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1] or path


def several(number: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{full(number)} {noun}{'' if number == 1 else 's'}"


def exact_cost(item: SessionItem) -> str:
    """Write what a session cost to the last cent, beyond it below a dollar, and no closer than every list below a cent."""
    if item.cost_usd is None or not _CENT <= float(item.cost_usd) < 1:
        return cost_of(item)
    return f"{'~' if item.tokens_kind == 'estimated' else ''}${float(item.cost_usd):.4f}{'+' if item.unpriced_models else ''}"


def cost_of(item: SessionItem) -> str:
    """Write what a session cost."""
    return dollars(item.cost_usd, item.unpriced_models, kind=item.tokens_kind, requests=item.requests)
