"""Retention: an agent's clean-up takes nothing from us, and what a person throws away goes for good."""

from __future__ import annotations

import os

import pytest

from holdfast.model import parse
from tests.unit.homes import AGENTS, BEGAN_NS, Claude, answered, build, said, sample, workspace

DAY_MS = 86_400_000


def test_what_an_agent_cleaned_up_is_read_searched_counted_and_given_back(tmp_path):
    claude = Claude(tmp_path)
    path = claude.write("aaaa", said("precious words", 1), answered("kept", 2))
    data = path.read_bytes()
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path.unlink()
        ws.sync.run()
        session = ws.sessions.resolve("aaaa")
        assert session.source_expires == 1_790_000_001_000 + 30 * DAY_MS
        assert [m.text for m in ws.sessions.messages(session)] == ["precious words", "kept"]
        assert {h.session for h in ws.search.find(parse("precious"))} == {session.id}
        assert ws.usage.table("session").total.requests == 1
        ws.exchange.restore(session, roots=[claude.root])
        assert path.read_bytes() == data
        ws.sync.run()
        assert len(list(ws.store.messages(session.id))) == 2


def test_the_way_of_a_session_into_the_trash_and_out_of_the_world(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("unspeakable" * 3, 1), answered("x", 2))
    claude.write("bbbb", said("other", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        ws.sessions.now = lambda: 1_790_000_000
        ws.sessions.delete(ws.sessions.resolve("aaaa"))
        assert ws.sessions.empty_trash(30) == []
        ws.sessions.now = lambda: 1_790_000_000 + 31 * DAY_MS / 1000
        assert [s.native_id for s in ws.sessions.empty_trash(30)] == ["aaaa"]
    with workspace(tmp_path, claude.roots) as ws:
        claude.append("aaaa", said("unspeakable again", 3))
        ws.sync.run()
        assert [s.native_id for s in ws.store.find()] == ["bbbb"]
        assert list(ws.store.find(trashed=True)) == []
        assert ws.search.find(parse("unspeakable*")) == ()
    kept = b"".join(p.read_bytes() for p in (tmp_path / "data").iterdir())
    assert b"unspeakable" not in kept


@pytest.mark.parametrize("slug", AGENTS)
def test_no_file_brings_an_erased_session_back_when_it_grows(tmp_path, slug):
    roots = build(tmp_path, slug)
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        for session in list(ws.store.find()):
            if ws.store.get(session.id) is not None:
                assert ws.sessions.purge(session).traces == ()
        assert list(ws.store.find()) == []
    for path in [p for p in roots[slug][0].rglob("*") if p.is_file()]:
        if path.suffix == ".jsonl":
            data = path.read_bytes()
            path.write_bytes(data + data.rstrip(b"\n").rsplit(b"\n", 1)[-1] + b"\n")
        os.utime(path, ns=(BEGAN_NS, BEGAN_NS))
    with workspace(tmp_path, roots) as ws:
        assert ws.sync.run().read > 0
        assert [s.native_id for s in ws.store.find()] == []
        assert ws.usage.table("session").total.requests == 0


def test_without_capture_the_words_stay_and_the_bytes_do_not(tmp_path):
    roots = build(tmp_path, "claude-code")
    with workspace(tmp_path, roots, **{"archive.capture": "never"}) as ws:
        ws.sync.run()
        session = ws.sessions.resolve(sample("claude-code").MAIN)
        assert ws.store.raw_files(session.id) == ()
        assert len(ws.sessions.messages(session)) > 3
    with workspace(tmp_path, roots) as ws:
        assert ws.sync.run().read == 0
