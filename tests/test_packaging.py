"""What is installed: ten dependencies, extras apart, and a lock that names no host."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import holdfast

REPOSITORY = Path(__file__).resolve().parent.parent
SETTINGS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
LOCK = (REPOSITORY / "requirements.lock").read_text()
CORE = ["apsw", "click", "msgspec", "pathspec", "platformdirs", "psutil", "pyyaml", "rich", "watchfiles", "zstandard"]


def name_of(requirement) -> str:
    return re.split(r"[<>=;\[ ]", requirement)[0]


def test_the_core_has_exactly_the_ten_decided_dependencies():
    assert [name_of(r) for r in SETTINGS["project"]["dependencies"]] == CORE


def test_every_core_dependency_has_its_reason_in_the_decision():
    page = (REPOSITORY / "docs/explanation/decisions/0001-ten-core-dependencies.md").read_text()
    assert [name for name in CORE if f"| {name} |" not in page] == []


def test_all_is_the_union_of_the_other_extras():
    extras = SETTINGS["project"]["optional-dependencies"]
    assert extras["all"] == [f"holdfast[{','.join(name for name in extras if name != 'all')}]"]


def test_the_tests_install_every_extra():
    assert "holdfast[all]" in SETTINGS["dependency-groups"]["test"]


def test_the_lock_names_no_host():
    assert re.findall(r"://|\.(?:org|com|io|net)\b", LOCK) == []


def test_every_locked_version_has_a_hash_and_holds_the_core():
    requirements = re.split(r"\n(?=\S)", LOCK.strip())
    assert [r for r in requirements if "==" not in r or "--hash=sha256:" not in r] == []
    assert {name_of(r) for r in requirements} >= {*CORE, "splintr-rs", "hyperscan", "genai-prices"}


def test_resolution_is_fixed_by_a_date():
    assert datetime.fromisoformat(SETTINGS["tool"]["uv"]["exclude-newer"]).tzinfo is not None


def test_uv_lock_is_ignored_by_git():
    assert "uv.lock" in (REPOSITORY / ".gitignore").read_text().splitlines()


def test_the_version_stands_in_one_place():
    assert SETTINGS["project"]["dynamic"] == ["version"]
    assert version("holdfast") == holdfast.__version__


def test_the_readme_names_the_two_commands():
    readme = (REPOSITORY / "README.md").read_text()
    assert "$ pip install '.[all]' && holdfast\n" in readme
    assert "$ pip install uv && uv run pytest\n" in readme


RULES = """
import pytest, socket

def test_skipped():
    pytest.skip("not here")

@pytest.mark.nightly
def test_excused():
    pytest.skip("not tonight")

@pytest.mark.xfail(strict=True)
def test_known():
    assert False

def test_far():
    with pytest.raises(OSError, match="a test tried to reach"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
"""


def gate(folder, **environment) -> str:
    """Run four tests under this conftest.py; return pytest's closing line."""
    (folder / "conftest.py").write_bytes((REPOSITORY / "tests" / "conftest.py").read_bytes())
    (folder / "pytest.toml").write_text('[pytest]\nmarkers = ["nightly: late"]\n')
    (folder / "test_rules.py").write_text(RULES)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_rules.py"]
    answer = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": "", "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return answer.stdout.splitlines()[-1]


def test_a_skip_is_a_failure_where_skipping_is_forbidden(tmp_path):
    assert "1 failed, 1 passed, 1 skipped, 1 xfailed" in gate(tmp_path, HOLDFAST_NO_SKIP="1")


def test_a_skip_is_a_skip_elsewhere(tmp_path):
    assert "1 passed, 2 skipped, 1 xfailed" in gate(tmp_path)
