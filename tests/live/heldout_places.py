"""Held out: how agents are started in real life, several of them in one project, names that clash, and what only looks alike."""

from __future__ import annotations

from typing import Any

from tests.live.heldout import held
from tests.live.labels import DONE, ENDED, IDLE, LEFT, PERMISSION, QUIET, WORKING, Label, is_
from tests.live.pens import ClaudeCode, Codex, CopilotCli, Pen
from tests.live.pens_by_place import Aider, CursorCli, FactoryDroid, GeminiCli, KiroCli, Pi, QwenCode
from tests.live.pens_of_databases import Goose, OpenCode, OpenCodeTwo
from tests.live.scripts import Stage, Step, Steps, decoy, see
from tests.live.world import LONG_AGO

NODE, PYTHON = {"program": "node"}, {"program": "python3"}
WAYS: dict[str, dict[str, dict[str, Any]]] = {
    "claude-code": {
        "bunx": {"argv": ("bun", "/tmp/bunx-1000-@anthropic-ai/claude-code@latest/node_modules/.bin/claude"), "program": "bun"},
        "volta": {"argv": ("/home/ada/.volta/tools/image/node/22.1.0/bin/node", "--no-warnings", "--enable-source-maps", "/home/ada/.volta/tools/image/packages/@anthropic-ai/claude-code/lib/node_modules/@anthropic-ai/claude-code/cli.js"), **NODE},
        "headless": {"argv": ("claude", "-p", "mend the build", "--output-format", "stream-json")},
        "the local installer": {"argv": ("node", "/home/ada/.claude/local/node_modules/.bin/claude", "--continue"), **NODE},
    },
    "codex": {
        "a vendored binary": {"argv": ("/usr/lib/node_modules/@openai/codex/vendor/x86_64-unknown-linux-musl/codex/codex", "--full-auto")},
        "exec": {"argv": ("codex", "exec", "--json", "mend the build")},
        "options first": {"argv": ("codex", "-c", "model=gpt-5.5", "--sandbox", "workspace-write")},
    },
    "copilot-cli": {
        "npx": {"argv": ("node", "/home/ada/.npm/_npx/9f2c/node_modules/@github/copilot/npm-loader.js"), **NODE},
        "a native package": {"argv": ("/usr/lib/node_modules/@github/copilot-linux-x64/copilot", "--allow-all-tools")},
    },
    "gemini-cli": {
        "npx": {"argv": ("node", "/home/ada/.npm/_npx/77aa/node_modules/.bin/gemini", "-m", "gemini-3-pro"), **NODE},
        "options of node": {"argv": ("node", "--import", "/opt/otel/loader.mjs", "/usr/lib/node_modules/@google/gemini-cli/bundle/gemini.js"), **NODE},
        "bun": {"argv": ("bun", "/home/ada/.bun/install/global/node_modules/@google/gemini-cli/dist/index.js"), "program": "bun"},
    },
    "qwen-code": {
        "a flag with a value": {"argv": ("node", "-r", "dotenv/config", "/usr/lib/node_modules/@qwen-code/qwen-code/dist/cli.js"), **NODE},
        "npx": {"argv": ("node", "/home/ada/.npm/_npx/12/node_modules/.bin/qwen", "--yolo"), **NODE},
    },
    "opencode": {
        "a named program": {"argv": ("/home/ada/.bun/install/global/node_modules/opencode-linux-x64/bin/opencode", ".")},
        "a model": {"argv": ("opencode", "--model", "moonshot/kimi-k3")},
    },
    "aider": {
        "uvx": {"argv": ("/home/ada/.cache/uv/archive-v0/Xy12/bin/python", "/home/ada/.cache/uv/archive-v0/Xy12/bin/aider", "--model", "sonnet"), "program": "python"},
        "a version": {"argv": ("python3.12", "-m", "aider"), "program": "python3.12"},
        "a flag of python": {"argv": ("/opt/venv/bin/python", "-u", "-m", "aider", "--yes"), "program": "python"},
        "pipx": {"argv": ("/home/ada/.local/share/pipx/venvs/aider-chat/bin/python", "/home/ada/.local/bin/aider"), "program": "python"},
    },
    "goose": {"a recipe": {"argv": ("goose", "run", "--recipe", "mend.yaml")}, "named": {"argv": ("/home/ada/.local/bin/goose", "session", "-n", "mend")}},
    "pi": {
        "nvm": {"argv": ("node", "/home/ada/.nvm/versions/node/v22.1.0/lib/node_modules/@mariozechner/pi-coding-agent/dist/cli.js"), **NODE},
        "a prompt": {"argv": ("/home/ada/.local/bin/pi", "--model", "opus", "mend the build")},
    },
    "factory-droid": {"options": {"argv": ("droid", "--auto", "high")}},
    "cursor": {
        "its short name": {"argv": ("/home/ada/.local/bin/agent", "--use-system-ca", "/home/ada/.local/share/cursor-agent/versions/2026.01.05/index.js"), **NODE},
        "headless": {"argv": ("cursor-agent", "-p", "mend the build")},
    },
    "kiro-cli": {"an agent of mine": {"argv": ("kiro-cli", "chat", "--agent", "builder", "--trust-all-tools")}},
}  # fmt: skip


@held(
    "launch",
    ClaudeCode,
    Codex,
    CopilotCli,
    GeminiCli,
    QwenCode,
    OpenCode,
    Aider,
    Goose,
    Pi,
    FactoryDroid,
    CursorCli,
    KiroCli,
)
def it_is_found_in_whatever_way_it_was_started(stage: Stage) -> Steps:
    pens = []
    for number, (note, way) in enumerate(WAYS[stage.kind.agent].items()):
        pen = stage.pen(stage.directory(f"way{number}"))
        pen.launch(**way)
        pen.prompt()
        pens.append((pen, note))
    yield [check for pen, note in pens for check in see(pen, WORKING, note)]
    for pen, _ in pens:
        pen.finish(30)
    yield [check for pen, note in pens for check in see(pen, DONE, note)]


WRAPPERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "claude-code": (
        ("sudo", "-u", "ada", "claude"), ("/bin/sh", "/home/ada/.local/bin/claude"), ("npm", "exec", "@anthropic-ai/claude-code"),
        ("tmux", "new-session", "-d", "-s", "shop", "claude --continue"), ("bash", "/home/ada/bin/claude-wrapper.sh"),
        ("direnv", "exec", ".", "claude"), ("nice", "-n", "5", "claude"),
    ),
    "codex": (
        ("mise", "exec", "--", "codex"), ("op", "run", "--", "codex"),
        ("caffeinate", "-i", "codex"), ("screen", "-S", "codex", "codex"),
    ),
    "copilot-cli": (("ssh", "-t", "box", "copilot"), ("sh", "-c", "copilot"), ("npm", "exec", "@github/copilot")),
    "gemini-cli": (("npm", "exec", "@google/gemini-cli"), ("sh", "-c", "gemini"), ("docker", "exec", "-it", "box", "gemini")),
    "aider": (("uv", "tool", "uvx", "--from", "aider-chat", "aider"), ("bash", "/home/ada/bin/aider"), ("watch", "aider", "--help")),
    "opencode": (("bash", "-c", "opencode; exec bash"), ("doppler", "run", "--", "opencode"), ("bunx", "opencode-ai")),
    "goose": (("env", "GOOSE_MODE=auto", "goose", "session"), ("tmux", "attach", "-t", "goose"), ("mosh-client", "goose")),
}  # fmt: skip


@held("wrapper", Codex)
def the_script_of_npm_that_started_codex_is_no_session_beside_it(stage: Stage) -> Steps:
    pen = Codex(stage.world, stage.cwd)
    pen.holds = False
    entry = stage.world.folder / "lib" / str(pen.number) / "node_modules" / "@openai" / "codex" / "bin" / "codex.js"
    child = ("/usr/lib/node_modules/@openai/codex/vendor/x86_64-unknown-linux-musl/codex/codex",)
    _, worker = stage.world.standins.start_pair(entry, child, cwd=stage.cwd, worker="codex")
    pen.prompt(20)
    pen.hook("working", ago=20, pid=worker)
    yield see(pen, WORKING, "asked, by one of the two")
    pen.finish(20)
    pen.hook("done-unread", ago=20, pid=worker)
    yield see(pen, DONE, "finished")


@held("wrapper", ClaudeCode, Codex, CopilotCli, GeminiCli, Aider, OpenCode, Goose)
def what_started_it_is_no_session_beside_it(stage: Stage) -> Steps:
    around = [(stage.start(*argv), " ".join(argv)) for argv in WRAPPERS[stage.kind.agent]]
    pen = stage.pen()
    pen.launch()
    pen.prompt(20)
    yield [*see(pen, WORKING, "asked"), *(check for pid, note in around for check in decoy(pid, note))]
    pen.finish(20)
    yield [*see(pen, DONE, "finished"), *(check for pid, note in around for check in decoy(pid, note))]


ALIKE: tuple[tuple[str, ...], ...] = (
    ("claude", "update"), ("claude", "doctor"), ("claude", "mcp", "serve"), ("claude", "mcp", "list"), ("claude", "--version"),
    ("codex", "login"), ("codex", "completion", "bash"), ("codex", "--version"), ("gemini", "mcp", "list"), ("gemini", "--help"),
    ("opencode", "upgrade"), ("opencode", "auth", "login"), ("opencode", "models"), ("goose", "configure"), ("goose", "info"),
    ("goose", "mcp", "developer"), ("goose", "up"), ("goose", "create", "add_users", "sql"), ("goose", "status"),
    ("kiro-cli", "login"), ("kiro-cli", "doctor"), ("cursor-agent", "login"), ("cursor-agent", "status"), ("qwen", "--version"),
    ("copilot", "svc", "deploy"), ("copilot", "init"), ("copilot", "--version"), ("droid", "--version"), ("pi", "--version"),
    ("/usr/bin/agent", "-config.file=/etc/agent.yaml"), ("node", "/home/ada/site/codex.js"), ("node", "gemini.js"),
    ("python3", "aider.py"), ("python3", "/home/ada/bin/goose.py"), ("perl", "pi.pl", "1000"), ("vim", "-p", "aider", "goose"),
    ("code", "--wait", "/tmp/claude-prompt.md"), ("hx", "codex.toml"), ("fzf", "--query", "claude"), ("jq", ".", "opencode.json"),
    ("sqlite3", "/home/ada/.local/share/goose/sessions/sessions.db"), ("inotifywait", "-m", "/home/ada/.codex/sessions"),
    ("node", "/home/ada/.claude/plugins/cache/x/server.js"), ("bash", "/home/ada/.claude/hooks/notify.sh"),
    ("node", "/home/ada/.npm/_npx/4/node_modules/.bin/ccusage", "claude"), ("python3", "-m", "pytest", "aider"),
    ("uv", "run", "codex_report.py"), ("git", "log", "--author", "claude"), ("gh", "copilot", "suggest", "x"),
    ("bwrap", "--bind", "/", "/", "claude"), ("xdg-open", "https://claude.ai"), ("tee", "codex"), ("dlv", "debug", "./cmd/goose"),
)  # fmt: skip


@held("decoy", ClaudeCode)
def what_only_looks_alike_is_not_listed(stage: Stage) -> Steps:
    for kind in (ClaudeCode, Codex, GeminiCli, OpenCode, Goose):
        pen = kind(stage.world, stage.cwd)
        pen.prompt(200)
        pen.finish(100)
    pids = [(stage.start(*argv), " ".join(argv)) for argv in ALIKE]
    yield [check for pid, note in pids for check in decoy(pid, note)]


TEAM: tuple[type[Pen], ...] = (
    ClaudeCode,
    Codex,
    CopilotCli,
    GeminiCli,
    QwenCode,
    OpenCode,
    Goose,
    Pi,
    FactoryDroid,
    Aider,
)


@held("together", ClaudeCode)
def ten_agents_share_one_project(stage: Stage) -> Steps:
    pens = [kind(stage.world, stage.cwd) for kind in TEAM]
    for pen in pens:
        pen.launch()
        pen.prompt(20)
    yield [check for pen in pens for check in see(pen, WORKING, "all work")]
    for pen in pens[::2]:
        pen.finish(20)
    yield [
        check for n, pen in enumerate(pens) for check in see(pen, WORKING if n % 2 else DONE, "every other one is done")
    ]
    for pen in pens[1::2]:
        pen.kill()
    yield [check for n, pen in enumerate(pens) for check in see(pen, ENDED if n % 2 else DONE, "the others are killed")]
    for pen in pens[::2]:
        pen.prompt(5)
    yield [
        check for n, pen in enumerate(pens) for check in see(pen, ENDED if n % 2 else WORKING, "the first ones again")
    ]


@held("together", ClaudeCode)
def four_claudes_in_one_project_are_four(stage: Stage) -> Steps:
    pens = [ClaudeCode(stage.world, stage.cwd) for _ in range(4)]
    for pen in pens:
        pen.launch()
        pen.prompt(40)
    one, two, three, four = pens
    two.call(30)
    two.registry("waiting", ago=28)
    three.finish(20)
    four.abort(20)

    def shown(*labels: Label) -> Step:
        return [check for pen, label in zip(pens, labels, strict=True) for check in see(pen, label)]

    yield shown(WORKING, PERMISSION, DONE, IDLE)
    two.result(30)
    one.kill()
    three.limit(20)
    yield shown(ENDED, WORKING, is_("waiting-limit"), IDLE)
    two.kill()
    three.prompt(10)
    four.prompt(10)
    yield shown(ENDED, ENDED, WORKING, WORKING)
    three.finish(20)
    four.call(20, tool="ExitPlanMode", plan="1. Mend")
    four.registry("waiting", ago=19)
    yield shown(ENDED, ENDED, DONE, is_("waiting-permission", "waiting-question"))


@held("place", ClaudeCode, QwenCode, Pi, FactoryDroid, GeminiCli, Goose)
def two_directories_whose_names_are_written_alike_are_two(stage: Stage) -> Steps:
    one, two = stage.pen(stage.directory("shop.old")), stage.pen(stage.directory("shop-old"))
    for pen in (one, two):
        if isinstance(pen, ClaudeCode):
            pen.registered = False
        pen.launch()
        pen.prompt(40)
    two.finish(30)
    yield [*see(one, WORKING, "shop.old"), *see(two, DONE, "shop-old")]
    one.finish(30)
    two.prompt(20)
    yield [*see(one, DONE.but(states=QUIET.states), "shop.old"), *see(two, WORKING, "shop-old")]
    one.kill()
    yield [*see(one, ENDED, "shop.old is closed"), *see(two, WORKING, "shop-old")]


@held(
    "place",
    ClaudeCode,
    Codex,
    CopilotCli,
    GeminiCli,
    QwenCode,
    OpenCode,
    OpenCodeTwo,
    Goose,
    Pi,
    FactoryDroid,
    KiroCli,
    Aider,
)
def a_directory_with_spaces_and_other_letters(stage: Stage) -> Steps:
    pen = stage.pen(stage.directory("mein Projekt \u00fc (alt)"))
    pen.launch()
    pen.prompt()
    yield see(pen, WORKING, "asked")
    pen.finish(30)
    yield see(pen, DONE, "finished")
    pen.kill()
    yield see(pen, ENDED, "closed")


@held("place", Aider)
def an_aider_below_the_root_of_its_repository_writes_at_the_root(stage: Stage) -> Steps:
    pen = Aider(stage.world, stage.cwd)
    (stage.cwd / ".git").mkdir()
    pen.launch(cwd=stage.directory("src"))
    pen.prompt(20)
    yield see(pen, WORKING, "asked")
    pen.finish(20)
    yield see(pen, DONE, "finished")


@held("place", ClaudeCode, Codex, CopilotCli)
def a_directory_that_was_deleted_under_it(stage: Stage) -> Steps:
    place = stage.directory("gone")
    pen = stage.pen(place)
    pen.launch()
    pen.prompt(20)
    yield see(pen, WORKING, "asked")
    place.rmdir()
    yield see(pen, WORKING, "its directory is gone")
    pen.finish(20)
    yield see(pen, DONE, "finished")


@held("stale", ClaudeCode)
def registries_from_before_a_reboot_are_nothing(stage: Stage) -> Steps:
    crashed = [ClaudeCode(stage.world, stage.cwd) for _ in range(3)]
    shells = [stage.start("bash"), stage.start("postgres", "-D", "/var/lib/pg"), 4_100_000]
    for pen, pid in zip(crashed, shells, strict=True):
        pen.registered = False
        pen.prompt(LONG_AGO)
        pen.call(LONG_AGO - 9)
        pen.registry("busy", ago=LONG_AGO - 9, of=pid, ticks="77")
    live = ClaudeCode(stage.world, stage.cwd)
    live.launch()
    live.prompt(9)
    yield [
        *see(live, WORKING, "the only one"),
        *(check for pen in crashed for check in see(pen, ENDED, "before the reboot")),
    ]
    live.finish(9)
    again = crashed[2]
    again.launch("--resume", again.native)
    again.registry("idle", ago=20)
    again.prompt(9)
    yield [*see(live, DONE, "finished"), *see(again, WORKING, "a stale registry and a live one name it")]
    again.finish(9)
    yield [*see(again, DONE, "finished"), *see(crashed[0], ENDED, "before the reboot")]


@held("stale", CopilotCli)
def locks_from_before_a_reboot_are_nothing(stage: Stage) -> Steps:
    pen, other = CopilotCli(stage.world, stage.cwd), CopilotCli(stage.world, stage.cwd)
    for one in (pen, other):
        one.prompt(LONG_AGO)
        one.call(LONG_AGO - 5)
        one.lock(4_100_001, ago=LONG_AGO)
        one.lock(stage.start("bash"), ago=LONG_AGO)
    yield [*see(pen, ENDED, "two stale locks"), *see(other, ENDED, "two stale locks")]
    pen.launch(f"--resume={pen.native}")
    pen.prompt(9)
    yield [*see(pen, WORKING, "a live lock beside two stale ones"), *see(other, LEFT, "still stale")]
    pen.finish(9)
    yield [*see(pen, DONE, "finished"), *see(other, LEFT, "still stale")]
