from __future__ import annotations

import json

import apsw
import pytest


@pytest.fixture
def damaged(cli):
    """Return the URL of an archive in which one row of messages does not come back, and its session."""
    path = cli.data / "sessions.db"
    db = apsw.Connection(str(path))
    kind = "blocks" if db.execute("SELECT count(*) FROM blocks").get else "tail"
    session, first, data = db.execute(f"SELECT session, first, data FROM {kind} LIMIT 1").get
    broken = data[:-3] + bytes([data[-3] ^ 3]) + data[-2:]
    db.execute(f"UPDATE {kind} SET data=? WHERE session=? AND first=?", (broken, session, first))
    found = db.execute("SELECT id FROM sessions WHERE pk=?", (session,)).get
    db.close()
    return f"sqlite:///{path}", found


def test_verify_lists_every_fault_as_json_and_hints_at_a_copy(cli, damaged):
    url, session = damaged
    answer = cli("store", "verify", "--store", url, "--json")
    assert answer.exit_code == 8
    found = json.loads(answer.stdout)
    assert session in {f["session"] for f in found["faults"]}
    assert found["sessions"] == len(cli.json("list", "--no-sync")["sessions"])
    assert "store copy" in json.loads(answer.stderr)["hint"]


def test_copy_takes_over_what_can_be_read_and_names_the_rest(cli, damaged, tmp_path):
    url, session = damaged
    answer = cli("store", "copy", url, f"sqlite:///{tmp_path / 'mended.db'}", "--json")
    assert answer.exit_code == 8
    found = json.loads(answer.stdout)
    assert session in {f["session"] for f in found["faults"]}
    assert found["sessions"] == len(cli.json("list", "--no-sync")["sessions"])
    assert cli("store", "verify", "--store", f"sqlite:///{tmp_path / 'mended.db'}").exit_code == 0


@pytest.mark.parametrize(
    "line",
    [
        ("store", "verify", "--store", "URL"),
        ("store", "copy", "URL", "COPY"),
        ("list", "--store", "URL"),
        ("show", "last", "--store", "URL"),
        ("search", "build", "--store", "URL"),
        ("--store", "URL", "usage"),
    ],
)
def test_an_archive_that_is_not_there_is_not_made_by_reading_it(cli, tmp_path, line):
    missing, copy = tmp_path / "nope" / "x.db", tmp_path / "copy.db"
    places = {"URL": f"sqlite:///{missing}", "COPY": f"sqlite:///{copy}"}
    answer = cli(*(places.get(word, word) for word in line))
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert f"no archive at {missing}" in answer.stderr
    assert not missing.parent.exists()
    assert not copy.exists()


def test_a_sync_may_make_the_archive_it_is_told_of(cli, tmp_path):
    made = tmp_path / "new" / "sessions.db"
    assert cli("sync", "--store", f"sqlite:///{made}").exit_code == 0
    assert made.exists()
