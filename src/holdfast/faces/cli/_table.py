"""The command table: names, where each command lives, what it is for. Knows no command and imports nothing of them."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """One command: its section in the overview, its target as `module:function`, and one line of help."""

    section: str
    target: str
    summary: str


_HERE = "holdfast.faces.cli.commands"
COMMANDS: dict[str, Entry] = {
    "sync": Entry("Find and read", f"{_HERE}.sync:sync", "Read what is new or changed in every agent's files."),
    "list": Entry("Find and read", f"{_HERE}.sessions:list_sessions", "List sessions, last active first."),
    "list-projects": Entry(
        "Find and read", f"{_HERE}.projects:list_projects", "List projects, with what was done in each."
    ),
    "show": Entry(
        "Find and read", f"{_HERE}.sessions:show", "Show one session: its numbers, files, commands and conversation."
    ),
    "monitor": Entry(
        "Find and read", f"{_HERE}.monitor:monitor", "Watch the agents that run now, and which of them need you."
    ),
    "search": Entry("Find and read", f"{_HERE}.search:search", "Find words in everything said, called and returned."),
    "usage": Entry("Find and read", f"{_HERE}.usage:usage", "Count tokens, requests and cost."),
    "health": Entry("Watch", f"{_HERE}.health:health", "Score one session's health, factor by factor."),
    "recommend": Entry("Watch", f"{_HERE}.recommend:recommend", "Say which sessions need something, and what."),
    "export": Entry("Carry", f"{_HERE}.exchange:export", "Write sessions to a file, secrets masked."),
    "import": Entry("Carry", f"{_HERE}.exchange:import_file", "Read sessions from an exported file."),
    "session": Entry("Carry", f"{_HERE}.session:session", "Begin, list, export, import, clear and delete your own."),
    "restore": Entry("Carry", f"{_HERE}.restore:restore", "Give back the agent's own files of a session."),
    "resume": Entry("Carry", f"{_HERE}.restore:resume", "Go on with a session in its own agent."),
    "tag": Entry("Change", f"{_HERE}.edits:tag", "Add tags to a session."),
    "untag": Entry("Change", f"{_HERE}.edits:untag", "Remove tags from a session."),
    "set-project": Entry("Change", f"{_HERE}.edits:set_project", "Say which project a session belongs to."),
    "describe": Entry("Change", f"{_HERE}.tagging:describe", "Describe or name a session."),
    "auto-tag": Entry("Change", f"{_HERE}.tagging:auto_tag", "Propose tags for a session, and learn from the answers."),
    "tag-stats": Entry("Change", f"{_HERE}.tagging:tag_stats", "Show which proposed tags were accepted and rejected."),
    "delete": Entry("Change", f"{_HERE}.trash:delete", "Move sessions to the trash, for 30 days."),
    "undelete": Entry("Change", f"{_HERE}.trash:undelete", "Take sessions out of the trash."),
    "purge": Entry("Change", f"{_HERE}.trash:purge", "Erase sessions for good, and prove it."),
    "close": Entry("Change", f"{_HERE}.close:close", "Save sessions that run, and end them."),
    "batch": Entry("Change", f"{_HERE}.batch:batch", "Tag, export or close many sessions at once."),
    "hooks": Entry("Look after", f"{_HERE}.hooks:hooks", "Let agents tell what their sessions do."),
    "context": Entry(
        "Look after", f"{_HERE}.context:context", "Show what a model is told of the project here, and why."
    ),
    "preferences": Entry("Look after", f"{_HERE}.preferences:preferences", "List, set and forget what you prefer."),
    "config": Entry("Look after", f"{_HERE}.config:config", "Show and change settings."),
    "store": Entry("Look after", f"{_HERE}.store:store", "Verify and copy archives."),
    "doctor": Entry("Look after", f"{_HERE}.doctor:doctor", "Look for what is wrong, and say what mends it."),
    "info": Entry("Look after", f"{_HERE}.doctor:info", "Say where everything is kept."),
    "completion": Entry("Look after", f"{_HERE}.completion:completion", "Complete commands and names in your shell."),
    "demo": Entry("Look after", f"{_HERE}.demo:demo", "Try Holdfast on made-up sessions."),
}
ALIASES: dict[str, tuple[str, ...]] = {
    "batch-close": ("batch", "close"),
    "batch-export": ("batch", "export"),
    "batch-tag": ("batch", "tag"),
    "import-context": ("import",),
    "init-config": ("config", "init"),
    "show-config": ("config", "show"),
}
"""Names from the tools that Holdfast replaces; each prints its canonical form once on stderr."""


def overview() -> str:
    """Return what `holdfast --help` prints, from this table alone."""
    lines = ["Usage: holdfast [COMMAND] [OPTIONS]", "", "Keeps the sessions of every AI agent you run.", ""]
    width = max(map(len, COMMANDS))
    for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
        lines.append(f"{section}:")
        lines += [f"  {name:<{width}}  {e.summary}" for name, e in COMMANDS.items() if e.section == section]
        lines.append("")
    lines += [
        "Every command takes:",
        "  --json        Print one JSON document and nothing else on stdout.",
        "  --store URL   Use another archive (sqlite:////path, memory://).",
        "  --yes         Answer every question with yes.",
        "  --color WHEN  auto, always or never.",
        "  --no-pager    Print long output at once.",
        "",
        "`holdfast` alone lists your sessions. `holdfast COMMAND --help` says more, with examples and exit codes.",
    ]
    return "\n".join(lines) + "\n"
