"""The pages of details beside the list: files touched, commands run, health. Pure, and everything made harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from holdfast.faces._text import fit, padded, safe_line
from holdfast.faces.tui.cells import FULL, age, gauge, name_of, state_of
from holdfast.faces.tui.lines import Line, wrapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.model import CommandRun, FileTouch
    from holdfast.model.live import BoardRow, Health

Page = Literal["transcript", "files", "commands", "health"]
PAGES: tuple[Page, ...] = ("transcript", "files", "commands", "health")
GRADES = {"healthy": "good", "warning": "warn", "critical": "bad"}
TENTHS = 10


def files(touches: Sequence[FileTouch], width: int) -> list[Line]:
    """List the files a session touched, the last first, each once."""
    seen: dict[str, list[FileTouch]] = {}
    for touch in reversed(touches):
        seen.setdefault(touch.path, []).append(touch)
    lines = []
    for path, found in seen.items():
        added, removed = sum(t.added for t in found), sum(t.removed for t in found)
        changed = f"+{added} -{removed}" if added or removed else ""
        head = f"{padded('/'.join(sorted({t.action for t in found})), 11)} {padded(changed, 9)} "
        lines.append(Line(head + _end_of(safe_line(path), width - len(head)), "said"))
    return lines or [Line("no files touched", "thinking")]


def commands(runs: Sequence[CommandRun], width: int) -> list[Line]:
    """List the commands a session ran, the last first, with how each ended."""
    lines = []
    for run in reversed(runs):
        ending = "failed" if run.error and run.exit is None else "" if run.exit is None else str(run.exit)
        text = f"{padded(ending, 6, right=True)} {safe_line(run.command[:1000])}"
        lines.append(Line(fit(text, width), "failed" if run.error or run.exit else "said"))
    return lines or [Line("no commands run", "thinking")]


def health(row: BoardRow, found: Health | None, now: int, width: int) -> list[Line]:
    """Say what a session is, how it is, on what evidence, and what to do."""
    session, live = row.session, row.live
    lines = [
        Line(name_of(row), "title"),
        Line(f"{state_of(live)}  confidence {live.confidence:.0%}  {age(live.since, now)}", "said"),
        Line(f"{safe_line(session.agent)}  {safe_line(', '.join(session.models))}  {session.id}", "thinking"),
        Line(safe_line(f"{session.cwd or session.project}  {session.branch}"), "thinking"),
        Line(
            f"context {gauge(row.context).text.strip() or 'unknown'}  {session.rollup.messages:,} messages", "thinking"
        ),
    ]
    if live.process is not None:
        where = " ".join(safe_line(w) for w in (live.process.tty, live.process.pane) if w)
        lines.append(Line(f"process {live.process.pid}  {where}", "thinking"))
    if live.needs:
        lines += [Line(t, "bad") for t in wrapped(safe_line(f"needs: {live.needs}"), width)]
    lines += [
        Line(t, "thinking")
        for e in live.evidence
        for t in wrapped(safe_line(f"{e.kind}: {e.state}. {e.detail}"), width)
    ]
    if found is None:
        return lines
    lines += [Line(""), Line(f"health {found.score:.0%}, {found.grade}", GRADES[found.grade])]
    for factor in found.factors:
        bar = padded(FULL * round(factor.score * TENTHS), TENTHS)
        lines.append(Line(fit(f"{bar} {factor.score:4.0%} {safe_line(factor.name.replace('_', ' '))}", width), "said"))
        lines += [Line(f"  {t}", "thinking") for t in wrapped(safe_line(factor.evidence), width - 2) if t]
    lines += [Line(t, "warn") for a in found.advice for t in wrapped(safe_line(a), width)]
    return lines


def _end_of(text: str, width: int) -> str:
    """Keep the end of a path, which says most."""
    return text if len(text) <= width else "\u2026" + text[len(text) - max(1, width - 1) :]
