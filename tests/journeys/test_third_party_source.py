"""Another package adds a source through an entry point: every command uses it, and Holdfast was not touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "examples" / "holdfast-source-sample"


def installed(site: Path) -> None:
    """Put the package where an installer would, with the metadata that its pyproject.toml asks for."""
    project = tomllib.loads((SAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(SAMPLE / "src", site, ignore=shutil.ignore_patterns("__pycache__"))
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (info / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
            for group, entries in project["entry-points"].items()
        )
    )


@pytest.fixture
def machine(tmp_path):
    """Return a way to run a program where the package is installed and the agent was used."""
    site, home = tmp_path / "site", tmp_path / "home"
    installed(site)
    shutil.copytree(SAMPLE / "sample-home", home / ".parrot")
    env = {**os.environ, "HOME": str(home), "HOLDFAST_HOME": str(tmp_path / "data"), "PYTHONPATH": str(site)}

    def run(*arguments, cwd=home, **more):
        line = [sys.executable, *arguments]
        return subprocess.run(
            line, env={**env, **more}, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def told(machine, *arguments, **more):
    answer = machine("-m", "holdfast", *arguments, "--json", **more)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_the_sample_keeps_the_contract_of_every_source(machine):
    answer = machine("-m", "pytest", "-q", "-p", "no:cacheprovider", str(SAMPLE / "tests"), cwd=REPOSITORY)
    assert answer.returncode == 0, answer.stdout
    assert "passed" in answer.stdout
    assert int(answer.stdout.split(" passed")[0].rsplit(maxsplit=1)[-1]) > 15


def test_sync_list_search_usage_and_doctor_use_it(machine):
    done = told(machine, "sync")
    assert (done["sessions"], done["messages_added"], done["failed"]) == (2, 6, {})
    listed = told(machine, "list")["sessions"]
    assert {(s["agent"], s["title"], s["requests"]) for s in listed} == {
        ("parrot", "Say it again", 2),
        ("parrot", "Count to three", 1),
    }
    assert told(machine, "sync")["files"]["read"] == 0
    (hit,) = told(machine, "search", "mirror")["hits"]
    assert hit["session"] == next(s["id"] for s in listed if s["title"] == "Say it again")
    assert told(machine, "usage", "--by", "agent")["rows"][0]["tokens"]["cache_read"] == 212
    doctor = machine("-m", "holdfast", "doctor", "--json")
    assert '"parrot"' in doctor.stdout
    assert told(machine, "resume", hit["session"])["argv"] == ["parrot", "--resume=7f1c"]


def test_its_options_and_names_work_as_those_of_any_other_source(machine, tmp_path):
    shutil.copytree(SAMPLE / "sample-home", tmp_path / "copy")
    assert told(machine, "sync", "--root", f"parrot={tmp_path / 'copy'}")["sessions"] == 2
    assert len(told(machine, "list", "--agent", "parrot", "--no-sync")["sessions"]) == 2
    assert "parrot" in machine("-m", "holdfast", "__complete", "agents", "parr").stdout


def test_without_the_package_its_sessions_stay_and_nothing_fails(machine):
    told(machine, "sync")
    kept = told(machine, "list", PYTHONPATH="")["sessions"]
    assert len(kept) == 2
    assert told(machine, "show", kept[0]["id"], PYTHONPATH="")["messages"]
    assert told(machine, "sync", PYTHONPATH="")["failed"] == {}
