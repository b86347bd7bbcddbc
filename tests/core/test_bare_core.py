"""The core runs with its ten dependencies alone; .ci/run calls this folder in an environment that has nothing else."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import subprocess
import sys
from importlib.metadata import requires

import holdfast

MAKES_THE_PRICE_TABLE = "holdfast.pricing.generate"
NEEDS_A_TEST_TOOL = "holdfast.testing.strategies"  # hypothesis, which no installed Holdfast asks for
BUILT_ON_A_LIBRARY = ("holdfast.faces.tui.", "holdfast.adapters.", "holdfast.llm._failure", "holdfast.llm._wire")
"""The extras tui and llm, and other people's frameworks; each stands behind a module that says what to install."""


def modules() -> list[str]:
    return [m.name for m in pkgutil.walk_packages(holdfast.__path__, "holdfast.") if not m.name.endswith("__main__")]


def run(*arguments, home):
    return subprocess.run(
        [sys.executable, "-m", "holdfast", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=home,
    )


def test_every_module_imports_without_any_extra():
    for name in modules():
        if name not in {MAKES_THE_PRICE_TABLE, NEEDS_A_TEST_TOOL} and not name.startswith(BUILT_ON_A_LIBRARY):
            importlib.import_module(name)


def test_the_core_has_ten_dependencies():
    assert len([r for r in requires("holdfast") or () if "extra ==" not in r]) == 10


def test_help_is_printed(home):
    if not has_command_line():
        return
    answer = run("--help", home=home)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "Usage" in answer.stdout


def test_an_empty_machine_lists_nothing_and_says_where_it_looked(home):
    if not has_command_line():
        return
    answer = run("list", "--json", home=home)
    assert answer.returncode == 0, answer.stderr
    assert '"sessions":[]' in answer.stdout.replace(" ", "").replace("\n", "")


def test_doctor_runs_without_any_extra(home):
    if not has_command_line():
        return
    answer = run("doctor", "--json", home=home)
    assert answer.returncode == 0, answer.stderr


def has_command_line() -> bool:
    return importlib.util.find_spec("holdfast.__main__") is not None
