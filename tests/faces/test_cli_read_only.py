from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from tests.faces.conftest import BUILD_TITLE

NOBODY = 65534
LINES = [
    ("list",),
    ("list", "--no-sync"),
    ("search", "build"),
    ("show", "ID"),
    ("export", "ID"),
    ("usage",),
    ("store", "verify"),
]


@pytest.fixture
def lent(cli):
    """Return the command line over an archive in a folder that may be read and not written."""
    folder = Path(tempfile.mkdtemp())
    shutil.copytree(cli.data, folder / "data")
    shutil.copytree(cli.home, folder / "home")
    for file in folder.rglob("*"):
        file.chmod(0o555 if file.is_dir() else 0o444)
    folder.chmod(0o555)
    yield cli, folder
    for place in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
        place.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="runs a child as another user, as Linux does it")
@pytest.mark.parametrize("line", LINES)
def test_an_archive_that_may_not_be_written_is_read(lent, monkeypatch, line):
    cli, folder = lent
    ident = cli.id_of(BUILD_TITLE)
    monkeypatch.setenv("HOLDFAST_HOME", str(folder / "data"))
    monkeypatch.setenv("HOME", str(folder / "home"))
    for name in [n for n in os.environ if n.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(folder)
    before = {p.name for p in (folder / "data").iterdir()}
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        if os.getuid() == 0:
            os.setuid(NOBODY)
        answer = cli(*(ident if word == "ID" else word for word in line))
        os.write(write, f"{answer.exit_code} {answer.output[-9000:]} {answer.exception!r}".encode())
        os._exit(0)
    os.close(write)
    os.waitpid(child, 0)
    said = os.read(read, 20000).decode()
    assert said.startswith("0 "), said
    assert ("not synced" in said) == (line in {("list",), ("search", "build")}), said
    assert {p.name for p in (folder / "data").iterdir()} == before
