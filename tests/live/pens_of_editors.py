"""Pens of chats inside editors, whose stores name no process: Copilot Chat in VS Code, and Cursor's own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.contracts.samples import cursor as cursor_home
from tests.live.pens import Pen, append
from tests.live.world import iso


class CopilotChat(Pen):
    """Writes VS Code's log of changes to a chat."""

    agent, argv = "vscode-copilot-chat", ("/usr/share/code/code",)

    @property
    def folder(self) -> Path:
        return self.world.home / ".config" / "Code" / "User" / "workspaceStorage" / f"{self.number:08x}"

    def write(self, ago: float, **change: Any) -> None:
        path = self.folder / "chatSessions" / f"{self.native}.jsonl"
        if self.count() == 1:
            began = {"version": 3, "sessionId": self.native, "creationDate": int(self.at(ago) * 1000), "requests": []}
            append(path, {"kind": 0, "v": began}, at=self.at(ago))
            (self.folder / "workspace.json").write_text(json.dumps({"folder": f"file://{self.cwd}"}))
            self.turns = 0
        append(path, change, at=self.at(ago))

    def prompt(self, ago: float = 5) -> None:
        key = f"request_{self.number}_{self._count}"
        facts = {"requestId": key, "timestamp": int(self.at(ago) * 1000), "modelId": "copilot/claude-sonnet-4"}
        facts |= {"message": {"text": "Why does the build fail?", "parts": []}, "response": []}
        self.write(ago, kind=2, k=["requests"], v=[facts])
        self.turns += 1

    def finish(self, ago: float = 2) -> None:
        place = ["requests", self.turns - 1]
        self.write(ago, kind=2, k=[*place, "response"], v=[{"value": "A rule is missing."}])
        done = {"timings": {"totalElapsed": 5000}, "metadata": {"promptTokens": 1000, "outputTokens": 50}}
        self.write(ago, kind=1, k=[*place, "result"], v=done)


class CursorEditor(Pen):
    """Writes Cursor's conversations of the editor."""

    agent, argv = "cursor", ("/opt/Cursor/cursor",)

    @property
    def path(self) -> Path:
        return self.world.home / ".config" / "Cursor" / "User" / "globalStorage" / "state.vscdb"

    def write(self, ago: float, kind: int, text: str, status: str) -> None:
        self.bubbles = [*getattr(self, "bubbles", []), f"{self.number:08x}-bbbb-4bbb-8bbb-{self.count():012d}"]
        tables = () if self.path.exists() else ("ItemTable", "cursorDiskKV")
        db = cursor_home.database(self.path, *tables)
        more = {"tokenCount": {"inputTokens": 1200, "outputTokens": 80}} if kind == 2 else {}
        bubble = cursor_home.bubble(self.bubbles[-1], kind, text, createdAt=iso(self.at(ago)), **more)
        cursor_home.put(db, f"bubbleId:{self.native}:{self.bubbles[-1]}", bubble)
        place = {"uri": {"fsPath": str(self.cwd)}}
        facts = {"lastUpdatedAt": int(self.at(ago) * 1000), "status": status, "workspaceIdentifier": place}
        cursor_home.put(db, f"composerData:{self.native}", cursor_home.composer(*self.bubbles, **facts))
        db.close()
        os.utime(self.path, (self.at(ago), self.at(ago)))

    def prompt(self, ago: float = 5) -> None:
        self.write(ago, 1, "Why does the build fail?", "generating")

    def finish(self, ago: float = 2) -> None:
        self.write(ago, 2, "It lacks a rule.", "completed")
