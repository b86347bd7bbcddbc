"""The benchmark of the map runs on a small project, and the ranking command speaks the judge's lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell what a process took")


def run(name, *arguments, given=""):
    command = [sys.executable, str(BENCHMARKS / name), *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=120, check=False)


def test_the_benchmark_says_what_a_map_takes():
    done = run("bench_projectmap.py", "--files", "40", "--ignored", "100", "--runs", "1")
    assert done.returncode == 0, done.stderr
    assert [
        f for f in ("a map of 41 files", "cold", "warm", "kept", "100 ignored files add") if f not in done.stdout
    ] == []


def test_the_ranking_command_answers_each_line_with_paths_and_maps(tmp_path):
    (tmp_path / "login.py").write_text("class Login: ...\n")
    (tmp_path / "cart.py").write_text("class Cart: ...\n")
    asked = json.dumps({"root": str(tmp_path), "query": "the cart", "files": [], "budgets": [500]})
    done = run("_map_rank.py", given=f"{asked}\n{asked}\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["files"] for a in answers] == [["cart.py", "login.py"]] * 2
    assert answers[0]["maps"]["500"].splitlines()[1:] == ["cart.py", "login.py"]
