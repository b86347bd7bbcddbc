"""Search: words narrowed by filters, times and the trash, with the text they stand in."""

from __future__ import annotations

import pytest

from holdfast.index import Index
from holdfast.model import Query, Transcript, parse
from holdfast.testing import store_contract as contract
from holdfast.workspace import Workspace
from tests.unit.homes import Claude, answered, said, workspace


@pytest.fixture
def ws(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("the zebra crosses", 1), answered("a zebra it is", 2))
    claude.write("bbbb", said("another zebra", 1, at="2026-05-01T10:00:00Z") | {"cwd": "/home/ada/zoo"})
    with workspace(tmp_path, claude.roots) as found:
        found.sync.run()
        yield found


def natives(ws, text: str, **how) -> list[str]:
    known = {s.id: s.native_id for s in [*ws.store.find(), *ws.store.find(trashed=True)]}
    return sorted({known[h.session] for h in ws.search.find(parse(text), **how)})


def test_words_are_found_in_every_session(ws):
    assert natives(ws, "zebra") == ["aaaa", "bbbb"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("zebra project:zoo", ["bbbb"]),
        ("zebra -project:zoo", ["aaaa"]),
        ("zebra agent:claude-code", ["aaaa", "bbbb"]),
        ("zebra agent:codex", []),
        ("zebra since:2026-04-01", ["bbbb"]),
        ("zebra until:2026-04-01", ["aaaa"]),
        ("zebra role:assistant", ["aaaa"]),
        ("zebra -crosses project:shop", ["aaaa"]),
        ("zebra model:opus", ["aaaa"]),
        ("zebra crosses", ["aaaa"]),
        ("crosses OR another", ["aaaa", "bbbb"]),
        ('"another zebra"', ["bbbb"]),
        ('"zebra another"', []),
        ("zeb*", ["aaaa", "bbbb"]),
    ],
)
def test_filters_narrow_what_words_find(ws, query, expected):
    assert natives(ws, query) == expected


def test_a_query_without_words_finds_nothing(ws):
    for text in ("", "   ", "agent:claude-code", "-zebra"):
        assert ws.search.find(parse(text)) == ()


def test_a_hit_shows_the_words_where_they_stand(ws):
    (hit, *_) = ws.search.find(parse("crosses"))
    (start, end) = hit.highlights[0]
    assert hit.snippet[start:end] == "crosses"


def test_the_trash_is_not_searched(ws):
    ws.sessions.delete(ws.sessions.resolve("bbbb"))
    assert natives(ws, "zebra") == ["aaaa"]


def test_a_limit_limits(ws):
    assert len(ws.search.find(parse("zebra"), limit=1)) == 1
    assert ws.search.find(parse("zebra"), limit=0) == ()


@pytest.mark.parametrize(
    "text",
    ['"', '""', '"*', "*", "-", "--", "OR", "OR OR", "a OR", "(", "NEAR(a b)", "a AND", "x:y", ":", "tag:", 'tag:""', "\x00", "\ud800", "'; DROP TABLE words", "^a", "a" * 50_000, "NOT", "{a}", "col:a", "-agent:", "\u202e", "%_", "\\"],
    ids=lambda text: ascii(text)[:20],
)  # fmt: skip
def test_any_text_is_a_safe_query(ws, text):
    assert isinstance(ws.search.find(parse(text)), tuple)
    assert isinstance(ws.search.find(parse(f"zebra {text}")), tuple)
    assert isinstance(list(ws.store.find(parse(text))), list)


def test_an_empty_query_object_finds_nothing(ws):
    assert ws.search.find(Query()) == ()


def test_what_another_archive_left_in_the_index_is_not_shown(ws):
    from holdfast.model import Session

    ws.index.put(Session(id="z" * 16, agent="x", native_id="x", title="zebra ghost"), ())
    assert {h.session for h in ws.search.find(parse("ghost"))} == set()


def test_a_search_indexes_first_what_the_index_lacks(tmp_path):
    with Workspace(env={"HOLDFAST_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}) as space:
        space.store.put(Transcript(session=contract.session(), messages=(contract.said(1, "xylophone"),)))
        assert [h.seq for h in space.search.find(parse("xylophone"))] == [0]
        space.index.close()
        for name in ("index.db", "index.db-wal", "index.db-shm"):
            (tmp_path / "data" / name).unlink(missing_ok=True)
        space.close()
        assert [h.seq for h in space.search.find(parse("xylophone"))] == [0]


def test_a_search_does_not_wait_for_another_program_that_is_indexing(tmp_path):
    with Workspace(env={"HOLDFAST_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}) as space:
        space.store.put(Transcript(session=contract.session(), messages=(contract.said(1, "xylophone"),)))
        space.search.find(parse("xylophone"))
        space.store.put(Transcript(session=contract.session(), messages=(contract.said(2, "zebra"),)))
        other = Index(space.index_path)
        with other.batch():
            other.mark(1)
            assert space.search.find(parse("zebra")) == ()
            assert len(space.search.find(parse("xylophone"))) == 1
        assert len(space.search.find(parse("zebra"))) == 1
