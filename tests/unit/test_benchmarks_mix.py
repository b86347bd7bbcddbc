"""A mix of four agents is written with its truth, the same for the same seed, and Holdfast says the same of it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
AGENTS = ("claude-code", "codex", "gemini-cli", "opencode")
WRITTEN = {
    "claude-code": {"resumed copies", "streamed duplicates", "torn last lines"},
    "codex": {"forks that copy history", "packed", "rollouts without envelope", "totals alone", "totals that repeat"},
    "gemini-cli": {"older documents", "records that replace", "documents with a log beside"},
    "opencode": {
        "forks under new ids",
        "sessions of the tree",
        "stale in the older tables",
        "left behind in the older tables",
    },
}

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell what a process took")


def run(script, *arguments):
    env = {k: v for k, v in os.environ.items() if not k.startswith("HOLDFAST_")}
    command = [sys.executable, str(BENCHMARKS / script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=240, check=False)


def written(folder, *, mb, seed):
    done = run("gen_mix.py", "--mb", mb, "--seed", seed, folder)
    assert done.returncode == 0, done.stderr
    return folder


def digest(folder):
    """Hash every file with its name; a database is read as rows elsewhere, but its bytes are the same too."""
    found = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        found.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


@pytest.fixture(scope="module")
def mix(tmp_path_factory) -> Path:
    return written(tmp_path_factory.mktemp("mix") / "out", mb=4, seed=3)


@pytest.fixture(scope="module")
def truth(mix):
    return json.loads((mix / "truth.json").read_text(encoding="utf-8"))


def lied(mix, folder, truth):
    """Put another truth beside the same home."""
    (folder / "home").symlink_to(mix / "home")
    (folder / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return folder


def test_the_mix_holds_every_trap_that_it_is_written_for(truth):
    missing = {agent: kinds - set(truth["agents"][agent]["traps"]) for agent, kinds in WRITTEN.items()}
    assert not any(missing.values()), missing


def test_the_truth_names_each_session_of_a_word_once(truth):
    for agent in truth["agents"].values():
        for held in agent["words"].values():
            assert len(held["sessions"]) == len(set(held["sessions"]))
            assert len(held["copies"]) == len(set(held["copies"]))


def test_every_planted_word_stands_in_the_file_of_a_session_that_the_truth_names(mix, truth):
    held = truth["agents"]["codex"]["words"]
    for word in ("quincelantern", "copperzeppelin", "gorgonzola"):
        for session in held[word]["sessions"]:
            path = next(mix.rglob(f"*{session}.jsonl*"))
            assert word.encode() in path.read_bytes()


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(tmp_path):
    first, again, other = (written(tmp_path / n, mb=0.6, seed=s) for n, s in (("a", 5), ("b", 5), ("c", 6)))
    assert digest(first) == digest(again)
    assert digest(first) != digest(other)


def test_holdfast_says_the_same_as_the_truth_of_a_mix_in_every_class_and_finds_every_word(mix, truth):
    done = run("bench_truth.py", mix, "--no-peers")
    assert done.returncode == 0, done.stdout + done.stderr
    for agent in AGENTS:
        assert f"{agent} requests: {truth['agents'][agent]['requests']:,}" in done.stdout
    assert "gorgonzola (name)" in done.stdout
    assert "pewterdriftwood (rewound)" in done.stdout


def test_the_truth_benchmark_names_each_thing_in_which_a_mix_differs(mix, tmp_path, truth):
    changed = json.loads(json.dumps(truth))
    changed["agents"]["codex"]["requests"] += 1
    changed["agents"]["gemini-cli"]["reasoning"] += 1
    changed["agents"]["opencode"]["messages"] += 1
    changed["agents"]["claude-code"]["cost_usd"] = "0.000000001"
    changed["agents"]["claude-code"]["words"]["juniper"]["sessions"].append("nowhere")
    changed["totals"]["damaged_lines"] += 1
    unnamed = next(a for a in changed["agents"].values() if a["words"]["ospreycadence"]["sessions"])
    unnamed["words"]["ospreycadence"]["sessions"].pop()
    done = run("bench_truth.py", lied(mix, tmp_path, changed), "--no-peers")
    assert done.returncode == 1
    wrong = [
        line.split("holdfast", 1)[1].strip().split(":")[0] for line in done.stdout.splitlines() if "DIFFERENT" in line
    ]
    assert wrong == [
        "damaged lines", "claude-code cost", "codex requests", "gemini-cli reasoning", "opencode messages", "ospreycadence (prompt)",
        "juniper (name)",
    ]  # fmt: skip


def test_a_folder_that_holds_something_is_not_written_over(mix):
    done = run("gen_mix.py", "--mb", 1, mix)
    assert done.returncode == 1
    assert "not empty" in done.stderr
