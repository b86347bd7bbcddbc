"""The demo: a home with sessions of several agents, that leaves nothing behind and touches nothing else."""

from __future__ import annotations

import html
import os
import re
import time
from pathlib import Path

import pytest

from holdfast import config
from holdfast.errors import Unsafe
from holdfast.model import Query, observed_id, parse
from holdfast.services._demo import tales
from holdfast.services.demo import Demo, environment, run_command, terminal_of, write_home
from holdfast.testing import demo_home
from holdfast.workspace import Workspace

NOW = 1_790_000_000
DAY_MS = 86_400_000


@pytest.fixture
def demo(tmp_path):
    home = demo_home(tmp_path / "ada", now=NOW)
    with Workspace(env=environment(home, {}), home=home) as workspace:
        workspace.sync.run()
        yield workspace


def names_in(folder):
    return [path.name for path in folder.iterdir()]


def named(workspace, title):
    return next(s for s in workspace.store.find() if title in s.shown_name)


def test_sessions_of_three_agents_are_read_without_any_loss(demo):
    assert {s.agent for s in demo.store.find()} == {"claude-code", "codex", "gemini-cli"}
    demo.store.put_docs("cursor", dict.fromkeys(demo.store.docs("cursor")))
    report = demo.sync.run()
    assert (report.seen, report.unknown, report.damaged, report.failed) == (9, {}, 0, {})


def test_every_agent_has_named_priced_sessions_with_tools(demo):
    sessions = [s for s in demo.store.find() if not s.partial]
    assert [s.id for s in sessions if not (s.title and s.rollup.tool_calls and s.rollup.requests)] == []
    assert [row.key for row in demo.usage.table("agent").rows if row.unpriced] == []


def test_the_bug_solved_with_one_agent_is_found_with_the_words_of_the_other(demo):
    hits = demo.search.find(parse("spent refresh token"))
    assert {demo.store.get(h.session).agent for h in hits} == {"claude-code", "codex"}


def test_the_story_has_a_sub_agent_a_compaction_an_error_and_a_lost_session(demo):
    story = named(demo, "JWT refresh logs people out")
    kinds = {type(p).__name__ for m in demo.store.messages(story.id) for p in m.parts}
    children = [s for s in demo.store.find() if s.parent and s.parent.id == story.id]
    assert ([c.parent.kind for c in children], "Summary" in kinds, story.rollup.errors) == (["subagent"], True, 1)
    assert [s.partial for s in demo.store.find() if s.native_id == tales.LOST.native] == [True]


def test_times_are_relative_to_the_given_now_and_one_session_is_deleted_within_a_week(demo):
    ends = [s.active for s in demo.store.find()]
    due = [s.shown_name for s in demo.store.find() if s.source_expires and s.source_expires < NOW * 1000 + 7 * DAY_MS]
    assert max(ends) < NOW * 1000
    assert due == ["Product list takes 4 seconds"]


def test_the_planted_key_is_found_raw_in_the_archive_and_masked_in_what_leaves_it(demo, tmp_path):
    key = tales.planted_key()
    story = named(demo, "JWT refresh")
    stored = "".join(p.text for m in demo.store.messages(story.id) for p in m.parts if hasattr(p, "text"))
    assert key in stored
    assert key not in demo.redactor.mask(stored)[0]


def test_ids_are_the_same_in_every_demo(tmp_path):
    found = []
    for name, now in (("one", NOW), ("two", NOW + 12345)):
        home = demo_home(tmp_path / name, now=now)
        with Workspace(env=environment(home, {}), home=home) as workspace:
            workspace.sync.run()
            found.append({s.id for s in workspace.store.find(Query())})
    assert found[0] == found[1]
    assert observed_id("claude-code", tales.JWT.native) in found[0]


def test_commands_see_the_demo_home_alone(tmp_path):
    hostile = {"CLAUDE_CONFIG_DIR": "/own", "HOLDFAST_STORE": "sqlite:////own", "XDG_DATA_HOME": "/own", "PATH": "/bin"}
    found = environment(tmp_path, hostile)
    assert found["PATH"] == "/bin"
    assert {n: v for n, v in found.items() if v.startswith("/own")} == {}
    assert (found["HOME"], found["HOLDFAST_HOME"].startswith(str(tmp_path))) == (str(tmp_path), True)


def test_commands_of_the_demo_look_at_no_process(tmp_path):
    found = environment(tmp_path, {"HOLDFAST_MONITORING_AUTO_DISCOVER": "true"})
    assert config.load(env=found, cwd=tmp_path)["monitoring.auto_discover"] is False


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(Unsafe):
        next(Demo(env={}).run(tmp_path))
    assert names_in(tmp_path) == ["thesis.txt"]


def test_a_demo_stopped_half_way_removes_its_home(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    steps = Demo(env=dict(os.environ)).run()
    next(steps)
    assert len(names_in(tmp_path)) == 1
    steps.close()
    assert names_in(tmp_path) == []


def test_the_home_is_made_only_in_the_folder_given(tmp_path):
    write_home(tmp_path / "home", now=NOW)
    assert names_in(tmp_path) == ["home"]


def test_the_picture_shows_the_demo_and_fetches_nothing():
    picture = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "demo.svg"
    text = html.unescape(picture.read_text(encoding="utf-8")).replace("\xa0", " ")
    assert [
        c
        for c in ("holdfast list", "holdfast search", "holdfast usage", "JWT refresh logs people out")
        if c not in text
    ] == []
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == []


@pytest.mark.skipif(os.name != "posix", reason="terminals of this kind are a matter of POSIX systems")
def test_on_a_terminal_every_line_of_the_lists_fits_the_width(tmp_path):
    write_home(tmp_path, now=time.time())
    variables = terminal_of(tmp_path, os.environ, width=80, colour=True)
    printed = run_command("", ("list",), tmp_path, variables).output
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed)
    assert ("\x1b[" in printed, max(map(len, plain.splitlines())) <= 80) == (True, True)
