"""Under umask 0, everything that is kept or written is still its owner's alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest

from holdfast.model import parse
from holdfast.owned import open_store
from holdfast.services.demo import environment
from holdfast.testing import demo_home
from holdfast.workspace import Workspace

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are a matter of POSIX systems")


@pytest.fixture(autouse=True)
def open_to_all():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def ada(tmp_path):
    return demo_home(tmp_path / "ada")


def modes(folder):
    """Return every mode at and below a folder that is not 0700 for folders and 0600 for files."""
    found = {p: stat.S_IMODE(p.lstat().st_mode) for p in (folder, *folder.rglob("*"))}
    return {str(p): f"{mode:04o}" for p, mode in found.items() if mode != (0o700 if p.is_dir() else 0o600)}


def holdfast(home, *command):
    return subprocess.run(
        [sys.executable, "-m", "holdfast", *map(str, command)],
        env=environment(home, os.environ),
        cwd=home,
        check=True,
        capture_output=True,
        text=True,
    )


def test_archive_index_logs_and_shared_memory_are_private_from_the_first_moment(ada):
    with Workspace(env=environment(ada, {}), home=ada) as workspace:
        workspace.sync.run()
        assert workspace.search.find(parse("webhooks"))
        names = {p.name for p in workspace.data.iterdir()}
        assert {f"{n}.db{s}" for n in ("sessions", "index") for s in ("", "-wal", "-shm")} <= names
        assert modes(workspace.data) == {}


def test_a_store_in_a_folder_of_its_own_is_private(tmp_path):
    with open_store(f"sqlite:///{tmp_path / 'mine' / 'deep' / 'sessions.db'}") as store:
        store.session("diary").append({"role": "user", "content": "dear diary"})
        assert modes(tmp_path / "mine") == {}


@pytest.mark.parametrize("form", ["json", "yaml", "markdown", "native"])
def test_an_export_is_private(ada, form):
    holdfast(ada, "sync")
    holdfast(ada, "export", "agent:codex", "-o", ada / "out", "-f", form)
    assert modes(ada / "out") == {}


def test_restored_files_and_the_folders_made_for_them_are_private(ada):
    holdfast(ada, "sync")
    holdfast(ada, "restore", "kq5tulo27quqrspx", "--to", ada / "back")
    assert len([p for p in (ada / "back").rglob("*") if p.is_file()]) == 2
    assert modes(ada / "back") == {}


def test_settings_that_are_written_are_private(ada):
    holdfast(ada, "config", "set", "trash.days", "7")
    assert modes(ada / ".local/share/holdfast") == {}


def test_a_kept_demo_is_private(tmp_path):
    holdfast(tmp_path, "demo", "--keep", tmp_path / "kept")
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o700
    assert modes(tmp_path / "kept" / ".local/share/holdfast") == {}
