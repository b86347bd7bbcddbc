"""When the dashboard opens, and what happens where it cannot."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from importlib.util import find_spec

import pytest

from holdfast.faces.cli import _dashboard


def test_off_a_terminal_the_name_alone_prints_the_list(cli):
    answer = cli()
    assert answer.exit_code == 0
    assert "Fix the build" in answer.stdout
    assert "tui" not in answer.stderr


def test_without_the_extra_the_name_alone_prints_the_list_and_says_so(cli, monkeypatch):
    monkeypatch.setattr(_dashboard, "can_type", lambda _state: True)
    monkeypatch.setattr(_dashboard, "is_installed", lambda: False)
    answer = cli()
    assert answer.exit_code == 0
    assert "Fix the build" in answer.stdout
    assert "holdfast[tui]" in answer.stderr


def test_without_the_extra_monitor_names_it(cli, monkeypatch):
    monkeypatch.setattr(_dashboard, "can_type", lambda _state: True)
    monkeypatch.setattr(_dashboard, "is_installed", lambda: False)
    answer = cli("monitor")
    assert answer.exit_code == 10
    assert "holdfast[tui]" in answer.stderr
    assert cli("monitor", "--once").exit_code == 0


def test_on_a_terminal_the_name_alone_opens_it(cli, monkeypatch):
    opened = []
    monkeypatch.setattr(_dashboard, "can_type", lambda _state: True)
    monkeypatch.setattr(_dashboard, "is_installed", lambda: True)
    monkeypatch.setattr(_dashboard, "show", lambda _state, interval: opened.append(interval))
    assert cli().exit_code == 0
    assert cli("monitor", "--interval", "9").exit_code == 0
    assert opened == [None, 9.0]


def until(end: int, wanted: bytes) -> bytes:
    """Read a terminal until something stands there, or the program ends."""
    seen = b""
    while wanted not in seen and select.select([end], [], [], 60)[0]:
        try:
            seen += os.read(end, 1 << 16)
        except OSError:  # it has ended
            return seen
    return seen


@pytest.mark.skipif(not find_spec("textual"), reason="needs the extra tui")
def test_in_a_real_terminal_it_shows_sessions_and_leaves_the_screen_as_it_was(cli):
    argv = [sys.executable, "-m", "holdfast"]
    env = {k: v for k, v in os.environ.items() if k != "COLUMNS"} | {"TERM": "xterm-256color"}
    end, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    child = subprocess.Popen(argv, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    try:
        seen = until(end, b"build")
        assert b"\x1b[?1049h" in seen, seen[-500:]
        os.write(end, b"q")
        assert b"\x1b[?1049l" in until(end, b"\x1b[?1049l")
        assert child.wait(60) == 0
    finally:
        child.kill()
        child.wait()
        os.close(end)
