"""Where each agent keeps its hooks, and what of ours goes there.

Checked against the agents' own documentation as it was in November 2026: Claude Code, Gemini CLI and Codex read events with
groups of hooks, Cursor (1.7 or later) events with hooks, Copilot CLI every file in a folder, OpenCode plugins.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct

AGENTS = ("claude-code", "codex", "gemini-cli", "copilot-cli", "opencode", "cursor")
NAMES = {"claude": "claude-code", "gemini": "gemini-cli", "copilot": "copilot-cli"} | {a: a for a in AGENTS}
_CLAUDE = (
    *("SessionStart", "UserPromptSubmit", "PreToolUse", "PermissionRequest", "PostToolUse", "PostToolUseFailure"),
    *("Notification", "Stop", "StopFailure", "PreCompact", "PostCompact", "SessionEnd"),
)
_CODEX = (
    *("SessionStart", "UserPromptSubmit", "PreToolUse", "PermissionRequest", "PostToolUse"),
    *("PreCompact", "PostCompact", "Stop", "Interrupt", "SessionEnd"),
)
_GEMINI = ("SessionStart", "BeforeAgent", "BeforeTool", "AfterTool", "Notification", "AfterAgent", "SessionEnd")
_COPILOT = (
    *("sessionStart", "userPromptSubmitted", "preToolUse", "postToolUse", "postToolUseFailure"),
    *("notification", "agentStop", "errorOccurred", "sessionEnd"),
)
_CURSOR = ("sessionStart", "beforeSubmitPrompt", "postToolUse", "stop", "sessionEnd")
EVENTS = {
    "claude-code": _CLAUDE, "codex": _CODEX, "gemini-cli": _GEMINI, "copilot-cli": _COPILOT,
    "opencode": ("event",), "cursor": _CURSOR,
}  # fmt: skip
SECONDS = 3
"""How long an agent waits for a hook that does not end; it ends in a fiftieth of that."""
PLUGIN = """\
// Tells Holdfast what the sessions of OpenCode do. Taken out again by: holdfast hooks remove opencode
import { spawn } from "node:child_process"

const COMMAND = %s

function tell(payload) {
  try {
    const child = spawn(COMMAND[0], COMMAND.slice(1), { stdio: ["pipe", "ignore", "ignore"], detached: true })
    child.on("error", () => {})
    child.stdin.on("error", () => {})
    child.stdin.end(JSON.stringify(payload))
    child.unref()
  } catch {}
}

const TOLD = /^(session\\.(status|idle|error|deleted)|(permission|question)\\.)/

export const Holdfast = async ({ directory }) => ({
  event: async ({ event }) => {
    if (!TOLD.test(event?.type ?? "")) return
    const told = event.properties ?? {}
    const sessionID = told.sessionID ?? told.info?.id
    if (!sessionID) return
    tell({
      type: event.type,
      sessionID,
      cwd: directory,
      status: told.status?.type,
      error: told.error?.name,
      permission: told.permission ?? told.type,
      holdfast_at: Date.now(),
    })
  },
})
"""


class Target(Struct, frozen=True, kw_only=True):
    """One agent's file: what form it has, and the folder without which the agent was never here."""

    agent: str
    path: Path
    form: Literal["groups", "flat", "own"]
    homes: tuple[Path, ...]
    note: str = ""


def target(agent: str, env: Mapping[str, str], home: Path) -> Target:
    """Return where an agent's hooks go on this machine."""

    def folder(variable: str, usual: Path) -> Path:
        return Path(env[variable]).expanduser() if env.get(variable) else usual

    if agent == "claude-code":
        base = folder("CLAUDE_CONFIG_DIR", home / ".claude")
        return Target(agent=agent, path=base / "settings.json", form="groups", homes=(base,))
    if agent == "codex":
        base = folder("CODEX_HOME", home / ".codex")
        note = "Codex runs new hooks only once you trust them: type /hooks in it"
        return Target(agent=agent, path=base / "hooks.json", form="groups", homes=(base,), note=note)
    if agent == "gemini-cli":
        base = folder("GEMINI_CLI_HOME", home) / ".gemini"
        return Target(agent=agent, path=base / "settings.json", form="groups", homes=(base,))
    if agent == "copilot-cli":
        base = folder("COPILOT_HOME", home / ".copilot")
        return Target(agent=agent, path=base / "hooks" / "holdfast.json", form="own", homes=(base,))
    if agent == "cursor":
        base = home / ".cursor"
        note = "Cursor has no hook for its questions: waiting is told from its files alone"
        return Target(agent=agent, path=base / "hooks.json", form="flat", homes=(base,), note=note)
    base = folder("OPENCODE_CONFIG_DIR", folder("XDG_CONFIG_HOME", home / ".config") / "opencode")
    homes = (base, folder("XDG_DATA_HOME", home / ".local" / "share") / "opencode")
    return Target(agent=agent, path=base / "plugins" / "holdfast.js", form="own", homes=homes)


def program(data: Path, env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command line of `holdfast-hook`, with the data folder where it is not the usual one."""
    beside = Path(sys.executable).with_name("holdfast-hook.exe" if sys.platform == "win32" else "holdfast-hook")
    words = (str(beside),) if beside.exists() else (sys.executable, "-m", "holdfast.hooks")
    moved = env.get("HOLDFAST_HOME") or env.get("XDG_DATA_HOME")
    return (*words, "--data", str(data)) if moved else words


def shell_line(words: Sequence[str], agent: str, event: str = "") -> str:
    """Return what an agent's shell runs: it names the agent's process, and is silent where Holdfast is gone."""
    head, options = words[: _length(words)], words[_length(words) :]
    whole = (*head, agent, *([event] if event else ()), *options)
    if sys.platform == "win32":
        return subprocess.list2cmdline(whole)
    return f"{shlex.join(whole)} --pid $PPID 2>/dev/null || true"


def is_ours(command: object, agent: str) -> bool:
    """Tell whether a command is our hook for an agent, of whatever version and wherever it was installed."""
    pattern = rf"(?:\bholdfast-hook(?:\.exe)?['\"]?|-m holdfast\.hooks) {re.escape(agent)}(?:\s|$)"
    return isinstance(command, str) and re.search(pattern, command) is not None


def hook(agent: str, words: Sequence[str]) -> dict[str, Any]:
    """Return one hook as the agent's file holds it."""
    line = shell_line(words, agent)
    if agent == "cursor":
        return {"command": line, "timeout": SECONDS}
    if agent == "gemini-cli":
        return {"hooks": [{"name": "holdfast", "type": "command", "command": line, "timeout": SECONDS * 1000}]}
    return {"hooks": [{"type": "command", "command": line, "timeout": SECONDS}]}


def own_file(agent: str, words: Sequence[str]) -> str:
    """Return the whole file that is ours."""
    if agent == "opencode":
        head, options = words[: _length(words)], words[_length(words) :]
        return PLUGIN % json.dumps([*head, agent, *options])
    events = {
        event: [{"type": "command", "bash": shell_line(words, agent, event), "timeoutSec": SECONDS}]
        for event in _COPILOT
    }
    return json.dumps({"version": 1, "hooks": events}, indent=2) + "\n"


def _length(words: Sequence[str]) -> int:
    return words.index("--data") if "--data" in words else len(words)
