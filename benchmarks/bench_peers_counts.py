"""How many sessions and messages does each program find in one home of recorded sessions?

The home is made of the recordings (HOLDFAST_RECORDINGS) of every agent that agentsview reads too, each file under the name and
in the place where its agent writes it. What the differences come from: docs/explanation/agentsview-counts.md.

    python benchmarks/bench_peers_counts.py [--keep DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import apsw
from _measure import AGENTSVIEW, find_peer, holdfast, run, shown_name

REPOSITORY = Path(__file__).resolve().parent.parent
RECORDINGS = Path(os.environ.get("HOLDFAST_RECORDINGS", REPOSITORY.parent / "shared" / "fixtures"))
KINDS = ("sessions", "messages", "prompts")
EDITOR = ".config/Code/User/globalStorage"

TRAEX = "rollout-2026-07-01T00-00-00-019fbcca-9fd4-7d20-83dc-0762b2f839b3.jsonl"


class Place(NamedTuple):
    """Which recordings go where: `{case}` is the recording's folder, `{name}` the file's, `{path}` its path in the case."""

    agent: str
    pattern: str
    target: str


PLACES = (
    Place("claude-code", "*/projects/**/*.jsonl", ".claude/{path}"),
    Place("claude-code", "agentsview-claude/*.jsonl", ".claude/projects/-work-demo/{name}"),
    Place("codex", "*/sessions/**/*.jsonl", ".codex/{path}"),
    Place("gemini-cli", "*/tmp/**/*.json*", ".gemini/{path}"),
    Place("gemini-cli", "agentsview-gemini/*.json", ".gemini/tmp/demo/chats/session-{name}"),
    Place("copilot", "*/session-state/**/*", ".copilot/{path}"),
    Place("copilot", "ctx-copilot-cli-v1/**/*", ".copilot/session-state/{path}"),
    Place("opencode", "derived-v1/opencode/opencode.db", ".local/share/opencode/opencode.db"),
    Place("pi", "*/sessions/**/*.jsonl", ".pi/agent/{path}"),
    Place("pi", "*/*.jsonl", ".pi/agent/sessions/--demo--/{name}"),
    Place("kiro-cli", "*/sessions/cli/session.*", ".kiro/sessions/cli/{case}.{ending}"),
    Place("kiro-cli", "ctx-kiro-cli-v2/data.sqlite3", ".local/share/kiro-cli/data.sqlite3"),
    Place("mistral-vibe", "*/logs/session/*/*", ".vibe/logs/session/{folder}_{case}/{name}"),
    Place("mistral-vibe", "agentsview-vibe/*/*", ".vibe/logs/session/{path}"),
    Place("antigravity", "*/brain/*/.system_generated/logs/*.jsonl", ".gemini/antigravity-cli/brain/{case}-{deep}"),
    Place("antigravity", "*/conversations/*.db", ".gemini/antigravity-cli/{path}"),
    Place("zed", "*/threads.db", ".local/share/zed/threads/threads.db"),
    Place(
        "traex",
        "*/*.jsonl",
        ".trae/cli/sessions/2026/07/01/rollout-2026-07-01T00-00-00-019fbcca-9fd4-7d20-83dc-0762b2f839b3.jsonl",
    ),
    Place("grok", "*/sessions/**/*.jsonl", ".grok/{path}"),
    Place("grok", "agentsview-*/**/*", ".grok/sessions/{path}"),
    Place("amp", "*/threads/*.json", ".local/share/amp/threads/T-{name}"),
    Place("iflow", "*/*.jsonl", ".iflow/projects/-demo/{name}"),
    Place("cursor-agent", "*/projects/**/*.jsonl", ".cursor/{path}"),
    Place("roo-code", "ctx-roo/storage/tasks/**/*.json", EDITOR + "/rooveterinaryinc.roo-cline/{cut}"),
    Place("kilo", "*/kilo.db", ".local/share/kilo/kilo.db"),
    Place("kilo-legacy", "*/tasks/**/*.json", EDITOR + "/kilocode.kilo-code/{path}"),
    Place("qwen-code", "*/.qwen/**/*.jsonl", "{path}"),
    Place("kimi", "*/.kimi-code/**/*", "{path}"),
    Place("visualstudio-copilot", "*/*_traces.jsonl", ".cache/VSGitHubCopilotLogs/traces/{name}"),
)
THEIRS = {
    "claude": "claude-code", "gemini": "gemini-cli", "copilot": "copilot-cli", "kiro": "kiro-cli", "vibe": "mistral-vibe",
    "antigravity-cli": "antigravity", "roocode": "roo-code", "qwen": "qwen-code", "kilo-legacy": "kilo", "kimi-code": "kimi",
    "visualstudio-copilot": "visualstudio-copilot", "vscode-copilot": "vscode-copilot-chat",
}  # fmt: skip
"""agentsview's names of agents where they are not ours."""


def make(home: Path) -> int:
    """Write the home; returns how many files it has."""
    made = 0
    for place in PLACES:
        for source in sorted((RECORDINGS / place.agent).glob(place.pattern)):
            if source.is_file():
                target = home / _named(place, source)
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)
                    made += 1
    return made


def _named(place: Place, source: Path) -> str:
    case, *rest = source.relative_to(RECORDINGS / place.agent).parts
    return place.target.format(
        case=case, path="/".join(rest), cut="/".join(rest[1:]), deep="/".join(rest[1:]), folder=source.parent.name,
        name=source.name, ending=source.suffix[1:],
    )  # fmt: skip


def ours(env: dict[str, str]) -> dict[str, Counter[str]]:
    """Count what Holdfast lists: messages of both sides, and prompts among them."""

    run(holdfast("sync"), env, offline=True)
    listed = json.loads(run(holdfast("list", "--limit", "100000", "--json", "--no-sync"), env, offline=True).out)
    found: dict[str, Counter[str]] = {}
    for session in listed["sessions"]:
        counts = {"sessions": 1, "messages": session["messages"], "prompts": session["user_messages"]}
        found.setdefault(session["agent"], Counter()).update(counts)
    return found


def theirs(home: Path, env: dict[str, str], peer: str) -> dict[str, Counter[str]]:
    """Count what agentsview has in its database after a sync."""
    run([peer, "sync"], env | {"AGENTSVIEW_NO_DAEMON": "1"}, offline=True)
    database = apsw.Connection(str(next((home / ".agentsview").glob("sessions.db"))), flags=apsw.SQLITE_OPEN_READONLY)
    ask = "SELECT agent, count(*), sum(message_count), sum(user_message_count) FROM sessions GROUP BY 1"
    found: dict[str, Counter[str]] = {}
    for agent, sessions, messages, prompts in database.execute(ask):
        counts = {"sessions": sessions, "messages": messages, "prompts": prompts}
        found.setdefault(THEIRS.get(agent, agent), Counter()).update(counts)
    database.close()
    return found


def shown(one: dict[str, Counter[str]], other: dict[str, Counter[str]]) -> str:
    """Return the counts as a table, an agent a row, ours before theirs."""
    rows = ["| Agent | Sessions | | Messages | | Prompts | |", "|---|---|---|---|---|---|---|"]
    for agent in sorted({*one, *other}):
        a, b = one.get(agent, Counter()), other.get(agent, Counter())
        rows.append(f"| {agent} | " + " | ".join(f"{a[k]} | {b[k]}" for k in KINDS) + " |")
    a, b = sum(one.values(), Counter()), sum(other.values(), Counter())
    rows.append("| all | " + " | ".join(f"{a[k]} | {b[k]}" for k in KINDS) + " |")
    return "\n".join(rows)


def main() -> int:
    """Make the home, count, print a row an agent."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--keep", type=Path, help="make the home here and leave it")
    keep = words.parse_args().keep
    peer = find_peer(AGENTSVIEW)
    if peer is None or not RECORDINGS.is_dir():
        print(f"both are needed: agentsview, and recordings in {RECORDINGS} (HOLDFAST_RECORDINGS)")
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        home = keep or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        files = make(home)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "HOLDFAST_HOME": str(home / ".holdfast"),
            "LANG": "C.UTF-8",
        }
        env |= {"DO_NOT_TRACK": "1", "AGENTSVIEW_TELEMETRY_ENABLED": "0", "AGENTSVIEW_DISABLE_UPDATE_CHECK": "1"}
        print(f"{files} files; Holdfast before {shown_name(AGENTSVIEW, peer)}\n")
        print(shown(ours(env), theirs(home, env, peer)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
