"""Processes that carry an agent's name somewhere and are none; each stands in a directory that has an agent's session."""

from __future__ import annotations

from tests.live.labels import ENDED
from tests.live.pens import ClaudeCode, Codex
from tests.live.pens_by_place import CursorCli, GeminiCli
from tests.live.pens_of_databases import OpenCode
from tests.live.scripts import Stage, Steps, decoy, script, see

CODE = "/usr/share/code/code"
CURSOR = "/opt/Cursor/cursor"
DECOYS: tuple[tuple[str, ...], ...] = (
    ("vim", "notes-about-claude.md"),
    ("vim", "notes-about-claude-code.md"),
    ("nvim", "claude_code.py"),
    ("nano", "codex"),
    ("emacs", "gemini.org"),
    ("python3", "codex_notes.py"),
    ("python3", "claude.py"),
    ("python3", "-m", "aider_stats"),
    ("python3", "-m", "http.server", "--directory", "/home/ada/.claude"),
    ("grep", "claude"),
    ("grep", "-r", "codex", "."),
    ("rg", "gemini", "--type", "py"),
    ("tail", "-f", "/home/ada/.claude/projects/p/session.jsonl"),
    ("less", "/home/ada/.codex/log/codex-tui.log"),
    ("cat", "claude"),
    ("man", "goose"),
    ("watch", "claude", "--version"),
    ("sudo", "apt", "install", "claude"),
    ("git", "commit", "-m", "teach claude and codex"),
    ("git", "clone", "https://example.org/openai/codex"),
    ("ssh", "codex.example.org"),
    ("tmux", "new-session", "-s", "claude", "claude"),
    ("bash", "-c", "echo claude"),
    ("bash", "/home/ada/.claude/shell-snapshots/snapshot-bash.sh"),
    ("sh", "-c", "sleep 9 # opencode"),
    ("npm", "install", "-g", "@anthropic-ai/claude-code"),
    ("node", "/home/ada/claude/server.js"),
    ("node", "/home/ada/gemini-app/index.js"),
    ("node", "/usr/lib/node_modules/typescript/lib/tsserver.js", "--claude"),
    ("node", "/home/ada/.npm/_npx/77/node_modules/.bin/mcp-server-filesystem", "/home/ada/.codex"),
    ("pyright-langserver", "--stdio"),
    ("rust-analyzer", "codex-rs"),
    ("gopls", "opencode"),
    ("copilot-language-server", "--stdio"),
    ("node", "/home/ada/.vscode/extensions/github.copilot-1.300.0/dist/language-server.js", "--stdio"),
    ("node", "/home/ada/.vscode/extensions/anthropic.claude-code-2.1.0/resources/helper.js"),
    (CODE, "--type=zygote", "--no-zygote-sandbox"),
    (CODE, "--type=renderer", "--user-data-dir=/home/ada/.config/Code"),
    (CODE, "/home/ada/claude"),
    (CURSOR, "--type=zygote"),
    (CURSOR, "--type=gpu-process", "--gpu-preferences=WAAAAAAAAAA"),
    (CURSOR, "--type=utility", "--utility-sub-type=node.mojom.NodeService"),
    (CURSOR, "/home/ada/shop"),
    ("claude", "daemon", "run"),
    ("claude", "--bg-spare"),
    ("claude", "--bg-pty-host", "/tmp/pty.sock"),
    ("chrome-native-host", "claude"),
    ("ssh-agent",),
    ("gpg-agent", "--daemon"),
    ("pip", "install", "aider-chat"),
    ("pipx", "install", "goose-ai"),
    ("docker", "run", "gemini"),
    ("make", "codex"),
    ("pytest", "tests/test_claude.py"),
    ("timeout", "60", "claude"),
    ("script", "-qc", "claude", "typescript"),
    ("strace", "-f", "codex"),
    ("watchexec", "--", "opencode", "run"),
    ("goose", "-dir", "migrations", "postgres", "up"),
    ("/opt/datadog-agent/bin/agent/agent", "run", "-p", "/opt/datadog-agent/run/agent.pid"),
    ("buildkite-agent", "start"),
    ("/opt/Claude/Claude",),
    ("/opt/Claude/Claude", "--type=zygote"),
    ("claude-desktop",),
    ("node", "/usr/lib/node_modules/claude-mcp/index.js"),
    ("python3", "-m", "mcp_server_codex"),
    ("uvx", "gemini-mcp"),
    ("codex-notes", "--open"),
    ("pi-hole",),
    ("pip3", "install", "pi"),
    ("node", "/home/ada/opencode/node_modules/.bin/vite"),
    ("python3", "/home/ada/aider/benchmark/plot.py"),
    ("java", "-jar", "droid.jar"),
    ("ruby", "copilot.rb"),
    ("less", "gemini"),
    ("sed", "-i", "s/claude/codex/", "README.md"),
    ("rsync", "-a", "/home/ada/.claude/", "backup/claude"),
    ("tar", "czf", "codex.tgz", "/home/ada/.codex"),
)


@script("decoy", ClaudeCode)
def a_name_on_a_command_line_is_not_an_agent(stage: Stage) -> Steps:
    pids = [(stage.start(*argv), " ".join(argv)) for argv in DECOYS]
    yield [check for pid, note in pids for check in decoy(pid, note)]
    yield [check for pid, note in pids[:20] for check in decoy(pid, f"{note}, a minute later")]


@script("decoy", ClaudeCode, Codex, GeminiCli, OpenCode, CursorCli)
def a_shell_in_a_folder_named_like_an_agent_is_not_an_agent(stage: Stage) -> Steps:
    place = stage.directory({"cursor": "cursor-agent"}.get(stage.kind.agent, stage.kind.argv[-1].rpartition("/")[2]))
    pen = stage.pen(place)
    pen.prompt()
    pids = [stage.start(*argv, cwd=place) for argv in (("bash",), ("zsh", "-l"), ("vim", "main.py"))]
    yield [
        *(c for pid in pids for c in decoy(pid, f"in a folder named {place.name}")),
        *see(pen, ENDED, "nobody runs it"),
    ]
