"""A generated corpus with known truth: tokens, requests, cost and needles, before and after a sync."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal

import pytest

from holdfast.model import observed_id, parse
from tests.unit.homes import workspace

CLASSES = {"input": "input", "output": "output", "cr": "cache_read", "cw1": "cache_write_1h", "n": "requests"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, recordings):
    """Generate 3 MB of Claude Code sessions with every trap that real files have."""
    tool = recordings.parent / "tools" / "gen_corpus.py"
    if not tool.is_file():
        pytest.skip(f"no corpus generator: expected {tool}")
    folder = tmp_path_factory.mktemp("corpus")
    (folder / ".claude" / "projects" / "-home-dev-work-api-server").mkdir(
        parents=True
    )  # the generator takes it for granted
    command = [sys.executable, str(tool), str(folder), "--mb", "3", "--seed", "5", "--mean-mb", "0.08"]
    subprocess.run(command, check=True, capture_output=True)
    return folder, json.loads((folder / "truth.json").read_text())


@pytest.fixture(scope="module")
def ws(corpus, tmp_path_factory):
    folder, _ = corpus
    with workspace(tmp_path_factory.mktemp("archive"), {"claude-code": [folder / ".claude"]}) as found:
        yield found


def counts_of(row) -> dict:
    named = {n: getattr(row.usage, field) for n, field in CLASSES.items() if field != "requests"}
    return named | {"n": row.requests, "cw5": row.usage.cache_write - row.usage.cache_write_1h}


def comparable(table) -> dict:
    return {r.key: (r.requests, r.usage, r.cost, r.sessions) for r in table.rows}


def test_every_figure_is_the_true_one_before_and_after_the_sync(corpus, ws):
    _, truth = corpus
    before = ws.usage.table("model")
    views = {by: comparable(ws.usage.table(by)) for by in ("day", "session", "project")}
    assert list(ws.store.find()) == []
    report = ws.sync.run()
    assert report.failed == {}
    after = ws.usage.table("model")
    for table in (before, after):
        assert counts_of(table.total) == truth["totals"]
        billed = {r.key: counts_of(r) for r in table.rows if r.key in truth["by_model"]}
        assert billed == truth["by_model"]
        assert abs(table.total.cost - Decimal(str(truth["cost_usd"]))) <= Decimal("0.0000005")
    for by, seen in views.items():
        assert comparable(ws.usage.table(by)) == seen, by


def test_every_needle_is_found_in_every_session_that_holds_it_and_in_no_other(corpus, ws):
    folder, truth = corpus
    ws.sync.run()
    texts = {observed_id("claude-code", p.stem): p.read_bytes() for p in folder.glob(".claude/projects/*/*.jsonl")}
    for word, planted in truth["needles"].items():
        holders = {ident for ident, data in texts.items() if word.encode() in data}  # forks hold copies of them
        assert holders >= {observed_id("claude-code", native) for native in planted}
        assert {h.session for h in ws.search.find(parse(word), limit=1000)} == holders, word


def test_what_was_met_is_counted_as_the_generator_counted_it(corpus, ws):
    _, truth = corpus
    ws.sync.run()
    sessions = list(ws.store.find())
    assert sum(s.rollup.tool_calls for s in sessions) >= truth["tool_calls"]
    assert sum(1 for s in sessions if s.parent and s.parent.kind == "subagent") == truth["subagent_files"]
