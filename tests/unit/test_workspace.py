"""The workspace: what it opens, where, and what it leaves closed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from holdfast import config
from holdfast.errors import BadInput
from holdfast.workspace import Workspace, open_store
from tests.unit.homes import build, workspace


def test_nothing_is_opened_before_it_is_asked_for(tmp_path):
    env = {"HOLDFAST_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    with Workspace(env=env) as ws:
        assert ws.data == tmp_path / "data"
        assert not (tmp_path / "data").exists()
    assert not (tmp_path / "data").exists()


def test_a_list_opens_no_index(tmp_path):
    with workspace(tmp_path, build(tmp_path, "pi")) as ws:
        ws.sessions.find()
        assert [p.name for p in (tmp_path / "data").iterdir() if p.name.startswith("index")] == []


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", "data/index.db"),
        ("sqlite:///{}/x/sessions.db", "x/index.db"),
        ("sqlite:///{}/x/other.db", "x/other.db.index"),
        ("memory://", None),
    ],
)
def test_the_index_lies_beside_its_archive(tmp_path, url, expected):
    with workspace(tmp_path, {"pi": []}, store=url.format(tmp_path)) as ws:
        found = ws.index_path
        assert found == (None if expected is None else tmp_path / expected)


def test_two_archives_in_one_folder_have_two_indexes(tmp_path):
    paths = []
    for name in ("a.db", "b.db"):
        with workspace(tmp_path, {"pi": []}, store=f"sqlite:///{tmp_path}/{name}") as ws:
            paths.append(ws.index_path)
    assert len(set(paths)) == 2


def test_given_roots_stand_for_the_usual_ones_and_name_the_sources(tmp_path):
    roots = build(tmp_path, "pi", "codex")
    with workspace(tmp_path, roots) as ws:
        assert list(ws.sources) == ["pi", "codex"]
        assert ws.roots(ws.sources["pi"]) == roots["pi"]


def test_an_unknown_agent_is_named_at_once(tmp_path):
    with pytest.raises(BadInput, match="claude-cod"), workspace(tmp_path, {"claude-cod": []}):
        pass


def test_the_usual_roots_are_those_that_exist_with_those_from_the_settings(tmp_path):
    home = tmp_path / "home"
    (home / ".claude").mkdir(parents=True)
    more = tmp_path / "more"
    more.mkdir()
    settings = config.load(
        {"sources.roots": {"claude-code": [str(more), "/not/there"]}}, env={"HOME": str(home)}, cwd=tmp_path
    )
    with Workspace(settings, env={"HOME": str(home)}, home=home) as ws:
        assert ws.roots(ws.sources["claude-code"]) == [home / ".claude", more]
        assert ws.roots(ws.sources["pi"]) == []


def test_closing_twice_is_harmless_and_opens_nothing(tmp_path):
    with workspace(tmp_path, {"pi": []}) as ws:
        ws.store.revision()
        ws.close()
        ws.close()
        assert "store" not in ws.__dict__


@pytest.mark.parametrize("url", ["redis://localhost", "nonsense", "ftp://x/y", "sqlite"])
def test_an_unknown_store_is_an_error_that_names_those_there_are(url):
    with pytest.raises(BadInput) as caught:
        open_store(url)
    assert "sqlite://" in caught.value.hint or "sqlite" in caught.value.hint


def test_a_list_loads_neither_the_index_nor_a_source_nor_prices(tmp_path):
    program = """
import sys
from holdfast.workspace import Workspace
with Workspace(env={"HOLDFAST_HOME": sys.argv[1], "HOME": sys.argv[1]}) as ws:
    ws.sessions.find()
print([m for m in sys.modules if m.startswith(("holdfast.sources.", "holdfast.pricing", "holdfast.redact", "watchfiles", "yaml"))
       and m != "holdfast.sources.base"])
"""
    found = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert found.stdout.strip() == "[]"


def test_files_are_private_from_their_creation(tmp_path):
    with workspace(tmp_path, build(tmp_path, "pi")) as ws:
        ws.sync.run()
        data = tmp_path / "data"
        assert data.stat().st_mode & 0o777 == 0o700
        assert {p.name: oct(p.stat().st_mode & 0o777) for p in data.iterdir() if p.stat().st_mode & 0o077} == {}
        assert isinstance(ws.data, Path)
