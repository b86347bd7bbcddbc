"""What is seen of running processes, and what is never seen."""

from __future__ import annotations

import os
import random
import signal
import string
import subprocess
import sys
import time

import pytest

from holdfast import processes

WAIT = "import sys; print('up', flush=True); sys.stdin.read()"


@pytest.fixture
def start(tmp_path):
    """Start stand-ins that wait for their standard input to close, and end each by itself."""
    running = []

    def begin(*arguments, code=WAIT, cwd=tmp_path, env=None):
        child = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=cwd, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        child.stdout.readline()
        running.append(child)
        return child

    yield begin
    for child in running:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()


def seen(pid):
    return next((p for p in processes.snapshot() if p.pid == pid), None)


def random_text(letters, length, seed=7):
    made_up = random.Random(seed)
    return "".join(made_up.choice(letters) for _ in range(length))


def keys():
    mixed = string.ascii_letters + string.digits
    yield "sk-" + "ant-" + random_text(mixed, 40)
    yield "gh" + "p_" + random_text(mixed, 36)
    yield "AK" + "IA" + random_text(string.ascii_uppercase + string.digits, 16)
    yield "ey" + "J" + random_text(mixed, 20) + "." + random_text(mixed, 30) + "." + random_text(mixed, 30)
    yield random_text(mixed, 48)
    yield random_text("0123456789abcdef", 40)


def test_a_process_is_seen_with_its_folder_start_and_command_line(start, tmp_path):
    child = start("--resume", "abc")
    found = seen(child.pid)
    assert found.argv[-2:] == ("--resume", "abc")
    assert found.cwd == str(tmp_path)
    assert found.parent == os.getpid()
    assert abs(found.started / 1000 - time.time()) < 60
    assert not found.stopped


def test_a_process_keeps_its_start_over_many_scans(start):
    child = start()
    assert len({seen(child.pid).started for _ in range(20)}) == 1


def test_a_process_that_ended_is_not_seen_even_while_nobody_waited_for_it(start):
    child = start()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert seen(child.pid) is None


@pytest.mark.skipif(sys.platform != "linux", reason="stopping is told by /proc here")
def test_a_suspended_process_says_so(start):
    child = start()
    child.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
    assert seen(child.pid).stopped


def test_the_environment_is_nowhere_in_what_is_seen(start):
    key = next(keys())
    child = start(env={**os.environ, "ANTHROPIC_API_KEY": key, "PLAIN": "window-7313"})
    text = repr(seen(child.pid))
    assert key not in text
    assert "window-7313" not in text


@pytest.mark.parametrize("number", range(6))
def test_a_key_in_the_command_line_is_masked_however_it_is_given(start, number):
    key = list(keys())[number]
    child = start("--api-key", key, f"--token={key}", f"OPENAI_API_KEY={key}", f"Authorization: Bearer {key}", key,
                  f"https://user:{key}@example.org/x", f'{{"apiKey":"{key}"}}')  # fmt: skip
    assert key not in repr(seen(child.pid))


@pytest.mark.parametrize(
    "argument", ["PASSWORD=hunter2", "db_password: hunter2", '{"apiKey": "hunter2"}', "x-auth-token=hunter2"]
)
def test_what_is_named_a_secret_is_masked_however_plain_it_looks(argument):
    assert "hunter2" not in processes.masked(("claude", argument))[1]
    assert processes.masked(("claude", "--password", "hunter2", "next")) == (
        "claude",
        "--password",
        processes.MASK,
        "next",
    )


def test_what_tells_sessions_apart_is_left_as_it_is():
    argv = ("claude", "--resume", "a69e350e-140e-489b-a707-94dac7b9ac1d", "/home/me/code/node_modules/@openai/codex/bin/x.js",
            "--model", "claude-opus-4-5", "--session", "ses_4f8e21aa0ffe", "/tmp/pytest-of-me/pytest-12/test_a_long_name0/claude")  # fmt: skip
    assert processes.masked(argv) == argv


def test_only_files_open_for_writing_are_named(start, tmp_path):
    code = (
        "import sys; a = open('written.jsonl', 'a'); b = open(sys.executable, 'rb'); print('up', flush=True); "
        "sys.stdin.read()"
    )
    child = start(code=code)
    assert processes.written(child.pid) == (str(tmp_path / "written.jsonl"),)


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc has such a mark")
def test_a_process_has_the_mark_of_its_start_that_agents_write_down(start):
    one, two = start(), start()
    assert processes.birth(one.pid).isdigit()
    assert int(processes.birth(two.pid)) >= int(processes.birth(one.pid))
    assert processes.birth(1 << 30) == ""


def test_nothing_is_said_of_a_process_that_is_not_there():
    assert processes.written(1 << 30) == ()


def test_panes_are_told_by_tmux_and_without_it_there_are_none(tmp_path, monkeypatch):
    program = tmp_path / "tmux"
    program.write_text("#!/bin/sh\necho '/dev/pts/7 work:1.0'\necho 'no'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert processes.panes() == {"/dev/pts/7": "work:1.0"}
    program.unlink()
    assert processes.panes() == {}
