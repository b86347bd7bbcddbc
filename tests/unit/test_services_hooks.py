"""Hooks are put into agents' files and taken out again: shown first, nobody else's touched, to the byte."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.errors import BadInput, Conflict, NotFound, Unreadable, Unsafe
from holdfast.services._hooks.agents import AGENTS, EVENTS, is_ours, shell_line
from holdfast.services._hooks.edits import put, undone, without
from holdfast.services._hooks.jsonc import parse
from holdfast.services.hooks import Hooks

WORDS = ("/opt/hold fast/bin/holdfast-hook",)
PLACES = {
    "claude-code": ".claude/settings.json",
    "codex": ".codex/hooks.json",
    "gemini-cli": ".gemini/settings.json",
    "copilot-cli": ".copilot/hooks/holdfast.json",
    "opencode": ".config/opencode/plugins/holdfast.js",
    "cursor": ".cursor/hooks.json",
}
SHARED = [a for a in AGENTS if a not in ("copilot-cli", "opencode")]
THEIRS = """{
\t"model": "opus", // the big one
\t"hooks": {
\t\t"Stop": [{"matcher": "", "hooks": [{"type": "command", "command": "say done"}]}], /* mine */
\t\t"stop": [
\t\t\t{"command": "say done"}
\t\t],
\t\t"Mine": [],
\t},
\t"unknown": {"deep": [1, 2.50, 1e3]},
}
"""


@pytest.fixture
def hooks(tmp_path) -> Hooks:
    for place in PLACES.values():
        (tmp_path / place.partition("/")[0]).mkdir(exist_ok=True)
    (tmp_path / ".config" / "opencode").mkdir()
    return Hooks({}, tmp_path, tmp_path / "data", words=WORDS)


def place(hooks, agent) -> Path:
    return hooks.home / PLACES[agent]


def install(hooks, agent):
    hooks.apply(hooks.plan(agent))


def remove(hooks, agent):
    hooks.apply(hooks.plan(agent, remove=True))


def status(hooks, agent):
    return next(i for i in hooks.show() if i.agent == agent).status


@pytest.mark.parametrize("agent", AGENTS)
def test_a_new_file_goes_as_it_came_with_its_folders(hooks, agent):
    before = set(hooks.home.rglob("*"))
    install(hooks, agent)
    assert place(hooks, agent).is_file()
    assert status(hooks, agent) == "installed"
    remove(hooks, agent)
    assert {p for p in hooks.home.rglob("*") if "data" not in p.parts} == before
    assert status(hooks, agent) == "not-installed"


@pytest.mark.parametrize("agent", SHARED)
def test_a_file_is_as_before_to_the_byte(hooks, agent):
    place(hooks, agent).write_bytes(THEIRS.replace("\n", "\r\n").encode() + b" \n// \xc3\xa9nd")
    before = place(hooks, agent).read_bytes()
    install(hooks, agent)
    assert place(hooks, agent).read_bytes() != before
    remove(hooks, agent)
    assert place(hooks, agent).read_bytes() == before


@pytest.mark.parametrize("agent", SHARED)
def test_what_others_wrote_is_all_still_there(hooks, agent):
    place(hooks, agent).write_text(THEIRS)
    install(hooks, agent)
    after = place(hooks, agent).read_text()
    assert "// the big one" in after
    assert "/* mine */" in after
    theirs, now = parse(THEIRS).plain(), parse(after).plain()
    assert set(EVENTS[agent]) <= set(now["hooks"])
    for event in EVENTS[agent]:
        assert len(now["hooks"][event]) == len(theirs["hooks"].get(event, [])) + 1
        now["hooks"][event].pop()
    assert {e: h for e, h in now["hooks"].items() if h or e in theirs["hooks"]} == theirs["hooks"]
    assert {k: v for k, v in now.items() if k not in ("hooks", "version")} == {
        k: theirs[k] for k in ("model", "unknown")
    }


@pytest.mark.parametrize("agent", AGENTS)
def test_twice_changes_nothing(hooks, agent):
    if agent in SHARED:
        place(hooks, agent).write_text(THEIRS)
    install(hooks, agent)
    once = place(hooks, agent).read_bytes()
    assert hooks.plan(agent).is_none
    assert hooks.plan(agent).diff() == ""
    install(hooks, agent)
    assert place(hooks, agent).read_bytes() == once


@pytest.mark.parametrize("agent", SHARED)
def test_ours_are_found_in_a_file_that_was_changed_since(hooks, agent):
    place(hooks, agent).write_text(THEIRS)
    install(hooks, agent)
    now = parse(place(hooks, agent).read_text()).plain()
    event = EVENTS[agent][0]
    theirs = {"command": "later"} if agent == "cursor" else {"hooks": [{"type": "command", "command": "later"}]}
    now["hooks"][event].append(theirs)
    place(hooks, agent).write_text(json.dumps(now))
    remove(hooks, agent)
    left = parse(place(hooks, agent).read_text()).plain()
    assert left["hooks"].pop(event) == [theirs]
    assert left["hooks"] == {k: v for k, v in parse(THEIRS).plain()["hooks"].items() if k != event}
    assert "holdfast" not in place(hooks, agent).read_text()


def test_a_hook_of_ours_in_a_group_of_theirs_leaves_theirs(hooks):
    ours = {"type": "command", "command": shell_line(WORDS, "claude-code")}
    theirs = {"type": "command", "command": "say done"}
    place(hooks, "claude-code").write_text(json.dumps({"hooks": {"Stop": [{"matcher": "x", "hooks": [theirs, ours]}]}}))
    assert status(hooks, "claude-code") == "partly"
    remove(hooks, "claude-code")
    left = json.loads(place(hooks, "claude-code").read_text())
    assert left == {"hooks": {"Stop": [{"matcher": "x", "hooks": [theirs]}]}}


@pytest.mark.parametrize("agent", AGENTS)
def test_another_place_of_the_program_replaces_the_old_line(hooks, agent):
    install(hooks, agent)
    moved = Hooks({}, hooks.home, hooks.data, words=("/usr/bin/holdfast-hook",))
    assert status(moved, agent) == "outdated"
    install(moved, agent)
    assert status(moved, agent) == "installed"
    assert "hold fast" not in place(hooks, agent).read_text()
    remove(moved, agent)
    assert not place(hooks, agent).exists()


@pytest.mark.parametrize("agent", SHARED)
@pytest.mark.parametrize(
    "text",
    ["", "{", "[1, 2]", "{'a': 1}", '{"hooks": []}', '{"hooks": {"Stop": {}, "stop": {}}}', '{"a": 1, "a": 2}', "\x00"],
)
def test_a_file_that_cannot_be_read_is_refused_and_stays(hooks, agent, text):
    text = text.replace("Stop", "AfterAgent") if agent == "gemini-cli" else text
    place(hooks, agent).write_text(text)
    with pytest.raises(Unreadable):
        hooks.plan(agent)
    assert place(hooks, agent).read_text() == text


def test_bytes_that_are_no_text_are_refused(hooks):
    place(hooks, "claude-code").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(Unreadable):
        hooks.plan("claude-code")


@pytest.mark.parametrize("agent", ["copilot-cli", "opencode"])
def test_a_file_of_our_name_that_is_not_ours_is_left_alone(hooks, agent):
    place(hooks, agent).parent.mkdir(parents=True)
    place(hooks, agent).write_text("// somebody's")
    with pytest.raises(Unsafe):
        hooks.plan(agent)
    assert hooks.plan(agent, remove=True).is_none


def test_a_link_stays_a_link_and_a_mode_a_mode(hooks, tmp_path):
    real = tmp_path / "dotfiles" / "claude.json"
    real.parent.mkdir()
    real.write_text(THEIRS)
    real.chmod(0o640)
    place(hooks, "claude-code").symlink_to(real)
    install(hooks, "claude-code")
    assert place(hooks, "claude-code").is_symlink()
    assert "holdfast-hook" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    remove(hooks, "claude-code")
    assert (place(hooks, "claude-code").is_symlink(), real.read_text()) == (True, THEIRS)


def test_a_file_with_two_names_keeps_both(hooks, tmp_path):
    place(hooks, "claude-code").write_text(THEIRS)
    (tmp_path / "other-name").hardlink_to(place(hooks, "claude-code"))
    install(hooks, "claude-code")
    assert (tmp_path / "other-name").read_text() == place(hooks, "claude-code").read_text() != THEIRS


def test_a_file_that_changed_since_it_was_shown_is_not_overwritten(hooks):
    place(hooks, "claude-code").write_text(THEIRS)
    change = hooks.plan("claude-code")
    place(hooks, "claude-code").write_text("{}")
    with pytest.raises(Conflict):
        hooks.apply(change)
    assert place(hooks, "claude-code").read_text() == "{}"


def test_planning_writes_nothing(hooks):
    before = sorted(hooks.home.rglob("*"))
    for agent in AGENTS:
        assert "+" in hooks.plan(agent).diff()
    assert sorted(hooks.home.rglob("*")) == before


def test_an_agent_that_was_never_here_gets_no_file(tmp_path):
    with pytest.raises(NotFound):
        Hooks({}, tmp_path, tmp_path / "data").plan("claude-code")
    assert {i.status for i in Hooks({}, tmp_path, tmp_path / "data").show()} == {"no-agent"}


def test_an_agent_without_hooks_is_no_agent_here(hooks):
    with pytest.raises(BadInput, match="no hooks for 'cursr'"):
        hooks.plan("cursr")


@pytest.mark.parametrize(
    ("agent", "variable", "folder", "file"),
    [
        ("claude-code", "CLAUDE_CONFIG_DIR", "c", "c/settings.json"),
        ("codex", "CODEX_HOME", "x", "x/hooks.json"),
        ("gemini-cli", "GEMINI_CLI_HOME", "g", "g/.gemini/settings.json"),
        ("copilot-cli", "COPILOT_HOME", "p", "p/hooks/holdfast.json"),
        ("opencode", "OPENCODE_CONFIG_DIR", "o", "o/plugins/holdfast.js"),
        ("opencode", "XDG_CONFIG_HOME", "w", "w/opencode/plugins/holdfast.js"),
    ],
)
def test_an_agent_that_was_moved_is_found(tmp_path, agent, variable, folder, file):
    (tmp_path / file).parent.mkdir(parents=True)
    assert Hooks({variable: str(tmp_path / folder)}, tmp_path, tmp_path / "data").plan(agent).path == str(
        tmp_path / file
    )


def test_a_data_folder_in_another_place_is_told_to_the_hook(tmp_path):
    (tmp_path / ".codex").mkdir()
    change = Hooks({"HOLDFAST_HOME": "/else where"}, tmp_path, Path("/else where")).plan("codex")
    assert "codex --data '/else where' --pid $PPID" in change.after


def test_show_says_when_an_agent_last_spoke(hooks):
    (hooks.data / "spool").mkdir(parents=True)
    line = {"v": 1, "at": 1_790_000_000_000, "event": "Stop", "state": "done-unread"}
    (hooks.data / "spool" / "codex.jsonl").write_text(json.dumps(line) + '\n{"torn')
    found = next(i for i in hooks.show() if i.agent == "codex")
    assert (found.said, found.said_event, found.said_state) == (1_790_000_000_000, "Stop", "done-unread")


def test_a_setting_that_keeps_hooks_from_running_is_named(hooks):
    place(hooks, "claude-code").write_text('{"disableAllHooks": true}')
    assert "disableAllHooks" in hooks.plan("claude-code").note


def test_what_is_remembered_holds_nothing_of_a_persons_settings(hooks):
    place(hooks, "claude-code").write_text(THEIRS)
    install(hooks, "claude-code")
    record = hooks.data / "hooks" / "claude-code.json"
    assert "opus" not in record.read_text()
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    remove(hooks, "claude-code")
    assert not record.exists()


@pytest.mark.parametrize(
    "command", ["holdfast-hooks claude-code", "my-holdfast-hook2 x", "echo holdfast-hook", None, 5]
)
def test_a_command_that_only_looks_like_ours_is_not_ours(command):
    assert not is_ours(command, "claude-code")


@pytest.mark.parametrize(
    "words", [WORDS, ("/usr/bin/python3", "-m", "holdfast.hooks"), ("holdfast-hook", "--data", "/d")]
)
def test_every_form_of_our_command_is_ours(words):
    assert is_ours(shell_line(words, "codex"), "codex")
    assert not is_ours(shell_line(words, "codex"), "claude-code")


def test_the_line_in_an_agents_file_writes_to_the_spool(tmp_path):
    words = (sys.executable, "-m", "holdfast.hooks", "--data", str(tmp_path / "data"))
    payload = '{"session_id":"s1","hook_event_name":"Stop","cwd":"/w"}'
    done = subprocess.run(
        ["sh", "-c", shell_line(words, "codex")], input=payload, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((tmp_path / "data/spool/codex.jsonl").read_text())["state"] == "done-unread"


def test_the_line_is_silent_where_holdfast_is_gone():
    done = subprocess.run(["sh", "-c", shell_line(("/gone/holdfast-hook",), "codex")], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.skipif(shutil.which("node") is None, reason="the plugin is JavaScript")
def test_the_plugin_of_opencode_tells_what_happens(tmp_path, hooks):
    here = Hooks(
        {}, hooks.home, hooks.data, words=(sys.executable, "-m", "holdfast.hooks", "--data", str(tmp_path / "d"))
    )
    install(here, "opencode")
    plugin = (tmp_path / "plugin.mjs").write_text(place(here, "opencode").read_text()) and tmp_path / "plugin.mjs"
    program = (
        f"const {{Holdfast}} = await import({json.dumps(str(plugin))});"
        "const h = await Holdfast({directory: '/work'});"
        "await h.event({event: {type: 'session.status', properties: {sessionID: 'ses_1', status: {type: 'busy'}}}});"
        "await h.event({event: {type: 'message.updated', properties: {sessionID: 'ses_1'}}});"
        "await h.event({event: {type: 'broken'}}); await h.event({});"
    )
    subprocess.run(["node", "--input-type=module", "-e", program], check=True, timeout=30)
    spool = tmp_path / "d" / "spool" / "opencode.jsonl"
    line = json.loads(eventually(spool))
    assert (line["native_id"], line["cwd"], line["state"]) == ("ses_1", "/work", "working")


def eventually(path) -> str:
    """Wait for a file that another process writes, by the end of that process's siblings: at most ten seconds."""
    for _ in range(100):
        if path.exists() and path.read_text().endswith("\n"):
            break
        subprocess.run([sys.executable, "-c", "import threading; threading.Event().wait(0.1)"], check=True)
    return path.read_text()


GAPS = st.sampled_from(["", "\n", " ", "\n  ", "\n\t", "\r\n", "/* c */", "// c\n", " // d, }\n  "])
SCALARS = st.sampled_from(["1", '"a"', "true", '"x, ]"', "null", '"\\u00e9//"'])


def arrays(inner):
    parts = st.tuples(st.lists(st.tuples(GAPS, inner, GAPS), max_size=3), GAPS, st.booleans())
    return parts.map(
        lambda t: "[" + ",".join(a + b + c for a, b, c in t[0]) + ("," if t[2] and t[0] else "") + t[1] + "]"
    )


def objects(inner, keys):
    member = st.tuples(GAPS, st.sampled_from(keys), GAPS, inner, GAPS)
    parts = st.tuples(st.lists(member, max_size=3, unique_by=lambda t: t[1]), GAPS, st.booleans())
    return parts.map(
        lambda t: (
            "{"
            + ",".join(f'{a}"{k}"{c}:{v}{e}' for a, k, c, v, e in t[0])
            + ("," if t[2] and t[0] else "")
            + t[1]
            + "}"
        )
    )


GROUPS = objects(arrays(objects(SCALARS, ["type", "command", "z"])), ["hooks"]) | objects(SCALARS, ["matcher"])
FILES = objects(objects(arrays(GROUPS), ["Stop", "PreToolUse", "X"]), ["hooks"]) | objects(
    SCALARS | arrays(SCALARS), ["a", "b"]
)


@given(FILES, GAPS, GAPS)
def test_whatever_a_file_looks_like_ours_goes_in_and_out_again(file, before, after):
    text = before + file + after
    plain, new, done = parse(text).plain(), text, []
    group = {"hooks": [{"type": "command", "command": "ours"}]}
    for event in ("Stop", "PreToolUse"):
        new, one = put(new, ("hooks", event), group)
        done.append(one)
        plain.setdefault("hooks", {}).setdefault(event, []).append(group)
    assert parse(new).plain() == plain
    assert undone(new, tuple(done)) == text
    for event in ("Stop", "PreToolUse"):
        held = parse(new).get("hooks").get(event)
        new = without(new, ("hooks", event), len(held.items) - 1)
        plain["hooks"][event].pop()
    plain["hooks"] = {k: v for k, v in plain["hooks"].items() if v or k == "X"}
    assert parse(new).plain() == {k: v for k, v in plain.items() if v != {} or k != "hooks"}
