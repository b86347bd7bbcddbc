from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from holdfast.errors import BadInput, NotFound, Unavailable, Unsafe
from holdfast.sandbox import _confine as confine
from holdfast.sandbox import cleaned, confinement, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="commands run on Linux alone")
WAYS = [
    pytest.param(
        "bubblewrap", marks=pytest.mark.skipif(not confine.bubblewrap(), reason="bubblewrap does not work here")
    ),
    pytest.param(
        "landlock", marks=pytest.mark.skipif(confine.abi() < confine.LEAST_ABI, reason="no Landlock in this kernel")
    ),
]
everywhere = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with a secret, and a project in it."""
    place = tmp_path / "home"
    (place / ".ssh").mkdir(parents=True)
    (place / ".ssh" / "id").write_text("precious")
    (place / "project").mkdir()
    monkeypatch.setenv("HOME", str(place))
    return place


@pytest.fixture
def project(home):
    return home / "project"


def python(code, *given):
    """Return a command of the interpreter itself: an environment below /tmp would be out of sight."""
    return [str(Path(sys.executable).resolve()), "-c", code, *map(str, given)]


@everywhere
def test_a_command_works_in_its_project(way, project):
    ran = run(["sh", "-c", "echo made > new; cat new; echo wrong >&2; exit 3"], project, using=way)
    assert (ran.stdout, ran.stderr, ran.exit, ran.ok, ran.confined) == ("made\n", "wrong\n", 3, False, way)
    assert (project / "new").read_text() == "made\n"


@everywhere
@pytest.mark.parametrize(
    "script",
    [
        "cat {home}/.ssh/id",
        "ls {home}/.ssh",
        "echo x > {home}/.bashrc",
        "echo x >> {home}/.ssh/id",
        "rm -r {home}/.ssh",
        ": > {home}/.ssh/id",
        "truncate -s 0 {home}/.ssh/id",
        "mv {home}/.ssh moved",
        "ln {home}/.ssh/id linked && cat linked",
        "ln -s {home}/.ssh/id linked; cat linked",
        "echo x > /usr/holdfast-was-here",
        "echo x > /etc/holdfast-was-here",
        "echo x > /holdfast-was-here",
        "ls /proc/{pid}/root/{home}",
        "cd ..; ls .ssh",
    ],
)
def test_nothing_outside_is_read_or_changed(way, script, home, project):
    before = sorted(p.name for p in home.rglob("*"))
    ran = run(["sh", "-c", script.format(home=home, pid=os.getpid())], project, using=way)
    assert ran.confined == way
    assert "precious" not in ran.stdout
    assert (home / ".ssh" / "id").read_text() == "precious"
    assert sorted(p.name for p in home.rglob("*") if p.name not in {"linked", "moved"}) == before
    assert not list(Path("/").glob("*/holdfast-was-here"))


@everywhere
@pytest.mark.parametrize("what", ["environ", "maps", "mem", "fd/0", "cwd/x", "root/etc/passwd"])
def test_another_process_is_not_looked_into(way, what, project):
    ran = run(["cat", f"/proc/{os.getpid()}/{what}"], project, using=way)
    assert (ran.ok, ran.stdout) == (False, "")


@everywhere
def test_a_program_of_python_cannot_leave_either(way, home, project):
    code = "import os,sys\nfor step in (lambda: os.chroot('..'), lambda: open(sys.argv[1]), lambda: os.mkdir('/usr/made')):\n  try: step()\n  except OSError as e: print('refused')"
    ran = run(python(code, home / ".ssh" / "id"), project, using=way)
    assert ran.stdout == "refused\n" * 3, ran.stderr


@everywhere
def test_the_network_is_off_even_to_this_machine(way, project):
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = "import socket,sys\nsocket.create_connection(('127.0.0.1', int(sys.argv[1])), 2)"
        ran = run(python(code, server.getsockname()[1]), project, using=way)
        assert ran.exit == 1
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()


@everywhere
def test_a_datagram_does_not_leave(way, project):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        code = "import socket,sys\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', int(sys.argv[1])))"
        run(python(code, listening.getsockname()[1]), project, using=way)
        listening.settimeout(0)
        with pytest.raises(BlockingIOError):
            listening.recv(1)


@everywhere
def test_a_socket_of_an_agent_is_out_of_reach(way, home, project):
    place = str(home / "agent.sock")
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(place)
        agent.listen()
        ran = run(
            python("import socket,sys\nsocket.socket(socket.AF_UNIX).connect(sys.argv[1])", place), project, using=way
        )
        assert ran.exit == 1


@everywhere
def test_another_process_is_not_signalled(way, project):
    ran = run(python("import os,sys\nos.kill(int(sys.argv[1]), 0)", os.getpid()), project, using=way)
    if way == "landlock" and confine.abi() < 6:
        pytest.skip("this Landlock knows no signals")
    assert ran.exit == 1


@pytest.mark.skipif(not confine.bubblewrap(), reason="bubblewrap does not work here")
def test_what_git_runs_later_stays_as_it_is_in_bubblewrap(project):
    (project / ".git" / "hooks").mkdir(parents=True)
    (project / ".git" / "config").write_text("")
    ran = run(
        ["sh", "-c", "echo evil > .git/hooks/pre-commit; echo evil > .git/config; mv .git/hooks x"],
        project,
        using="bubblewrap",
    )
    assert not ran.ok
    assert not list((project / ".git" / "hooks").iterdir())
    assert (project / ".git" / "config").read_text() == ""


@everywhere
def test_bytes_that_are_no_text_come_as_a_note(way, project):
    ran = run(["head", "-c", "300000", "/dev/urandom"], project, using=way)
    assert ran.stdout == "[binary output, 300,000 bytes]"
    assert run(["printf", r"ok \377\n"], project, using=way).stdout == "ok \ufffd\n"


@everywhere
def test_five_megabytes_are_cut_in_the_middle_and_said_so(way, project):
    ran = run(["sh", "-c", "echo first; yes | head -c 5000000; echo last"], project, using=way, limit=10_000)
    assert ran.stdout.startswith("first\n")
    assert ran.stdout.endswith("last\n")
    assert len(ran.stdout) < 10_100
    assert ran.cut == 5_000_011 - 10_000
    assert f"{ran.cut:,} bytes left out" in ran.stdout


@everywhere
def test_a_command_that_will_not_stop_is_ended(way, project):
    code = "import signal,time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('here', flush=True)\nwhile True: time.sleep(1)"
    began = time.monotonic()
    ran = run(python(code), project, using=way, timeout=1)
    assert (ran.timed_out, ran.ok, ran.stdout) == (True, False, "here\n")
    assert time.monotonic() - began < 8


@everywhere
def test_nothing_that_a_command_started_outlives_it(way, project):
    mark = f"{time.time_ns() % 10**9}.25"
    ran = run(["sh", "-c", f"setsid sleep {mark} >/dev/null 2>&1 & (sleep {mark} &) ; echo done"], project, using=way)
    assert ran.stdout == "done\n"
    assert [p for p in psutil.process_iter(["cmdline"]) if mark in " ".join(p.info["cmdline"] or ())] == []


@everywhere
def test_a_fork_bomb_is_ended(way, project):
    code = "import os,time\nfor _ in range(8): os.fork()\ntime.sleep(30)"
    ran = run(python(code), project, using=way, processes=30, timeout=20)
    assert not ran.ok
    assert ran.too_many_processes or "Resource temporarily unavailable" in ran.stderr
    assert ran.seconds < 15


@everywhere
def test_secrets_are_not_in_a_commands_environment(way, project, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "not to be told")
    monkeypatch.setenv("HARMLESS", "told")
    ran = run(["env"], project, using=way)
    assert "not to be told" not in ran.stdout
    assert "HARMLESS=told" in ran.stdout
    assert f"HOME={project.parent}\n" not in ran.stdout


@everywhere
def test_a_commands_scratch_folder_is_gone_afterwards(way, project):
    ran = run(["sh", "-c", "echo x > $TMPDIR/x; echo $TMPDIR"], project, using=way)
    assert ran.ok
    assert not Path(ran.stdout.strip()).exists()


def test_names_and_shapes_of_secrets_are_left_out():
    shaped = {
        "A": "sk-" + "a1" * 12,
        "B": "ghp_" + "a1" * 15,
        "C": "postgres://me:" + "hidden@db/x",
        "D": "AKIA" + "Z" * 16,
    }
    named = dict.fromkeys(
        ("ANTHROPIC_API_KEY", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "DB_PASSWORD", "MYSQL_PWD",
         "SSH_AUTH_SOCK", "npm_config__auth_token", "DATABASE_URL", "SECRET", "DJANGO_SECRET_KEY", "KUBECONFIG"), "x"
    )  # fmt: skip
    kept = {"PATH": "/bin", "PWD": "/x", "OLDPWD": "/y", "LANG": "C", "GIT_AUTHOR_NAME": "Ann", "KEYBOARD": "de",
            "HTTP_PROXY": "http://proxy:3128"}  # fmt: skip
    assert cleaned(shaped | named | kept) == kept


def test_nothing_runs_where_nothing_can_confine_it(project, monkeypatch):
    monkeypatch.setattr("holdfast.sandbox.confinement", lambda: None)
    with pytest.raises(Unavailable, match="neither bubblewrap nor") as refused:
        run(["touch", "made"], project)
    assert "tools.sandbox off" in refused.value.hint
    assert not (project / "made").exists()


def test_a_person_may_do_without(project, home):
    ran = run(["cat", str(home / ".ssh" / "id")], project, sandbox="off")
    assert (ran.stdout, ran.confined) == ("precious", None)


def test_limits_hold_without_confinement_too(project):
    ran = run(["sh", "-c", "sleep 30 & sleep 30"], project, sandbox="off", timeout=0.5)
    assert ran.timed_out
    assert ran.seconds < 8


def test_a_folder_that_holds_a_home_is_refused(home):
    for folder in (home, home.parent, Path("/")):
        with pytest.raises(Unsafe, match="whole home"):
            run(["true"], folder)


def test_a_program_that_is_not_there_is_named(project):
    with pytest.raises(NotFound, match="no program 'no-such-program'"):
        run(["no-such-program"], project)
    with pytest.raises(BadInput):
        run([], project)


def test_a_shells_words_are_only_arguments(project):
    if confinement() is None:
        pytest.skip("nothing confines here")
    assert run(["echo", "$HOME", ";", "ls"], project).stdout == "$HOME ; ls\n"


def test_a_command_ends_when_the_program_that_asked_for_it_is_killed(project):
    code = "import sys\nfrom pathlib import Path\nfrom holdfast.sandbox import run\nrun(['sleep', sys.argv[1]], Path(sys.argv[2]), sandbox='off')"
    mark = f"{time.time_ns() % 10**6}.75"
    asking = subprocess.Popen([sys.executable, "-c", code, mark, str(project)])
    started: list = []
    deadline = time.monotonic() + 20
    while not started and time.monotonic() < deadline:
        started = [p for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [""])[-1] == mark]
    asking.kill()
    asking.wait()
    assert started
    assert psutil.wait_procs(started, timeout=10)[1] == []
