"""Ingest from end to end: however a sync is interrupted, the archive ends up as one run would have left it."""

from __future__ import annotations

import shutil

import pytest

from holdfast.model import parse
from holdfast.services._pipeline import Pipeline
from tests.unit.homes import AGENTS, Claude, answered, build, picture, said, sample, workspace


def large_home(tmp_path) -> dict:
    """Write three agents' homes, one of them with a file of several readings."""
    roots = build(tmp_path, "codex", "opencode")
    claude = Claude(tmp_path)
    filler = "lorem ipsum " * 4000
    claude.write("aaaa", *(said(f"{n} {filler}", n) if n % 2 else answered(f"{n} {filler}", n) for n in range(1, 25)))
    claude.write("bbbb", said("small", 1), answered("answer", 2))
    return roots | claude.roots


def finished(folder, roots) -> tuple:
    with workspace(folder, roots) as ws:
        ws.sync.run()
        hits = {(h.session, h.seq) for h in ws.search.find(parse("lorem OR small OR build"), limit=500)}
        return picture(ws.store), hits, ws.usage.table("session", fresh=False)


def readings_of(folder, roots, monkeypatch) -> int:
    """Count the readings of one whole sync."""
    met = []
    real = Pipeline.put

    def put(self, key, reading):
        met.append(key)
        real(self, key, reading)

    monkeypatch.setattr(Pipeline, "put", put)
    with workspace(folder, roots) as ws:
        ws.sync.run()
    monkeypatch.undo()
    return len(met)


def test_a_sync_interrupted_at_any_reading_and_resumed_gives_the_same_archive(tmp_path, monkeypatch):
    roots = large_home(tmp_path)
    expected = finished(tmp_path / "whole", roots)
    total = readings_of(tmp_path / "counted", roots, monkeypatch)
    assert total > 8
    for stop in range(total):
        left = [stop]
        real = Pipeline.put

        def put(self, key, reading, left=left, real=real):
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
            real(self, key, reading)

        monkeypatch.setattr(Pipeline, "put", put)
        with workspace(tmp_path / f"cut{stop}", roots) as ws, pytest.raises(KeyboardInterrupt):
            ws.sync.run()
        monkeypatch.undo()
        assert finished(tmp_path / f"cut{stop}", roots) == expected, stop
        shutil.rmtree(tmp_path / f"cut{stop}")


def test_a_sync_in_small_portions_of_time_gives_the_same_archive(tmp_path, monkeypatch):
    roots = large_home(tmp_path)
    expected = finished(tmp_path / "whole", roots)
    ticks = iter(range(10_000))
    rounds = 0
    with workspace(tmp_path / "parts", roots) as ws:
        remaining = -1
        while remaining:
            with monkeypatch.context() as patch:
                patch.setattr("holdfast.services.sync.time.monotonic", lambda: float(next(ticks)))
                remaining = ws.sync.run(within=2.5).remaining
            rounds += 1
    assert rounds > 2
    assert finished(tmp_path / "parts", roots) == expected


def test_a_crash_between_archive_and_index_is_made_good(tmp_path, monkeypatch):
    roots = large_home(tmp_path)
    expected = finished(tmp_path / "whole", roots)
    with workspace(tmp_path / "crashed", roots) as ws:
        monkeypatch.setattr(Pipeline, "_index", lambda self, *_: None)
        monkeypatch.setattr(ws.sync, "catch_up", lambda *args: None)
        ws.sync.run()
        assert ws.index.revision == 0
    monkeypatch.undo()
    assert finished(tmp_path / "crashed", roots) == expected


def test_two_programs_that_sync_in_turns_keep_one_archive(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("zero", 1))
    with workspace(tmp_path, claude.roots) as one, workspace(tmp_path, claude.roots) as two:
        for number in range(2, 8):
            claude.append("aaaa", said(f"number{number}", number))
            (one if number % 2 else two).sync.run()
        for ws in (one, two):
            ws.sync.catch_up()
            (session,) = ws.store.find()
            assert [m.text for m in ws.store.messages(session.id)] == ["zero", *(f"number{n}" for n in range(2, 8))]
            for number in range(2, 8):
                assert len([h for h in ws.search.find(parse(f"number{number}")) if h.kind == "said"]) == 1


@pytest.mark.parametrize("slug", AGENTS)
def test_every_agents_home_is_read_as_its_sample_says(tmp_path, slug):
    expected = sample(slug).EXPECTED
    with workspace(tmp_path, build(tmp_path, slug)) as ws:
        report = ws.sync.run()
        assert (report.failed, report.damaged, report.unknown) == ({}, 0, {})
        sessions = list(ws.store.find())
        named = expected["sessions"]
        if isinstance(named, int):
            assert len(sessions) == named
        else:
            assert {s.native_id for s in sessions} == set(named)
        prompts = [m.text for s in sessions for m in ws.store.messages(s.id) if m.is_prompt]
        assert set(expected["prompts"]) <= set(prompts)
        assert list(ws.store.verify()) == []


def test_other_programs_files_are_left_as_they_were(tmp_path):
    roots = build(tmp_path)
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for r in roots.values() for p in r[0].rglob("*") if p.is_file()}
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        ws.usage.table()
    after = {p: (p.read_bytes(), p.stat().st_mtime_ns) for r in roots.values() for p in r[0].rglob("*") if p.is_file()}
    assert after == before
