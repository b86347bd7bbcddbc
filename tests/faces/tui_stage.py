"""A dashboard on a stage: an archive in memory, boards made by hand, and the screen as plain text."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from unittest.mock import patch

from holdfast.faces.tui.app import Dashboard
from holdfast.faces.tui.feed import News
from holdfast.faces.tui.screens import board as board_screen
from holdfast.model import Context, Message, Rollup, Session, Text, ToolCall, ToolResult, Transcript
from holdfast.model.live import Board, BoardRow, Evidence, Live
from holdfast.workspace import Workspace

NOW = 1_780_000_000_000
MINUTE = 60_000
PLAY = (
    ("aaaa", "working", "Fix the login", "shop", "claude-code", 40_000),
    ("bbbb", "waiting-permission", "Move the database", "shop", "codex", 170_000),
    ("cccc", "idle", "Write the release notes", "docs", "gemini-cli", 196_000),
    ("dddd", "ended", "Retry webhooks", "shop", "codex", None),
    ("eeee", "error", "Nightly backup", "infra", "claude-code", 130_000),
)


def ident(start: str) -> str:
    return (start * 4)[:16]


def session(start: str, title: str = "A title", project: str = "shop", agent: str = "codex", **more) -> Session:
    given = {"active": NOW - 3 * MINUTE, "rollup": Rollup(messages=3), "tags": ()} | more
    return Session(id=ident(start), agent=agent, native_id=start, title=title, project=f"/home/ada/{project}", **given)


def messages(title: str) -> list[Message]:
    return [
        Message(id="m0", role="user", parts=(Text(f"Please: {title}"),), at=NOW - 9000),
        Message(
            id="m1",
            role="assistant",
            parts=(Text("I look."), ToolCall("c1", "Bash", {"command": "pytest -q"}), ToolCall("c2", "Edit", {"file_path": "src/login.py"})),
            at=NOW - 8000,
        ),
        Message(id="m2", role="tool", parts=(ToolResult("c1", "3 failed\nall of them", error=True, exit_code=1), ToolResult("c2", "done")), at=NOW - 6000),
        Message(id="m3", role="assistant", parts=(Text("All is well now."),), at=NOW - 5000),
    ]  # fmt: skip


def row(start: str, state: str, title: str, project: str, agent: str, used: int | None) -> BoardRow:
    evidence = () if state == "ended" else (Evidence(kind="hook", state=state, at=NOW, detail="said so"),)
    needs = "May I drop the table?" if state == "waiting-permission" else ""
    return BoardRow(
        session=session(start, title, project, agent, status=state),
        live=Live(state=state, since=NOW - MINUTE, confidence=0.9, evidence=evidence, needs=needs),
        context=None if used is None else Context(used=used, limit=200_000, source="table"),
        burn=(0, 10, 40, 80, 0, 20, 60, 90, 100, 30, 0, 5) if state == "working" else (),
        tokens_per_minute=1234.0 if state == "working" else 0.0,
        cost_today="1.25" if state == "working" else None,
    )


def a_board(play=PLAY, **more) -> Board:
    rows = tuple(row(*each) for each in play)
    counts: dict[str, int] = {}
    for each in rows:
        counts[each.live.state] = counts.get(each.live.state, 0) + 1
    return Board(
        **({"at": NOW, "rows": rows, "counts": counts, "tokens_per_minute": 1234.0, "cost_today": "1.25"} | more)
    )


class Stage:
    """One dashboard in a terminal of a size."""

    def __init__(self, pilot, workspace) -> None:
        self.pilot = pilot
        self.app = pilot.app
        self.workspace = workspace

    async def settle(self) -> None:
        await self.pilot.pause()
        if self.app.screen is self.app.board:
            self.app.board.detail()
        for worker in list(self.app.workers):
            await worker.wait()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.pilot.press(key)
        await self.settle()

    async def type(self, text: str) -> None:
        names = {" ": "space", ":": "colon", "-": "minus", "/": "slash", ".": "full_stop"}
        await self.press(*(names.get(c, c) for c in text), "enter")

    async def take(self, board: Board, *alerts: str) -> None:
        self.app.take(News(board=board, alerts=alerts))
        await self.settle()

    @property
    def text(self) -> str:
        return "\n".join(strip.text.rstrip() for strip in self.app.screen._compositor.render_strips())

    @property
    def title(self) -> str:
        held = self.app.board.query_one("#rows").row
        return "" if held is None else held.session.title

    def styles(self):
        return [
            segment.style for strip in self.app.screen._compositor.render_strips() for segment in strip if segment.style
        ]


def play(scenario, *, size=(100, 30), board: Board | None = None, workspace: Workspace | None = None, tell=None):
    """Run a scenario on a stage; what the dashboard was left with is returned."""

    async def run():
        place = workspace or an_archive(board)
        app = Dashboard(place, interval=5, watching=False)
        async with app.run_test(size=size, notifications=True) as pilot:
            stage = Stage(pilot, place)
            await pilot.pause()
            await stage.take(a_board() if board is None else board)
            await scenario(stage)
        if tell is not None:
            tell.append(app.return_value)

    with patch.object(board_screen, "time", SimpleNamespace(time=lambda: NOW / 1000)):
        asyncio.run(run())


def an_archive(board: Board | None = None) -> Workspace:
    """Return a workspace whose store in memory holds the board's sessions."""
    place = Workspace.of_url("memory://")
    for each in (board or a_board()).rows:
        place.store.put(Transcript(session=each.session, messages=tuple(messages(each.session.title))))
    return place
