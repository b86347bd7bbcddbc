"""Names of adapters and where they live; listing names imports nothing.

Third parties register through the entry-point groups `holdfast.sources`, `holdfast.stores`, `holdfast.formats` and
`holdfast.imports` (files of other programs, which are only read); these are looked at only when a name is not built in,
or when all adapters are asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, MutableMapping
from importlib import import_module
from typing import Any

from holdfast.errors import BadInput

SOURCES: dict[str, str] = {
    "claude-code": "holdfast.sources.claude_code:ClaudeCode",
    "codex": "holdfast.sources.codex:Codex",
    "gemini-cli": "holdfast.sources.gemini_cli:GeminiCli",
    "copilot-cli": "holdfast.sources.copilot_cli:CopilotCli",
    "opencode": "holdfast.sources.opencode:OpenCode",
    "aider": "holdfast.sources.aider:Aider",
    "pi": "holdfast.sources.pi:Pi",
    "kiro-cli": "holdfast.sources.kiro_cli:KiroCli",
    "mistral-vibe": "holdfast.sources.mistral_vibe:MistralVibe",
    "antigravity": "holdfast.sources.antigravity:Antigravity",
    "amp": "holdfast.sources.amp:Amp",
    "cline": "holdfast.sources.cline:Cline",
    "continue": "holdfast.sources.continue_dev:Continue",
    "crush": "holdfast.sources.crush:Crush",
    "cursor": "holdfast.sources.cursor:Cursor",
    "factory-droid": "holdfast.sources.factory_droid:FactoryDroid",
    "goose": "holdfast.sources.goose:Goose",
    "grok": "holdfast.sources.grok:Grok",
    "hermes": "holdfast.sources.hermes:Hermes",
    "iflow": "holdfast.sources.iflow:IFlow",
    "kilo": "holdfast.sources.kilo:Kilo",
    "kimi": "holdfast.sources.kimi:Kimi",
    "llm": "holdfast.sources.llm:Llm",
    "lm-studio": "holdfast.sources.lm_studio:LmStudio",
    "open-webui": "holdfast.sources.open_webui:OpenWebUi",
    "qwen-code": "holdfast.sources.qwen_code:QwenCode",
    "roo-code": "holdfast.sources.roo_code:RooCode",
    "traex": "holdfast.sources.traex:TraeX",
    "visualstudio-copilot": "holdfast.sources.visualstudio_copilot:VisualStudioCopilot",
    "vscode-copilot-chat": "holdfast.sources.vscode_copilot_chat:VsCodeCopilotChat",
    "zed": "holdfast.sources.zed:Zed",
}
STORES: dict[str, str] = {
    "sqlite": "holdfast.stores.sqlite:SqliteStore",
    "memory": "holdfast.stores.inmemory:InMemoryStore",
}
FORMATS: dict[str, str] = {
    "json": "holdfast.interchange.json:JsonFormat",
    "yaml": "holdfast.interchange.yaml:YamlFormat",
    "markdown": "holdfast.interchange.markdown:MarkdownFormat",
    "native": "holdfast.interchange.native:NativeFormat",
    "html": "holdfast.interchange.html:HtmlFormat",
    "jsonl": "holdfast.interchange.jsonl:JsonLinesFormat",
    "csv": "holdfast.interchange.csv:CsvFormat",
    "toon": "holdfast.interchange.toon:ToonFormat",
    "anyllm": "holdfast.interchange.anyllm:AnyLlmFormat",
    "snapshot": "holdfast.interchange.snapshot:SnapshotFormat",
}
IMPORTS: dict[str, str] = {
    "chatgpt": "holdfast.interchange.chatgpt:ChatGptExport",
    "claude-ai": "holdfast.interchange.claude_ai:ClaudeAiExport",
    "session-context": "holdfast.interchange.session_context:SessionContext",
    "agentry": "holdfast.interchange.agentry:AgentryImport",
    "anyllm-project": "holdfast.interchange.anyllm:AnyLlmImport",
    "prellm": "holdfast.interchange.prellm:PrellmImport",
    "prellm-snapshot": "holdfast.interchange.snapshot:SnapshotImport",
    "chroma": "holdfast.interchange.chroma:ChromaImport",
    "llm-session-manager": "holdfast.interchange.llm_sm:LlmSmImport",
}
_BUILT_IN = {"sources": SOURCES, "stores": STORES, "formats": FORMATS, "imports": IMPORTS}


def names(group: str) -> tuple[str, ...]:
    """Return the built-in names of a group (sources, stores, formats, imports), in their fixed order."""
    return tuple(_BUILT_IN[group])


def load(group: str, name: str) -> Any:  # noqa: ANN401 - each caller knows the protocol it asked for
    """Import and return an adapter class; errors.BadInput suggests the nearest name."""
    target = _BUILT_IN[group].get(name) or _third_party(group).get(name)
    if target is None:
        import difflib  # noqa: PLC0415 - only for suggestions

        near = difflib.get_close_matches(name, names(group), n=3)
        known = ", ".join(near or names(group))
        raise BadInput(f"no {group[:-1]} named {name!r}", f"did you mean: {known}")
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


class Lazily(MutableMapping[str, Any]):
    """Adapters of a group by name, each imported and made when it is first asked for; names and tests load nothing."""

    def __init__(self, group: str, known: tuple[str, ...]) -> None:
        """Take the names that count."""
        self._group, self._names = group, dict.fromkeys(known)
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - each caller knows the protocol it asked for
        """Return one adapter."""
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = load(self._group, name)()
        return self._made[name]

    def __setitem__(self, name: str, adapter: Any) -> None:  # noqa: ANN401 - whatever keeps the protocol
        """Put another adapter in a name's place."""
        self._names[name], self._made[name] = None, adapter

    def __delitem__(self, name: str) -> None:
        """Take a name out."""
        del self._names[name]
        self._made.pop(name, None)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is one of that name."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._names)

    def __len__(self) -> int:
        """Count them."""
        return len(self._names)


def third_party(group: str) -> tuple[str, ...]:
    """Return the names that other packages registered."""
    return tuple(_third_party(group))


def is_extended(group: str) -> bool:
    """Tell whether any installed package names a group: a look at their files takes a few milliseconds, a scan 48."""
    section = f"[holdfast.{group}]".encode()
    for folder in dict.fromkeys(sys.path):
        try:
            with os.scandir(folder or ".") as found:
                packages = [entry.path for entry in found if entry.name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue  # an archive, or a folder that is gone: it holds no installed package
        if any(section in _entry_points(package) for package in packages):
            return True
    return False


def _entry_points(package: str) -> bytes:
    try:
        with open(f"{package}/entry_points.txt", "rb") as stream:  # noqa: PTH123 - a hundred of them at every start
            return stream.read()
    except OSError:
        return b""  # a package without entry points


def _third_party(group: str) -> dict[str, str]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - scanning packages costs 48 ms, wanted only here

    return {e.name: e.value for e in entry_points(group=f"holdfast.{group}")}
