"""Scripts of launches: every way to start an agent, and sessions that are taken up again."""

from __future__ import annotations

from typing import Any

from tests.live.labels import DONE, ENDED, LEFT, QUIET, WORKING
from tests.live.pens import ClaudeCode, Codex, CopilotCli
from tests.live.pens_by_place import Aider, CursorCli, FactoryDroid, GeminiCli, KiroCli, Pi, QwenCode
from tests.live.pens_of_databases import Goose, OpenCode, OpenCodeTwo
from tests.live.scripts import Stage, Steps, decoy, script, see
from tests.live.world import LONG_AGO


@script("resume", ClaudeCode)
def a_resumed_session_is_the_same_session(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.prompt(LONG_AGO)
    pen.finish(LONG_AGO - 60)
    yield see(pen, ENDED, "nobody runs it")
    pen.launch("--resume", pen.native)
    yield see(pen, QUIET, "resumed")
    pen.prompt()
    yield see(pen, WORKING, "asked")
    pen.finish()
    yield see(pen, DONE, "finished")


@script("resume", Codex)
def a_resumed_rollout_is_the_same_session(stage: Stage) -> Steps:
    pen = Codex(stage.world, stage.cwd)
    pen.prompt(LONG_AGO)
    pen.finish(LONG_AGO - 60)
    yield see(pen, ENDED, "nobody runs it")
    pen.launch("resume", pen.native)
    yield see(pen, QUIET, "resumed")
    pen.prompt()
    yield see(pen, WORKING, "asked")


@script("resume", CopilotCli)
def a_resumed_copilot_is_the_same_session(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    pen.prompt(LONG_AGO)
    pen.finish(LONG_AGO - 60)
    pen.event("session.shutdown", LONG_AGO - 90, shutdownType="routine", modelMetrics={})
    yield see(pen, ENDED, "nobody runs it")
    (pen.folder.parent / "ffffffff-1111-4222-8333-444444444444").mkdir(exist_ok=True)
    pen.launch(f"--resume={pen.native}")
    pen.event("session.resume", 9, eventCount=6, context={"cwd": str(stage.cwd)})
    yield see(pen, QUIET, "resumed")
    pen.prompt()
    yield see(pen, WORKING, "asked")


@script("resume", GeminiCli, QwenCode, Pi, FactoryDroid, OpenCode, OpenCodeTwo, Goose, CursorCli)
def a_session_resumed_by_its_name_on_the_command_line_is_joined(stage: Stage) -> Steps:
    words = {"opencode": ("--session",), "pi": ("--session",), "goose": ("--resume", "--session-id")}
    pen, other = stage.pen(), stage.pen()
    pen.prompt(LONG_AGO)
    pen.finish(LONG_AGO - 60)
    other.prompt(LONG_AGO - 2000)
    other.finish(LONG_AGO - 2060)
    pen.launch(*words.get(pen.agent, ("--resume",)), pen.native)
    yield [*see(pen, QUIET, "resumed"), *see(other, LEFT, "the newer one beside it")]
    pen.prompt()
    yield [*see(pen, WORKING, "asked"), *see(other, LEFT, "the newer one beside it")]


@script("launch", ClaudeCode)
def claude_is_found_however_it_was_launched(stage: Stage) -> Steps:
    cli = "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js"
    ways = {
        "a symlink to a version": {"argv": ("claude",), "program": "links/claude", "real": "versions/2.1.143"},
        "a full path": {"argv": ("/home/ada/.local/bin/claude", "--continue"), "program": "claude"},
        "node and a script": {"argv": ("node", cli), "program": "node"},
        "npx": {"argv": ("node", "/home/ada/.npm/_npx/1a2b/node_modules/.bin/claude"), "program": "node"},
        "options": {"argv": ("claude", "--dangerously-skip-permissions", "--model", "opus"), "program": "claude"},
    }
    checks = []
    for number, (note, way) in enumerate(ways.items()):
        pen = ClaudeCode(stage.world, stage.directory(f"way-{number}"))
        pen.launch(**way)
        pen.prompt()
        checks += see(pen, WORKING, note)
    yield checks


@script("launch", Codex)
def codex_is_found_however_it_was_launched(stage: Stage) -> Steps:
    ways = {
        "exec": {"argv": ("codex", "exec", "--json", "mend it")},
        "npm's script": {"argv": ("node", "/usr/local/bin/codex"), "program": "node"},
        "the vendored binary": {"argv": ("/usr/lib/node_modules/@openai/codex/vendor/x86_64-unknown-linux-musl/codex/codex",), "program": "codex"},
    }  # fmt: skip
    checks = []
    for number, (note, way) in enumerate(ways.items()):
        pen = Codex(stage.world, stage.directory(f"way-{number}"))
        pen.launch(**way)
        pen.prompt()
        checks += see(pen, WORKING, note)
    yield checks


@script("launch", CopilotCli)
def copilot_is_found_under_the_name_of_its_main_thread(stage: Stage) -> Steps:
    pen = CopilotCli(stage.world, stage.cwd)
    pen.launch(program="links/MainThread", real="copilot")
    pen.prompt()
    yield see(pen, WORKING, "its first word says copilot")
    other = CopilotCli(stage.world, stage.directory("npm"))
    other.launch(argv=("node", "/usr/local/lib/node_modules/@github/copilot/index.js"), program="node")
    other.prompt()
    yield see(other, WORKING, "node and a script")


@script("launch", GeminiCli)
def a_launcher_and_its_worker_are_one_session(stage: Stage) -> Steps:
    pen = GeminiCli(stage.world, stage.cwd)
    entry = (
        stage.world.folder / "lib" / str(pen.number) / "node_modules" / "@google" / "gemini-cli" / "dist" / "index.js"
    )
    child = ("node", "--max-old-space-size=8192", str(entry))
    pen.pid, worker = stage.world.standins.start_pair(entry, child, cwd=stage.cwd)
    pen.prompt()
    yield [*see(pen, WORKING, "two processes, one session"), *decoy(worker, "the worker of a launcher")]
    pen.finish()
    yield see(pen, DONE, "finished")


@script("launch", Aider, Pi, CursorCli, KiroCli, Goose, QwenCode, GeminiCli, OpenCode, FactoryDroid)
def an_agent_is_found_however_it_was_launched(stage: Stage) -> Steps:
    node = {"program": "node"}
    ways: dict[str, list[dict[str, Any]]] = {
        "aider": [{"argv": ("python3", "-m", "aider", "--model", "gpt-5"), "program": "python3"}, {"argv": ("aider",)}],
        "pi": [{"argv": ("node", "/usr/local/bin/pi"), **node}],
        "cursor": [
            {"argv": ("/home/ada/.local/bin/cursor-agent", "--use-system-ca", "/home/ada/.local/share/cursor-agent/versions/1/index.js"), **node},
        ],
        "kiro-cli": [{"argv": ("/home/ada/.local/bin/kiro-cli", "chat", "--resume")}],
        "goose": [{"argv": ("/opt/goose/goose", "run", "-t", "mend it")}],
        "qwen-code": [{"argv": ("node", "/usr/lib/node_modules/@qwen-code/qwen-code/cli.js"), **node}],
        "gemini-cli": [{"argv": ("node", "--no-warnings=DEP0040", "/opt/homebrew/bin/gemini"), **node}],
        "opencode": [{"argv": ("/home/ada/.opencode/bin/opencode", "run", "mend it")}],
        "factory-droid": [{"argv": ("/home/ada/.local/bin/droid", "exec", "mend it")}],
    }  # fmt: skip
    pens = []
    for number, way in enumerate(ways[stage.kind.agent]):
        pen = stage.pen(stage.directory(f"way-{number}"))
        pen.launch(**way)
        pen.prompt()
        pens.append(pen)
    yield [check for pen in pens for check in see(pen, WORKING, "asked")]
    for pen in pens:
        pen.finish()
    yield [check for pen in pens for check in see(pen, DONE, "finished")]


@script("launch", OpenCode, OpenCodeTwo)
def a_script_of_npm_and_the_program_it_starts_are_one_session(stage: Stage) -> Steps:
    pen = stage.pen()
    entry = stage.world.folder / "lib" / str(pen.number) / "bin" / "opencode"
    native = ("/usr/lib/node_modules/opencode-ai/node_modules/opencode-linux-x64/bin/opencode",)
    stage.world.standins.start_pair(entry, native, cwd=stage.cwd, worker="opencode")
    pen.prompt()
    yield see(pen, WORKING, "one of the two, and not ambiguous")
    pen.finish()
    yield see(pen, DONE, "finished")


@script("launch", ClaudeCode)
def a_session_in_the_background_is_a_session(stage: Stage) -> Steps:
    pen = ClaudeCode(stage.world, stage.cwd)
    pen.registered = False
    pen.launch()
    pen.registry("busy", ago=6, kind="bg")
    pen.prompt()
    yield see(pen, WORKING, "asked")
    pen.finish()
    pen.registry("idle", kind="bg")
    yield see(pen, DONE, "finished")
