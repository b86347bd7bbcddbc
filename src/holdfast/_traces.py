"""Traces of agents: whether one can have left anything on this machine, told without loading its reader.

Knows folders below a home and names of environment variables; refuses to know what lies in them. Each reader takes some
milliseconds to load, and most people use three of thirty agents. A reader without traces here is always loaded.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SUPPORT = "Library/Application Support"
_EDITORS = (
    "Code",
    "Code - Insiders",
    "Code - OSS",
    "Code - Exploration",
    "Cursor",
    "Positron",
    "Trae",
    "VSCodium",
    "Windsurf",
)
_SERVERS = (
    ".cursor-server", ".vscode-remote", ".vscode-server", ".vscode-server-insiders", ".vscodium-server", ".windsurf-server",
)  # fmt: skip
_CONFIG, _DATA, _CACHE = "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"


def _editors(rest: str) -> tuple[str, ...]:
    """Return a place in the folders of every editor of the VS Code family."""
    homes = [f"{base}/{name}" for base in (".config", _SUPPORT) for name in _EDITORS]
    return tuple(f"{home}/User{rest}" for home in homes) + tuple(f"{server}/data/User{rest}" for server in _SERVERS)


def _extension(name: str) -> tuple[str, ...]:
    return _editors(f"/globalStorage/{name}")


FOLDERS: dict[str, tuple[str, ...]] = {
    "claude-code": (".claude", ".config/Claude", f"{_SUPPORT}/Claude"),
    "codex": (".codex",),
    "gemini-cli": (".gemini",),
    "copilot-cli": (".copilot",),
    "opencode": (".local/share/opencode",),
    "pi": (".pi", ".omp", ".prime"),
    "kiro-cli": (
        ".kiro", ".local/share/kiro-cli", ".local/share/amazon-q", f"{_SUPPORT}/kiro-cli", f"{_SUPPORT}/amazon-q",
    ),
    "mistral-vibe": (".vibe",),
    "antigravity": (".gemini/antigravity", ".gemini/antigravity-cli", ".gemini/antigravity-ide"),
    "goose": (".local/share/goose",),
    "crush": (".local/share/crush",),
    "zed": (".local/share/zed", ".var/app/dev.zed.Zed", f"{_SUPPORT}/Zed"),
    "llm": (".config/io.datasette.llm", f"{_SUPPORT}/io.datasette.llm"),
    "traex": (".trae",),
    "grok": (".grok",),
    "hermes": (".hermes",),
    "amp": (".local/share/amp",),
    "lm-studio": (".lmstudio", ".cache/lm-studio"),
    "open-webui": (
        "/app/backend/data", ".open-webui", ".config/open-webui", ".config/Open WebUI", f"{_SUPPORT}/open-webui",
        f"{_SUPPORT}/Open WebUI",
    ),
    "iflow": (".iflow",),
    "cursor": (".cursor", ".config/cursor", ".config/Cursor", f"{_SUPPORT}/Cursor"),
    "cline": (".cline", *_extension("saoudrizwan.claude-dev")),
    "roo-code": (
        ".vscode-mock", *_extension("rooveterinaryinc.roo-cline"), *_extension("zoocodeorganization.zoo-code"),
    ),
    "kilo": (".kilocode", ".local/share/kilo", *_extension("kilocode.kilo-code")),
    "continue": (".continue",),
    "qwen-code": (".qwen",),
    "factory-droid": (".factory",),
    "kimi": (".kimi", ".kimi-code"),
    "vscode-copilot-chat": _editors(""),
    "visualstudio-copilot": (".cache/VSGitHubCopilotLogs", "Library/Caches/VSGitHubCopilotLogs"),
}  # fmt: skip
"""Folders below the home (or absolute); one of them exists where the agent ever ran."""
VARIABLES: dict[str, tuple[str, ...]] = {
    "claude-code": ("CLAUDE_CONFIG_DIR", _CONFIG),
    "codex": ("CODEX_HOME",),
    "gemini-cli": ("GEMINI_CLI_HOME",),
    "copilot-cli": ("COPILOT_HOME",),
    "opencode": ("OPENCODE_DB", _DATA),
    "pi": ("PI_CODING_AGENT_SESSION_DIR", "PI_CODING_AGENT_DIR"),
    "kiro-cli": ("KIRO_HOME", _DATA),
    "mistral-vibe": ("VIBE_HOME",),
    "goose": ("GOOSE_PATH_ROOT", _DATA),
    "crush": ("CRUSH_GLOBAL_DATA", _DATA),
    "zed": ("FLATPAK_XDG_DATA_HOME", _DATA),
    "llm": ("LLM_USER_PATH", _CONFIG),
    "grok": ("GROK_HOME",),
    "hermes": ("HERMES_HOME",),
    "amp": ("AMP_DATA_DIR", _DATA),
    "open-webui": ("DATA_DIR", "DATABASE_URL", _CONFIG, _DATA),
    "cursor": ("CURSOR_CONFIG_DIR", _CONFIG),
    "cline": ("CLINE_SESSION_DATA_DIR", "CLINE_DATA_DIR", "CLINE_DIR", _CONFIG),
    "roo-code": (_CONFIG,),
    "kilo": ("KILO_DB", _DATA, _CONFIG),
    "continue": ("CONTINUE_GLOBAL_DIR",),
    "qwen-code": ("QWEN_RUNTIME_DIR", "QWEN_HOME"),
    "kimi": ("KIMI_CODE_HOME", "KIMI_SHARE_DIR"),
    "vscode-copilot-chat": ("VSCODE_PORTABLE", _CONFIG),
    "visualstudio-copilot": ("LOCALAPPDATA", _CACHE),
}
"""Variables that move an agent's files: where one is set, its reader is asked."""


def left(agent: str, *, env: Mapping[str, str], home: Path, platform: str) -> bool:
    """Tell whether an agent can have left something here; True where nothing is known of it."""
    folders = FOLDERS.get(agent)
    if folders is None or platform == "win32" or any(env.get(name) for name in VARIABLES.get(agent, ())):
        return True
    return any(map(os.path.exists, _below(home, folders)))


def _below(home: Path, folders: tuple[str, ...]) -> Iterator[str]:
    base = str(home)
    return (os.path.join(base, folder) for folder in folders)  # noqa: PTH118 - a Path costs more than its stat
