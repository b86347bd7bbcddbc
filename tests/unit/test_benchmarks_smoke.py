"""Every benchmark runs on a small corpus that is written here, and says what it found."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.homes import answered, lines, said

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MODEL = "claude-sonnet-4-5-20250929"
USD_PER_MILLION = {"input": 3.0, "output": 15.0, "cw5": 3.75, "cw1": 6.0, "cr": 0.30}
NEEDLE = "quincemarmalade"
SESSIONS, TURNS = 24, 8
WORDS = [
    "retry",
    "login",
    "cache",
    "index",
    "webhook",
    "billing",
    "schema",
    "latency",
    "release",
    "timeout",
    "parser",
    "export",
    "queue",
]

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="this system does not tell what a process took")


def billed(session, number, output):
    """Build one request as it is streamed: an early line with few tokens, then the final one."""
    usage = {
        "input_tokens": 5, "output_tokens": output, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 70,
        "cache_creation": {"ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 30},
    }  # fmt: skip
    for part, so_far in enumerate((1, output)):
        record = answered(f"part {part}", number + part, request=f"{session}-{number}", model=MODEL, session=session)
        yield record | {"message": record["message"] | {"usage": usage | {"output_tokens": so_far}}}


def conversation(rng, session, planted):
    """Build a session with prompts, streamed answers and large tool results."""
    records = []
    for turn in range(TURNS):
        extra = planted if turn == 0 else ""
        records.append(said(f"{' '.join(rng.choices(WORDS, k=8))} {extra}", turn * 10, session=session))
        records += billed(session, turn * 10 + 1, rng.randint(20, 900))
        result = {"type": "tool_result", "tool_use_id": f"toolu_{turn}", "content": " ".join(rng.choices(WORDS, k=700))}
        records.append(said("", turn * 10 + 5, session=session) | {"message": {"role": "user", "content": [result]}})
    return records


def name(number):
    return f"00000000-0000-4000-8000-{number:012d}"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    """Write 1 MB of transcripts with a fork and a planted word, and the truth about them."""
    home, rng = tmp_path_factory.mktemp("corpus"), random.Random(7)
    project = home / ".claude" / "projects" / "-home-ada-shop"
    project.mkdir(parents=True)
    totals = dict.fromkeys((*USD_PER_MILLION, "n"), 0)
    named = [name(2), name(9)]
    for number in range(SESSIONS):
        session = name(number)
        planted = f"{NEEDLE} ログイン画面のバグを修正" if session in named else "يرجى إصلاح" if number == 4 else ""
        records = conversation(rng, session, planted)
        finals = [r["message"]["usage"] for r in records if r["type"] == "assistant"][1::2]
        for usage in finals:
            for key, count in (
                ("input", 5),
                ("output", usage["output_tokens"]),
                ("cw5", 40),
                ("cw1", 30),
                ("cr", 900),
                ("n", 1),
            ):
                totals[key] += count
        (project / f"{session}.jsonl").write_bytes(lines(*records))
        if number == 2:
            fork = [r | {"sessionId": name(99)} for r in records]
            (project / f"{name(99)}.jsonl").write_bytes(lines(*fork))
    cost = sum(totals[key] * price for key, price in USD_PER_MILLION.items()) / 1e6
    truth = {"totals": totals, "by_model": {MODEL: totals}, "cost_usd": round(cost, 6), "needles": {NEEDLE: named}}
    (home / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    return home


def bench(question, *arguments):
    env = {k: v for k, v in os.environ.items() if not k.startswith("HOLDFAST_")}
    command = [
        sys.executable,
        str(BENCHMARKS / f"bench_{question}.py"),
        *map(str, arguments),
        "--runs",
        "1",
        "--no-peers",
    ]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=120, check=False)


@pytest.mark.parametrize(
    ("question", "figures"),
    [
        ("cold_sync", ("cpu", "wall", "memory", "first hits")),
        ("warm_sync", ("wall", "files read and rows written: 0, 0")),
        ("usage", ("cpu",)),
        ("size", ("archive and index", "index.db")),
        ("truth", ("requests: 192", "cost", f"{NEEDLE}: 2 of 2, and 1 in forks", "found in 9 of 9", "found in 2 of 2")),
    ],
)
def test_a_benchmark_of_a_corpus_prints_each_figure_with_its_target(corpus, question, figures):
    done = bench(question, corpus)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [f for f in figures if f not in done.stdout] == []


def test_the_watch_benchmark_leaves_the_corpus_as_it_was(corpus):
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in corpus.rglob("*.jsonl")}
    done = bench("watch", corpus, "--lines", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "slowest" in done.stdout
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in corpus.rglob("*.jsonl")} == before


def test_the_completion_benchmark_offers_every_session_it_made():
    done = bench("completion", "--sessions", "30")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sessions, nothing typed: 30 words" in done.stdout


def test_the_list_benchmark_lists_every_session_it_made():
    done = bench("list", "--sessions", "30")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "31 lines" in done.stdout


@pytest.mark.parametrize("lie", ["output", "cr", "n"])
def test_the_truth_benchmark_fails_where_a_number_is_not_the_truth(corpus, tmp_path, lie):
    truth = json.loads((corpus / "truth.json").read_text(encoding="utf-8"))
    truth["totals"][lie] += 1
    (tmp_path / ".claude").symlink_to(corpus / ".claude")
    (tmp_path / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    done = bench("truth", tmp_path)
    assert done.returncode == 1
    assert done.stdout.count("DIFFERENT") == 1


def test_the_truth_benchmark_fails_where_a_session_that_should_be_found_is_not(corpus, tmp_path):
    truth = json.loads((corpus / "truth.json").read_text(encoding="utf-8"))
    truth["needles"][NEEDLE].append(name(11))
    (tmp_path / ".claude").symlink_to(corpus / ".claude")
    (tmp_path / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    done = bench("truth", tmp_path)
    assert done.returncode == 1
    assert f"{NEEDLE}: 2 of 3, and 1 in forks" in done.stdout


def test_recorded_figures_are_rows_of_the_results_table(corpus, tmp_path):
    results = tmp_path / "results.md"
    assert bench("size", corpus, "--record", "--results", results).returncode == 0
    rows = results.read_text(encoding="utf-8").splitlines()
    header = next(
        line for line in (BENCHMARKS / "RESULTS.md").read_text(encoding="utf-8").splitlines() if "| machine |" in line
    )
    assert rows
    assert {row.count("|") for row in rows} == {header.count("|")}
