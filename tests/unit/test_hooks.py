"""What agents call: the state each event stands for, the line in the spool, and nothing that could ever hurt an agent."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from holdfast.config import data_dir
from holdfast.hooks import _note, _payload, _spool, _states
from holdfast.model.live import State


def claude(event, **fields):
    return {"session_id": "s1", "transcript_path": "/t.jsonl", "cwd": "/work", "hook_event_name": event, **fields}


def notice(kind, message="Claude needs your permission to use Bash"):
    return claude("Notification", notification_type=kind, message=message)


QUESTION = {"questions": [{"question": "Which one?", "options": []}]}
TOLD = [
    ("claude-code", claude("SessionStart", source="startup"), "idle"),
    ("claude-code", claude("SessionStart", source="compact"), None),
    ("claude-code", claude("UserPromptSubmit", prompt="do it"), "working"),
    ("claude-code", claude("PreToolUse", tool_name="Bash"), "working"),
    ("claude-code", claude("PreToolUse", tool_name="AskUserQuestion", tool_input=QUESTION), "waiting-question"),
    ("claude-code", claude("PreToolUse", tool_name="ExitPlanMode"), "waiting-permission"),
    ("claude-code", claude("PermissionRequest", tool_name="Bash"), "waiting-permission"),
    ("claude-code", claude("PermissionRequest", tool_name="AskUserQuestion"), "waiting-question"),
    ("claude-code", claude("PostToolUse", tool_name="Bash"), "working"),
    ("claude-code", claude("PostToolUseFailure", tool_name="Bash", is_interrupt=False), "working"),
    ("claude-code", claude("PostToolUseFailure", tool_name="Bash", is_interrupt=True), "idle"),
    ("claude-code", notice("permission_prompt"), "waiting-permission"),
    ("claude-code", notice("elicitation_dialog"), "waiting-question"),
    ("claude-code", notice("idle_prompt"), "idle"),
    ("claude-code", notice("auth_success", "Signed in"), None),
    ("claude-code", claude("Notification", message="Claude needs your permission to use Bash"), "waiting-permission"),
    ("claude-code", claude("Notification", message="Claude is waiting for your input"), "idle"),
    ("claude-code", claude("Stop", stop_hook_active=False), "done-unread"),
    ("claude-code", claude("StopFailure", error="rate_limit"), "waiting-limit"),
    ("claude-code", claude("StopFailure", error="server_error"), "error"),
    ("claude-code", claude("PostCompact", trigger="manual"), "idle"),
    ("claude-code", claude("PostCompact", trigger="auto"), "working"),
    ("claude-code", claude("SessionEnd", reason="logout"), "ended"),
    ("claude-code", claude("CwdChanged"), None),
    ("codex", claude("PermissionRequest", tool_name="shell", turn_id="t"), "waiting-permission"),
    ("codex", claude("Interrupt", turn_id="t"), "idle"),
    ("codex", {"type": "agent-turn-complete", "thread-id": "s1", "cwd": "/work", "turn-id": "1"}, "done-unread"),
    ("gemini-cli", claude("BeforeAgent", prompt="x"), "working"),
    ("gemini-cli", claude("BeforeTool", tool_name="run_shell_command"), "working"),
    ("gemini-cli", claude("BeforeTool", tool_name="ask_user", tool_input=QUESTION), "waiting-question"),
    ("gemini-cli", claude("Notification", notification_type="ToolPermission", message="?"), "waiting-permission"),
    ("gemini-cli", claude("AfterAgent", prompt_response="y"), "done-unread"),
    ("gemini-cli", claude("SessionEnd", reason="exit"), "ended"),
    ("copilot-cli", ("userPromptSubmitted", {"sessionId": "s1", "cwd": "/work", "prompt": "x"}), "working"),
    ("copilot-cli", ("preToolUse", {"sessionId": "s1", "cwd": "/work", "toolName": "bash"}), "working"),
    ("copilot-cli", ("preToolUse", {"sessionId": "s1", "cwd": "/work", "toolName": "ask_user"}), "waiting-question"),
    ("copilot-cli", ("notification", {"sessionId": "s1", "cwd": "/work", "notification_type": "permission_prompt"}), "waiting-permission"),
    ("copilot-cli", ("agentStop", {"sessionId": "s1", "cwd": "/work", "stopReason": "end_turn"}), "done-unread"),
    ("copilot-cli", ("errorOccurred", {"sessionId": "s1", "cwd": "/work", "recoverable": True, "error": {}}), None),
    ("copilot-cli", ("errorOccurred", {"sessionId": "s1", "cwd": "/work", "error": {"name": "Boom"}}), "error"),
    ("copilot-cli", ("sessionEnd", {"sessionId": "s1", "cwd": "/work", "reason": "complete"}), "ended"),
    ("opencode", {"type": "session.status", "sessionID": "s1", "cwd": "/work", "status": "busy"}, "working"),
    ("opencode", {"type": "permission.asked", "sessionID": "s1", "cwd": "/work"}, "waiting-permission"),
    ("opencode", {"type": "question.asked", "sessionID": "s1", "cwd": "/work"}, "waiting-question"),
    ("opencode", {"type": "permission.replied", "sessionID": "s1", "cwd": "/work"}, "working"),
    ("opencode", {"type": "session.error", "sessionID": "s1", "cwd": "/work", "error": "APIError"}, "error"),
    ("opencode", {"type": "session.error", "sessionID": "s1", "cwd": "/work", "error": "MessageAbortedError"}, "idle"),
    ("opencode", {"type": "session.idle", "sessionID": "s1", "cwd": "/work"}, "done-unread"),
    ("cursor", {"hook_event_name": "beforeSubmitPrompt", "conversation_id": "s1", "workspace_roots": ["/work"]}, "working"),
    ("cursor", {"hook_event_name": "stop", "status": "completed", "conversation_id": "s1", "workspace_roots": ["/work"]}, "done-unread"),
    ("cursor", {"hook_event_name": "stop", "status": "aborted", "conversation_id": "s1", "workspace_roots": ["/work"]}, "idle"),
    ("cursor", {"hook_event_name": "stop", "status": "error", "conversation_id": "s1", "workspace_roots": ["/work"]}, "error"),
    ("cursor", {"hook_event_name": "sessionEnd", "conversation_id": "s1", "workspace_roots": ["/work"]}, "ended"),
]  # fmt: skip


def lines(folder, agent="claude-code"):
    path = Path(folder) / "spool" / f"{agent}.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def call(folder, *arguments, sent=b"", **more):
    environment = {"PATH": os.environ["PATH"], "HOLDFAST_HOME": str(folder)}
    return subprocess.run(
        [sys.executable, "-m", "holdfast.hooks", *arguments],
        input=sent, capture_output=True, env=environment, timeout=30, check=False, **more,
    )  # fmt: skip


@pytest.mark.parametrize(("agent", "payload", "state"), TOLD)
def test_an_event_says_the_state_of_its_session(tmp_path, agent, payload, state):
    event, fields = payload if isinstance(payload, tuple) else (_states.event_of(payload), payload)
    _note.write(agent, event, fields, folder=str(tmp_path), pid=7)
    told = [(one["native_id"], one["cwd"], one["pid"], one["state"]) for one in lines(tmp_path, agent)]
    assert told == ([] if state is None else [("s1", "/work", 7, state)])


def test_every_state_that_a_hook_tells_is_one_of_the_models():
    assert {state for _, _, state in TOLD if state} <= set(get_args(State))


@pytest.mark.parametrize(
    ("first", "then", "state"),
    [
        (claude("Stop"), notice("idle_prompt"), "done-unread"),
        (claude("StopFailure", error="rate_limit"), notice("idle_prompt"), "waiting-limit"),
        (claude("UserPromptSubmit"), notice("idle_prompt"), "idle"),
        (claude("PreToolUse", tool_name="AskUserQuestion"), notice("permission_prompt"), "waiting-question"),
        (claude("PreToolUse", tool_name="Bash"), notice("permission_prompt"), "waiting-permission"),
        ({"type": "session.error", "sessionID": "s1", "error": "APIError"}, {"type": "session.idle", "sessionID": "s1"}, "error"),
        ({"type": "session.status", "sessionID": "s1", "status": "busy"}, {"type": "session.idle", "sessionID": "s1"}, "done-unread"),
    ],
)  # fmt: skip
def test_a_reminder_does_not_undo_what_still_waits_for_the_person(tmp_path, first, then, state):
    agent = "opencode" if "type" in first else "claude-code"
    for payload in (first, {**first, "session_id": "another", "sessionID": "another"}, then):
        _note.write(agent, _states.event_of(payload), payload, folder=str(tmp_path), pid=None)
    assert lines(tmp_path, agent)[-1]["state"] == state


def asking(agent_id="", tool="Bash"):
    return claude("PermissionRequest", tool_name=tool, **({"agent_id": agent_id} if agent_id else {}))


def used(agent_id="", event="PostToolUse", tool="Read"):
    return claude(event, tool_name=tool, **({"agent_id": agent_id} if agent_id else {}))


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ([asking("a1"), used("a2")], "waiting-permission"),
        ([asking(), used("a2", "PreToolUse")], "waiting-permission"),
        ([asking("a1"), used()], "waiting-permission"),
        ([asking("a1"), used("a1")], "working"),
        ([asking(), used()], "working"),
        ([asking("a1"), notice("permission_prompt"), used("a2")], "waiting-permission"),
        ([asking("a1"), notice("permission_prompt"), used("a1")], "working"),
        ([notice("permission_prompt"), used("a1")], "working"),
        ([asking("a1"), used("a2"), claude("Stop")], "done-unread"),
        ([asking("a1"), used("a2"), claude("UserPromptSubmit")], "working"),
    ],
)
def test_what_another_sub_agent_does_answers_no_question(tmp_path, told, state):
    for payload in told:
        _note.write("claude-code", payload["hook_event_name"], payload, folder=str(tmp_path), pid=None)
    assert lines(tmp_path)[-1]["state"] == state


def test_one_line_holds_what_the_monitor_reads_and_only_its_owner_may_read_it(tmp_path):
    done = call(
        tmp_path / "data", "claude-code", "--pid", "4242", sent=json.dumps(notice("permission_prompt")).encode()
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    [line] = lines(tmp_path / "data")
    at = line.pop("at")
    assert at > 1_700_000_000_000
    assert line == {
        "v": 1, "agent": "claude-code", "native_id": "s1", "pid": 4242, "cwd": "/work", "event": "Notification",
        "state": "waiting-permission", "detail": "Claude needs your permission to use Bash",
    }  # fmt: skip
    modes = [stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "data", tmp_path / "data" / "spool")]
    assert modes == [0o700, 0o700]
    assert stat.S_IMODE((tmp_path / "data" / "spool" / "claude-code.jsonl").stat().st_mode) == 0o600


def test_without_a_pid_the_first_ancestor_that_is_no_shell_is_the_agent(tmp_path):
    line = f"{sys.executable} -m holdfast.hooks claude-code --pid || true"
    subprocess.run(
        ["sh", "-c", line], input=json.dumps(claude("Stop")).encode(), check=True, timeout=30,
        env={"PATH": os.environ["PATH"], "HOLDFAST_HOME": str(tmp_path)},
    )  # fmt: skip
    assert lines(tmp_path)[0]["pid"] == os.getpid()


@pytest.mark.parametrize("agent", ["cursor", "gemini-cli"])
def test_an_agent_that_reads_json_gets_json_that_decides_nothing(tmp_path, agent):
    done = call(tmp_path, agent, sent=json.dumps(claude("Stop")).encode())
    assert (done.returncode, json.loads(done.stdout)) == (0, {})


def test_cursor_is_told_to_go_on_with_a_prompt(tmp_path):
    done = call(tmp_path, "cursor", sent=b'{"hook_event_name":"beforeSubmitPrompt","conversation_id":"c"}')
    assert json.loads(done.stdout) == {"continue": True}


def test_claudes_hooks_run_by_cursor_are_cursors_sessions(tmp_path):
    call(tmp_path, "claude-code", sent=json.dumps(claude("Stop", cursor_version="3.1", conversation_id="c9")).encode())
    assert [line["native_id"] for line in lines(tmp_path, "cursor")] == ["c9"]
    assert lines(tmp_path) == []


def test_an_argument_is_a_payload_too(tmp_path):
    call(tmp_path, "codex", '{"type":"agent-turn-complete","thread-id":"t1","cwd":"/w"}')
    assert [(line["native_id"], line["state"]) for line in lines(tmp_path, "codex")] == [("t1", "done-unread")]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b'{"session_id":5,"hook_event_name":["Stop"]}',
        b"[" * 100_000,
    ],
)
def test_nonsense_is_no_event_and_no_failure(tmp_path, sent):
    done = call(tmp_path, "claude-code", sent=sent)
    assert (done.returncode, done.stdout, done.stderr, lines(tmp_path)) == (0, b"", b"", [])


@pytest.mark.parametrize("arguments", [(), ("../../evil",), ("vim",), ("claude-code", "--data"), ("--pid",)])
def test_a_strange_command_line_is_no_failure(tmp_path, arguments):
    done = call(tmp_path, *arguments, sent=b"{}")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not list(tmp_path.rglob("*evil*"))


def test_a_payload_of_many_megabytes_is_taken_whole_and_its_beginning_read(tmp_path):
    huge = {**claude("PostToolUse", tool_name="Read"), "tool_response": "x" * 30_000_000}
    done = call(tmp_path, "claude-code", sent=json.dumps(huge).encode())
    assert done.returncode == 0
    assert [(line["state"], line["detail"]) for line in lines(tmp_path)] == [("working", "Read")]


def test_fields_before_the_place_where_a_payload_breaks_off_are_read():
    whole = json.dumps(claude("Stop", nested={"session_id": "inner"}, last="cut here"))
    assert _payload.fields(whole[:-9].encode())["session_id"] == "s1"
    assert "last" not in _payload.fields(whole[:-9].encode())


def test_a_line_is_never_longer_than_4096_bytes(tmp_path):
    fields = claude("Notification", notification_type="permission_prompt", message="\u6f22" * 9000)
    _note.write("claude-code", "Notification", {**fields, "cwd": "/\u6f22" * 2000}, folder=str(tmp_path), pid=1)
    data = (tmp_path / "spool" / "claude-code.jsonl").read_bytes()
    assert len(data) <= 4096
    assert lines(tmp_path)[0]["native_id"] == "s1"


def test_an_open_pipe_that_stays_silent_holds_nobody_up(tmp_path):
    reading, writing = os.pipe()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "holdfast.hooks", "claude-code"], stdin=reading, capture_output=True, timeout=5,
            env={"PATH": os.environ["PATH"], "HOLDFAST_HOME": str(tmp_path)}, check=False,
        )  # fmt: skip
    finally:
        os.close(reading)
        os.close(writing)
    assert done.returncode == 0


def test_whatever_hangs_is_given_up(tmp_path):
    program = (
        "import sys, threading; sys.argv[1:] = ['claude-code']\n"
        "from holdfast.hooks import _note, _payload, __main__\n"
        "_note.PATIENCE = 0.2; _payload.received = lambda: threading.Event().wait()\n"
        "__main__.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=10, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def ruined(folder, how):
    if how == "a file in place of the folder":
        folder.write_text("")
    elif how == "a pipe in place of the file":
        (folder / "spool").mkdir(parents=True)
        os.mkfifo(folder / "spool" / "claude-code.jsonl")
    elif how == "a link in place of the file":
        (folder / "spool").mkdir(parents=True)
        (folder / "spool" / "claude-code.jsonl").symlink_to(folder.parent / "elsewhere")
    elif how == "a device that is full":
        (folder / "spool").mkdir(parents=True)
        (folder / "spool" / "claude-code.jsonl").symlink_to("/dev/full")
    else:
        folder.mkdir()
        folder.chmod(0o500)


@pytest.mark.parametrize(
    "how",
    [
        "a file in place of the folder",
        "a pipe in place of the file",
        "a link in place of the file",
        "a device that is full",
        "a folder that may not be written",
    ],
)
def test_a_spool_that_cannot_be_written_is_no_failure(tmp_path, how):
    folder = tmp_path / "data"
    ruined(folder, how)
    done = call(folder, "claude-code", sent=json.dumps(claude("Stop")).encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_is_no_failure_and_a_torn_line_takes_no_other_along(tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (150, 150)); import signal;"
    limit += "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); import sys; sys.argv[1:] = ['claude-code'];"
    program = f"{limit} from holdfast.hooks.__main__ import main; main()"
    environment = {"PATH": os.environ["PATH"], "HOLDFAST_HOME": str(tmp_path)}
    sent = json.dumps(claude("Stop")).encode()
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", program], input=sent, env=environment, capture_output=True, timeout=30, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert call(tmp_path, "claude-code", sent=sent).returncode == 0
    *_, last = (tmp_path / "spool" / "claude-code.jsonl").read_bytes().splitlines()
    assert json.loads(last)["state"] == "done-unread"


def test_many_hooks_at_once_lose_no_line(tmp_path):
    environment = {"PATH": os.environ["PATH"], "HOLDFAST_HOME": str(tmp_path)}
    running = []
    for number in range(24):
        payload = json.dumps({**claude("Stop"), "session_id": f"s{number}"})
        running.append(
            subprocess.Popen([sys.executable, "-m", "holdfast.hooks", "claude-code", payload], env=environment)
        )
    assert [process.wait(60) for process in running] == [0] * 24
    assert {line["native_id"] for line in lines(tmp_path)} == {f"s{n}" for n in range(24)}


def test_a_file_that_nobody_trims_is_set_aside(tmp_path, monkeypatch):
    monkeypatch.setattr(_spool, "FULL", 500)
    for _ in range(32):
        _note.write("claude-code", "Stop", claude("Stop"), folder=str(tmp_path), pid=None)
    sizes = [p.stat().st_size for p in (tmp_path / "spool").iterdir()]
    assert len(sizes) == 2
    assert max(sizes) < 1000


def test_a_hook_loads_nothing_of_holdfast_but_itself_and_nothing_that_is_installed():
    program = (
        "import sys; before = set(sys.modules); sys.argv[1:] = []\n"
        "import holdfast.hooks.__main__, holdfast.hooks._note\n"
        "new = {n for n in set(sys.modules) - before if n.partition('.')[0] not in sys.stdlib_module_names}\n"
        "print(sorted(n for n in new if n != 'holdfast' and not n.startswith('holdfast.hooks')))"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    "env",
    [{"HOME": "/home/ada"}, {"HOME": "/home/ada", "XDG_DATA_HOME": "/data"}, {"HOME": "/home/ada", "XDG_DATA_HOME": "data"},
     {"HOME": "/home/ada", "HOLDFAST_HOME": "/elsewhere"}],
)  # fmt: skip
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a library is asked, which takes no environment")
def test_the_spool_stands_in_the_data_folder(env):
    assert _spool.data_dir(env) == str(data_dir(env))
