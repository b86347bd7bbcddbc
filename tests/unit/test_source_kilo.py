"""Kilo's sessions: OpenCode's tables under its own name, and tasks that are one session with what took them over."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.model import Session, observed_id
from holdfast.sources.kilo import FLAVOR, Kilo, taken_over
from holdfast.testing._readings import Gathered, totals
from tests.contracts.samples import kilo as sample
from tests.contracts.samples import opencode
from tests.contracts.samples.cline import counts, say, write
from tests.contracts.samples.kilo import ALONE, AT, CHILD, CWD, NEW, OVER, request


def read(*roots: Path) -> Gathered:
    found = Gathered()
    for ref in Kilo().discover(roots):
        found.take(Kilo().read(ref, None))
    return found


def of(found: Gathered, native: str) -> Session:
    return found.sessions[observed_id("kilo", native)]


def said(found: Gathered, native: str) -> list[str]:
    return [m.text for m in found.messages[observed_id("kilo", native)].values()]


@pytest.fixture
def full(tmp_path: Path) -> Path:
    sample.build(tmp_path)
    return tmp_path


def test_a_session_of_the_database_is_kilos_and_not_opencodes(full):
    found = read(full)
    session = of(found, NEW)
    assert (session.agent, session.title, session.cwd, session.version) == ("kilo", "Fix the build", CWD, "7.8.3")
    assert session.models == ("kimi-k3",)
    assert {s.agent for s in found.sessions.values()} == {"kilo"}
    assert all(r.key.startswith("kilo:") for r in found.requests.values())


def test_a_sub_agent_names_the_session_it_works_for(full):
    parent = of(read(full), CHILD).parent
    assert parent is not None
    assert (parent.id, parent.kind) == (observed_id("kilo", NEW), "subagent")


def test_a_fork_names_the_session_it_comes_from(tmp_path):
    db = opencode.database(tmp_path / "kilo.db")
    opencode.session(db, "ses_fork", table="session_v2", fork_session_id=NEW)
    db.close()
    parent = of(read(tmp_path), "ses_fork").parent
    assert parent is not None
    assert (parent.id, parent.kind) == (observed_id("kilo", NEW), "fork")


def test_a_task_that_the_database_took_over_is_one_session_with_it_and_stays_billed(full):
    found = read(full)
    assert said(found, taken_over(OVER)) == ["Say hello", "Hello."]
    assert of(found, taken_over(OVER)).models == ()
    (billed,) = (r for r in found.requests.values() if OVER in r.key)
    assert (billed.usage.input, billed.usage.cache_read, billed.usage.cost) == (10, 300, 1_000)


def test_the_order_in_which_database_and_task_are_read_changes_nothing(full):
    refs = list(Kilo().discover([full]))
    one, two = Gathered(), Gathered()
    for ref in refs:
        one.take(Kilo().read(ref, None))
    for ref in reversed(refs):
        two.take(Kilo().read(ref, None))
    assert one.messages == two.messages
    assert one.requests.keys() == two.requests.keys()
    assert of(one, taken_over(OVER)).title == of(two, taken_over(OVER)).title == "Say hello"


def test_a_task_that_no_database_took_over_is_read_whole(full):
    found = read(full)
    assert said(found, taken_over(ALONE)) == ["Zażółć gęślą jaźń", "", "Gotowe."]
    (full / "kilo.db").unlink()
    assert said(read(full), taken_over(OVER)) == ["Say hello", "Hello."]


def test_the_id_of_a_task_is_the_one_that_the_database_gives_it():
    assert taken_over("1758000000000").startswith("ses_migrated_")
    assert len(taken_over("1758000000000")) == len("ses_migrated_") + 26


def test_a_task_finds_the_database_below_another_root(tmp_path):
    sample.database(tmp_path / "data" / "kilo.db")
    sample.task_taken_over(tmp_path / "editor" / "tasks" / OVER)
    found = read(tmp_path / "editor", tmp_path / "data")
    assert said(found, taken_over(OVER)) == ["Say hello", "Hello."]
    assert totals(found.requests.values())["requests"] == 3


def test_only_sessions_that_changed_are_read_again(full):
    (ref,) = (r for r in Kilo().discover([full]) if r.kind == "database")
    first = list(Kilo().read(ref, None))
    assert len(first) == 3
    (again,) = Kilo().read(ref, first[-1].cursor)
    assert again.transcript.messages == ()
    assert again.cursor.done


@pytest.mark.parametrize(
    ("at", "protocol", "expected"),
    [(-1, "anthropic", 900), (-1, "openai", 500), (0, "anthropic", 500), (0, "openai", 500)],
)
def test_what_a_tasks_counts_mean_depends_on_their_time(tmp_path, at, protocol, expected):
    at += FLAVOR.whole_since or 0
    write(tmp_path / "tasks" / "t" / "ui_messages.json", [request(at, protocol, counts(900, 1, read=300, write=100))])
    assert totals(read(tmp_path).requests.values())["input"] == expected


def test_a_sub_task_names_its_task_by_the_id_that_the_database_would_give_it(tmp_path):
    write(tmp_path / "tasks" / "child" / "ui_messages.json", [say(AT, "text", "Hi")])
    write(tmp_path / "tasks" / "child" / "history_item.json", {"id": "child", "parentTaskId": OVER, "ts": AT})
    parent = of(read(tmp_path), taken_over("child")).parent
    assert parent is not None
    assert parent.id == observed_id("kilo", taken_over(OVER))


@pytest.mark.parametrize("name", ["kilo.db", "kilo-beta.db"])
def test_the_database_of_every_channel_is_found_and_no_other(tmp_path, name):
    for written in (name, "kilometers.db", "opencode.db"):
        opencode.database(tmp_path / written).close()
    assert [Path(r.path).name for r in Kilo().discover([tmp_path])] == [name]


@pytest.mark.parametrize(
    ("path", "argv"),
    [
        ("/h/.local/share/kilo/kilo.db", ("kilo", f"--session={NEW}")),
        ("/h/.config/VSCodium/User/globalStorage/kilocode.kilo-code/tasks/1/ui_messages.json", ("codium", ".")),
    ],
)
def test_a_session_goes_on_at_the_command_line_and_a_task_in_its_editor(path, argv):
    session = Session(id="x" * 16, agent="kilo", native_id=NEW, cwd=CWD, source_path=path)
    assert Kilo().resume_command(session).argv == argv
