"""The doctor: sees what is wrong, names one thing to do, changes nothing, and prints nothing that must not be pasted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from holdfast.config import load
from holdfast.errors import Unavailable
from holdfast.model import Rollup, Session, Transcript
from holdfast.services._doctor import archive, machine
from holdfast.services.doctor import Checkup
from holdfast.testing import demo_home
from holdfast.workspace import Workspace

DAY = 86_400
NOW = 1_795_000_000


def opened(home, *, config=None, **variables):
    env = {"HOLDFAST_HOME": str(home / "data"), **variables}
    workspace = Workspace(load(config or {}, env=env), env=env, home=home)
    workspace.doctor.scene = type(workspace.doctor.scene)(
        **{f: getattr(workspace.doctor.scene, f) for f in workspace.doctor.scene.__struct_fields__}
        | {"now": lambda: NOW}
    )
    return workspace


@pytest.fixture
def workspace(tmp_path):
    demo_home(tmp_path, now=NOW)
    with opened(tmp_path) as found:
        found.sync.run()
        yield found


def check(workspace, name):
    return next(c for c in workspace.doctor.run().checks if c.name == name)


def everything_below(folder):
    return {p: (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else b"") for p in folder.rglob("*")}


def test_at_least_25_things_are_looked_at_in_under_3_seconds(workspace):
    checkup = workspace.doctor.run()
    assert (len(checkup.checks) >= 25, checkup.seconds < 3) == (True, True)


def test_a_machine_in_order_has_nothing_worse_than_a_note(workspace):
    assert [c for c in workspace.doctor.run().checks if c.level in ("warning", "problem")] == []


def test_whatever_is_not_in_order_says_what_to_do(tmp_path):
    with opened(tmp_path, HOLDFAST_STOER="x") as workspace:
        lacking = [c.name for c in workspace.doctor.run().checks if c.level in ("warning", "problem") and not c.fix]
    assert lacking == []


def test_an_empty_home_stays_empty(tmp_path):
    with opened(tmp_path) as workspace:
        workspace.doctor.run()
        workspace.doctor.info()
    assert list(tmp_path.iterdir()) == []


def test_no_file_is_changed_by_looking(workspace):
    before = everything_below(workspace.home)
    workspace.doctor.run()
    after = everything_below(workspace.home)
    assert {p for p in before | after if before.get(p) != after.get(p)} <= {
        workspace.data / f"{n}.db-shm" for n in ("sessions", "index")
    }


def test_each_agent_says_where_it_was_looked_for_and_how_many_files_there_are(workspace):
    assert check(workspace, "claude-code").found == "5 files in ~/.claude"
    assert check(workspace, "pi").found.startswith("not found; looked in ~/.pi")


def test_an_agent_that_was_checked_with_no_recording_is_called_unverified(workspace):
    source = workspace.sources["codex"]
    workspace.sources["codex"] = type("Unchecked", (type(source),), {})()
    workspace.sources["codex"].info = type(source.info)(slug="codex", name="Codex", verified=False)
    assert "unverified" in check(workspace, "codex").found


def test_the_readers_are_listed_by_whether_real_files_checked_them(workspace):
    verified, _, unverified = check(workspace, "evidence").found.partition("; unverified: ")
    assert verified.startswith("verified: claude-code, codex")
    infos = [source.info for source in workspace.sources.values()]
    assert unverified.split(", ") == [i.slug for i in infos if not i.verified]


def test_sessions_that_are_about_to_be_deleted_are_named_with_whether_they_are_captured(workspace):
    found = check(workspace, "expiring")
    assert (found.level, found.found) == ("note", "1 session within 7 days, the first in 2 days; all captured")


def test_an_expiring_session_that_is_not_captured_is_a_warning(tmp_path):
    demo_home(tmp_path, now=NOW)
    with opened(tmp_path, config={"archive.capture": "never"}) as workspace:
        workspace.sync.run()
        found = check(workspace, "expiring")
    assert (found.level, "1 not captured" in found.found) == ("warning", True)


def test_a_session_that_its_agent_deleted_is_said_to_be_captured(workspace):
    next(workspace.home.glob(".claude/projects/*/5f0c1d7e*.jsonl")).unlink()
    assert check(workspace, "deleted by their agent").found == "1 session deleted by the agent, 1 of them captured"


def test_unknown_records_and_damaged_lines_are_told_until_they_are_gone(workspace):
    path = next(workspace.home.glob(".claude/projects/*/5f0c1d7e*.jsonl"))
    with path.open("ab") as stream:
        stream.write(b'{"type": "hologram"}\n{"torn\n')
    assert check(workspace, "not read yet").found == "1 file"
    workspace.sync.run()
    assert check(workspace, "unknown records").found.endswith("claude-code record:hologram x1")
    damaged = check(workspace, "damaged lines")
    assert (damaged.level, damaged.found.startswith("1 line in 1 file")) == ("warning", True)
    assert workspace.doctor.run().damaged is False


def test_a_damaged_archive_is_a_problem_and_counts_as_damage(tmp_path):
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "sessions.db").write_bytes(b"no database at all " * 400)
    (tmp_path / "data" / "sessions.db").chmod(0o600)
    with opened(tmp_path) as workspace:
        checkup = workspace.doctor.run()
    assert (checkup.worst, checkup.damaged) == ("problem", True)


def test_a_damaged_page_of_the_archive_is_found(workspace):
    workspace.close()
    path = workspace.data / "sessions.db"
    data = bytearray(path.read_bytes())
    data[8192 * 3 : 8192 * 3 + 200] = os.urandom(200)
    path.write_bytes(data)
    with opened(workspace.home) as again:
        found = check(again, "integrity")
        others = [c.name for c in again.doctor.run().checks if c.level == "problem" and c.name != "integrity"]
    assert (found.level, found.damaged, others) == ("problem", True, [])


def test_a_damaged_index_is_found_and_left_alone(workspace):
    workspace.close()
    path = workspace.data / "index.db"
    path.write_bytes(b"not an index " * 1000)
    with opened(workspace.home) as again:
        found = check(again, "index")
    assert (found.level, found.damaged, path.read_bytes()[:12]) == ("problem", True, b"not an index")


def test_an_index_behind_the_archive_is_told(workspace):
    session = next(iter(workspace.store.find()))
    workspace.sessions.tag(session, ["api"])
    assert check(workspace, "index").found == "1 change behind the archive"


@pytest.mark.skipif(os.name != "posix", reason="modes are a matter of POSIX systems")
@pytest.mark.parametrize("name", ["", "sessions.db", "index.db"])
def test_files_that_others_can_read_are_a_warning_with_the_command_that_closes_them(workspace, name):
    place = workspace.data / name
    place.chmod(0o755)
    found = check(workspace, "file modes" if name else "folder")
    assert (found.level, found.fix.startswith("chmod ")) == ("warning", True)


def test_an_archive_beyond_its_limit_is_a_warning_and_nothing_is_deleted(tmp_path):
    demo_home(tmp_path, now=NOW)
    with opened(tmp_path, config={"archive.max_size": "1 KB"}) as workspace:
        workspace.sync.run()
        before = len(list(workspace.store.find()))
        assert check(workspace, "archive size").level == "warning"
        assert len(list(workspace.store.find())) == before


def test_a_network_file_system_is_a_warning(workspace, monkeypatch):
    monkeypatch.setattr(archive, "_kind_of", lambda _: "nfs4")
    assert check(workspace, "file system").level == "warning"


def test_an_unknown_setting_is_named_with_its_file_and_a_suggestion(tmp_path):
    with opened(tmp_path) as workspace:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "config.yaml").write_text("archive:\n  captur: always\n")
        found = check(workspace, "files")
    assert (found.level, "archive.captur" in found.found, "archive.capture" in found.fix) == ("problem", True, True)


def test_a_wrong_value_is_not_repeated_because_it_may_be_a_secret(tmp_path):
    with opened(tmp_path) as workspace:
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "config.yaml").write_text("trash:\n  days: hunter2-is-my-password\n")
        found = check(workspace, "files")
    assert (found.level, "hunter2" in found.found + found.fix) == ("problem", False)


def test_a_misspelt_variable_is_a_warning(tmp_path):
    with opened(tmp_path, HOLDFAST_STOER="memory://") as workspace:
        assert check(workspace, "variables").found == "not known: HOLDFAST_STOER"


def test_trash_and_exclusions_are_told(tmp_path):
    demo_home(tmp_path, now=NOW)
    with opened(tmp_path, config={"sources.exclude": ["gemini-cli"]}) as workspace:
        workspace.sync.run()
        workspace.sessions.delete(next(iter(workspace.store.find())))
        assert check(workspace, "trash").found.startswith("1 session")
        assert check(workspace, "exclusions").found == "not read: gemini-cli"
        assert check(workspace, "gemini-cli").found == "kept out by sources.exclude"


def test_a_startup_file_of_no_package_is_a_warning(workspace, tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "stranger.pth").write_text("import os\n")
    (folder / "_virtualenv.pth").write_text("import _virtualenv\n")
    (folder / "plain.pth").write_text("/somewhere\n")
    monkeypatch.setattr(machine, "_site_folders", lambda: [folder])
    found = check(workspace, "startup files")
    assert (found.level, "stranger.pth" in found.found, "plain.pth" in found.found) == ("warning", True, False)


def test_a_clock_far_off_is_a_warning(workspace, monkeypatch):
    scene = workspace.doctor.scene
    assert machine.clock(scene).level == "ok"
    old = type(scene)(**{f: getattr(scene, f) for f in scene.__struct_fields__} | {"now": lambda: 0.0})
    assert machine.clock(old).level == "warning"


def test_an_old_price_table_says_so(workspace):
    scene = workspace.doctor.scene
    later = {f: getattr(scene, f) for f in scene.__struct_fields__} | {"now": lambda: NOW + 400 * DAY}
    workspace.doctor.scene = type(scene)(**later)
    assert check(workspace, "prices").level == "note"


def test_neither_the_home_nor_a_password_is_printed(tmp_path):
    url = "sqlite://me:" + "hunter2@" + f"here/{tmp_path}/x.db"
    with opened(tmp_path, HOLDFAST_STORE=url) as workspace:
        printed = "\n".join(f"{c.found} {c.fix}" for c in workspace.doctor.run().checks)
        printed += "\n".join(value for _, value in workspace.doctor.info() if value)
    assert ("hunter2" in printed, str(tmp_path) in printed) == (False, False)


def test_a_check_that_cannot_look_says_why_and_the_others_still_run(workspace):
    def fail():
        raise Unavailable("the archive is out of reach", "holdfast doctor")

    scene = workspace.doctor.scene
    broken = {f: getattr(scene, f) for f in scene.__struct_fields__} | {"store": fail}
    workspace.doctor.scene = type(scene)(**broken)
    checkup = workspace.doctor.run()
    assert (len(checkup.checks) >= 25, checkup.worst) == (True, "problem")


def test_info_names_every_path_and_version(workspace):
    found = dict(workspace.doctor.info())
    assert found["archive"] == "~/data/sessions.db"
    assert {"holdfast", "python", "data", "index", "settings", "prices", "sqlite"} <= set(found)


def test_no_checks_are_in_order():
    assert Checkup(checks=(), seconds=0.0).worst == "ok"


def test_modes_are_told_of_existing_paths_only(tmp_path):
    assert archive._existing(tmp_path / "not" / "there") == Path(tmp_path)


def test_kept_and_captured_count_the_same_sessions_and_fragments_stand_apart(workspace):
    whole = [s for s in workspace.store.find() if not s.partial]
    workspace.store.put(Transcript(session=Session(id="f" * 16, agent="x", native_id="f", partial=True, title="f")))
    made = replace(
        whole[0], id="0" * 16, native_id="owned", origin="owned", captured=False, rollup=Rollup(), revision=0
    )
    workspace.store.put(Transcript(session=made))
    kept, captured = check(workspace, "kept").found, check(workspace, "captured").found
    assert kept.split()[0] == str(len(whole) + 1)
    assert captured.startswith(f"{len(whole)} of {len(whole) + 1} can be restored")
    assert check(workspace, "fragments").found.startswith("2 sessions")
