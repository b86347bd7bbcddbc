"""close and batch tag, export, close: shown first, done to what was meant, told as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest
from msgspec.structs import replace

from holdfast.model.live import Board, BoardRow, Live
from holdfast.model.process import Process

TITLE = "Fix the build"


@pytest.fixture
def processes():
    """Start processes, each of which is ended by its number afterwards."""
    running = []

    def start(*argv) -> Process:
        process = subprocess.Popen(argv or ("sleep", "60"), stdout=subprocess.PIPE)
        running.append(process)
        if argv:
            process.stdout.readline()
        found = psutil.Process(process.pid)
        while found.name() != Path(argv[0] if argv else "sleep").resolve().name and not argv:
            pass
        return Process(pid=process.pid, started=int(found.create_time() * 1000), name=found.name())

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def board(cli, monkeypatch):
    """Put processes of one's own on the board, by the title of the session."""
    from holdfast.services.monitor import Monitor

    rows = {}

    def put(title, process, state="idle"):
        rows[title] = (process, state)

    def shown(self, **_):
        found = [s for s in self.store.find() if s.title in rows]
        return Board(
            at=1,
            rows=tuple(
                BoardRow(
                    session=replace(s, status=rows[s.title][1]),
                    live=Live(process=rows[s.title][0], state=rows[s.title][1]),
                )
                for s in found
            ),
        )

    monkeypatch.setattr(Monitor, "board", shown)
    monkeypatch.setattr(
        Monitor,
        "listed",
        lambda self, found, **_: [replace(s, status=rows.get(s.title, (0, "ended"))[1]) for s in found],
    )
    return put


def titles(cli) -> list[str]:
    return [
        s["title"] for s in cli.json("list", "--no-sync")["sessions"] if (s["parent"] or {}).get("kind") != "subagent"
    ]


def is_alive(process) -> bool:
    return psutil.pid_exists(process.pid) and psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE


def test_a_session_is_saved_and_closed(cli, board, processes):
    process = processes()
    board(TITLE, process)
    done = cli.json("close", cli.id_of(TITLE), "--yes")
    [one] = done["sessions"]
    assert (done["action"], one["outcome"], one["pid"]) == ("closed", "ended", process.pid)
    assert Path(one["path"]).parent == cli.data / "closed"
    assert not is_alive(process)
    assert cli("import", one["path"]).exit_code == 0


def test_a_session_that_does_not_run_is_told_so(cli, board):
    answer = cli("close", cli.id_of(TITLE), "--yes")
    assert (answer.exit_code, "did not run" in answer.stdout) == (0, True)


def test_nothing_is_closed_without_a_yes_and_the_samples_are_shown(cli, board, processes):
    process = processes()
    board(TITLE, process)
    answer = cli("batch", "close", "all")
    assert (answer.exit_code, TITLE in answer.stderr, "Save and close 1 session?" in answer.stderr) == (9, True, True)
    dry = cli("batch", "close", "all", "--dry-run")
    assert (dry.exit_code, TITLE in dry.stdout, str(process.pid) in dry.stdout) == (0, True, True)
    assert is_alive(process)


def test_only_those_in_the_state_are_closed(cli, board, processes):
    first, second = titles(cli)[:2]
    idle, working = processes(), processes()
    board(first, idle, "idle")
    board(second, working, "working")
    done = cli.json("batch-close", "all", "--force", "--status", "idle")
    assert [s["name"] for s in done["sessions"]] == [first]
    assert (is_alive(idle), is_alive(working)) == (False, True)
    assert cli("batch", "close", "all", "--status", "dead").exit_code == 2
    assert cli("batch", "close", "", "--yes").exit_code == 2
    assert cli("batch", "close", "--yes", "--", "-word").exit_code == 2
    assert [s["name"] for s in cli.json("batch", "close", "status:active", "--dry-run")["sessions"]] == [second]


def test_part_of_a_batch_that_fails_has_its_own_exit_code(cli, board, processes):
    first, second = titles(cli)[:2]
    fine = processes()
    other = replace(processes(), started=1)
    board(first, fine)
    board(second, other)
    answer = cli("batch", "close", "all", "--yes", "--json")
    assert answer.exit_code == 7
    found = {s["name"]: (s["outcome"], s["failed"]) for s in json.loads(answer.stdout)["sessions"]}
    assert found == {first: ("ended", False), second: ("refused", True)}
    assert (is_alive(fine), is_alive(other)) == (False, True)
    assert cli("batch", "close", "all", "--yes").exit_code == 7


def test_a_batch_of_which_all_failed_is_a_failure(cli, board, processes):
    board(TITLE, replace(processes(), started=1))
    answer = cli("close", cli.id_of(TITLE), "--yes")
    assert (answer.exit_code, "another process" in answer.stdout) == (1, True)


def test_what_does_not_end_is_killed_only_if_asked(cli, board, processes):
    program = "import signal, threading; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); threading.Event().wait(60)"
    process = processes(sys.executable, "-c", program)
    board(TITLE, process)
    line = ("close", cli.id_of(TITLE), "--yes", "--grace", "0.1", "--output-dir")
    answer = cli(*line, "first")
    assert (answer.exit_code, "still runs" in answer.stdout, is_alive(process)) == (1, True, True)
    assert cli.json(*line, "second", "--kill")["sessions"][0]["outcome"] == "killed"
    assert not is_alive(process)


def test_a_pattern_tags_what_it_matches(cli):
    done = cli.json("batch-tag", "fix*build", "Sprint", "old", "--yes")
    assert (done["action"], [s["name"] for s in done["sessions"]]) == ("tagged", [TITLE])
    assert [s["title"] for s in cli.json("list", "--tag", "Sprint")["sessions"]] == [TITLE]


def test_a_query_tags_what_it_finds_and_shows_it(cli):
    answer = cli("batch", "tag", "agent:codex", "api")
    assert answer.exit_code == 0
    assert answer.stderr.startswith("6 sessions:\n  ")
    assert answer.stderr.endswith("\n  and 1 more\n")
    assert answer.stdout.startswith("tagged ")
    assert {s["agent"] for s in cli.json("list", "tag:api")["sessions"]} >= {"codex"}
    assert cli("batch", "tag", "all", "two words").exit_code == 2


def test_a_dry_run_tags_nothing(cli):
    assert TITLE in cli("batch", "tag", "all", "api", "--dry-run").stdout
    assert TITLE not in [s["title"] for s in cli.json("list", "--tag", "api")["sessions"]]


@pytest.mark.parametrize(
    "line",
    [
        ("batch-tag", "all", "backend", "api"),
        ("batch-tag", "fix-*", "testing", "experimental"),
        ("batch-export", "all", "--output-dir", "./exports", "--format", "json"),
        ("batch-export", "fix*", "--format", "markdown"),
        ("batch-close", "nothing-*"),
        ("batch-close", "nothing-*", "--status", "idle"),
        ("batch-close", "nothing-*", "--force"),
    ],
)
def test_every_line_of_the_older_tool_works(cli, line):
    assert cli(*line).exit_code == 0


def test_every_session_is_written_to_a_file_of_its_own(cli):
    done = cli.json("batch-export", "all", "--output-dir", "out", "--format", "markdown")
    assert sorted(p.name for p in Path("out").iterdir()) == sorted(Path(s["path"]).name for s in done["sessions"])
    assert done["count"] == len(titles(cli)) == len(list(Path("out").glob("*.md")))
    again = cli("batch", "export", "all", "-o", "out", "-f", "markdown")
    assert (again.exit_code, "exists" in again.stdout) == (1, True)
    next(Path("out").iterdir()).unlink()
    assert cli("batch", "export", "all", "-o", "out", "-f", "markdown").exit_code == 7
    assert cli("batch", "export", "all", "-o", "out", "-f", "markdown", "--force").exit_code == 0


def test_a_format_that_is_none_is_said_before_anything_is_written(cli):
    answer = cli("batch", "export", "all", "-o", "out", "-f", "docx")
    assert (answer.exit_code, "markdown" in answer.stderr, Path("out").exists()) == (2, True, False)


def test_what_matches_nothing_changes_nothing(cli):
    for line in (("tag", "nothing-*", "x"), ("export", "nothing-*"), ("close", "nothing-*")):
        answer = cli("batch", *line, "--yes" if line[0] != "export" else "--raw")
        kind = "running session" if line[0] == "close" else "session"
        assert (answer.exit_code, answer.stdout) == (0, f"no {kind} matches; nothing changed\n")
