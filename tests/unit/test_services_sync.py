"""Sync: what is read, what is kept, what is left alone, and what one failing file does to the others."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from holdfast.errors import Unreadable
from holdfast.model import observed_id, parse
from holdfast.services.sync import Progress
from holdfast.sources.base import Cursor, Ref
from tests.unit.homes import AGENTS, Claude, answered, build, picture, said, workspace


def ident(native: str) -> str:
    return observed_id("claude-code", native)


def found(ws, text: str) -> list:
    """Return (native id, seq) of the messages that hold these words."""
    native = {s.id: s.native_id for s in ws.store.find()}
    return [(native[h.session], h.seq) for h in ws.search.find(parse(text)) if h.kind != "session"]


def texts(store, native: str) -> list[str]:
    return [m.text for m in store.messages(ident(native)) if m.live]


def noting(taken: list, real):
    """Note the messages that an index is given."""

    def put(session, messages, **kwargs):
        taken.extend(messages)
        real(session, messages, **kwargs)

    return put


class Spy:
    """Counts what a sync does to its sources, its store and its index."""

    def __init__(self, ws, monkeypatch) -> None:
        self.read: list = []
        self.written: list[str] = []
        for source in ws.sources.values():
            monkeypatch.setattr(source, "read", self._reading(source.read), raising=False)
        for owner, names in (
            (ws.store, ("put", "put_docs", "change", "delete")),
            (ws.index, ("put", "forget", "mark")),
        ):
            for name in names:
                monkeypatch.setattr(owner, name, self._writing(getattr(owner, name), name))

    def _reading(self, real):
        def read(ref, cursor):
            self.read.append((ref, cursor))
            return real(ref, cursor)

        return read

    def _writing(self, real, name):
        def call(*args, **kwargs):
            self.written.append(name)
            return real(*args, **kwargs)

        return call


@pytest.mark.parametrize("capture", ["always", "never"])
def test_a_warm_sync_reads_no_file_and_writes_no_row(tmp_path, monkeypatch, capture):
    with workspace(tmp_path, build(tmp_path), **{"archive.capture": capture}) as ws:
        first = ws.sync.run()
        assert first.failed == {}
        spy = Spy(ws, monkeypatch)
        revision = ws.store.revision()
        again = ws.sync.run()
        assert (spy.read, spy.written) == ([], [])
        assert (again.read, again.rows_written, again.skipped) == (0, 0, first.seen)
        assert ws.store.revision() == revision


def test_a_warm_sync_opens_no_file_of_an_agent(tmp_path, monkeypatch):
    with workspace(tmp_path, build(tmp_path)) as ws:
        ws.sync.run()
        opened = []
        import pathlib

        real = pathlib.Path.open

        def noted(self, *args, **kwargs):
            opened.append(self)
            return real(self, *args, **kwargs)

        monkeypatch.setattr(pathlib.Path, "open", noted)
        monkeypatch.setattr("builtins.open", lambda path, *a, **k: opened.append(path))
        ws.sync.run()
        monkeypatch.undo()
        assert opened == []


def test_every_session_of_every_agent_is_found(tmp_path):
    with workspace(tmp_path, build(tmp_path)) as ws:
        report = ws.sync.run()
        agents = {s.agent for s in ws.store.find()}
        assert (report.failed, agents) == ({}, set(AGENTS))
        assert report.sessions == len(list(ws.store.find()))


def test_a_file_that_grows_is_read_from_where_it_ended(tmp_path, monkeypatch):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1), answered("one", 2))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        size = claude.path("aaaa").stat().st_size
        claude.append("aaaa", said("second", 3))
        spy = Spy(ws, monkeypatch)
        report = ws.sync.run()
        (_, cursor) = spy.read[0]
        assert (len(spy.read), cursor.offset, report.messages) == (1, size, 1)
        assert texts(ws.store, "aaaa") == ["first", "one", "second"]


def test_only_the_tail_is_indexed(tmp_path, monkeypatch):
    claude = Claude(tmp_path)
    claude.write("aaaa", *(said(f"word{n}", n) for n in range(1, 30)))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        claude.append("aaaa", said("tailword", 40))
        taken: list = []
        real = ws.index.put
        monkeypatch.setattr(ws.index, "put", noting(taken, real))
        ws.sync.run()
        assert [m.text for m in taken] == ["tailword"]


def test_a_torn_line_is_read_once_it_is_whole(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1), torn=b'{"type":"user","uu')
    with workspace(tmp_path, claude.roots) as ws:
        assert ws.sync.run().damaged == 0
        claude.write("aaaa", said("first", 1), said("whole now", 2))
        assert ws.sync.run().damaged == 0
        assert texts(ws.store, "aaaa") == ["first", "whole now"]


def test_a_file_that_is_cut_short_loses_nothing_from_the_archive(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1), said("second", 2), said("third", 3))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        claude.write("aaaa", said("first", 1))
        assert ws.sync.run().failed == {}
        assert texts(ws.store, "aaaa") == ["first", "second", "third"]
        assert ws.sync.run().read == 0


def test_a_file_that_is_replaced_is_read_from_its_beginning(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1), said("second", 2))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        claude.write("aaaa", said("another beginning", 11), said("another end", 12), said("and more", 13))
        ws.sync.run()
        assert texts(ws.store, "aaaa") == ["first", "second", "another beginning", "another end", "and more"]


def test_a_session_outlives_its_file(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("still here", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        claude.path("aaaa").unlink()
        report = ws.sync.run()
        assert (report.seen, report.failed) == (0, {})
        assert texts(ws.store, "aaaa") == ["still here"]
        assert found(ws, "still") == [("aaaa", 0)]


def test_an_excluded_agent_is_not_even_listed(tmp_path, monkeypatch):
    with workspace(tmp_path, build(tmp_path, "codex", "pi"), **{"sources.exclude": ["pi"]}) as ws:
        monkeypatch.setattr(ws.sources["pi"], "discover", lambda roots: pytest.fail("listed"))
        ws.sync.run()
        assert {s.agent for s in ws.store.find()} == {"codex"}


def test_an_excluded_project_is_read_once_and_never_kept(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("private", 1), answered("one", 2))
    claude.write("bbbb", said("public", 1) | {"cwd": "/home/ada/open"})
    with workspace(tmp_path, claude.roots, **{"sources.exclude": ["/home/ada/sh*"]}) as ws:
        ws.sync.run()
        assert [s.native_id for s in ws.store.find()] == ["bbbb"]
        assert ws.search.find(parse("private")) == ()
        assert ws.sync.run().read == 0


def test_a_purged_session_never_comes_back(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("gone for good", 1))
    claude.write("bbbb", said("stays", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        ws.sessions.purge(ws.sessions.resolve("aaaa"))
        claude.append("aaaa", said("more of it", 2))
        ws.sync.run()
        (tmp_path / "data" / "index.db").exists()
        assert [s.native_id for s in ws.store.find()] == ["bbbb"]
        assert ws.search.find(parse("gone OR more")) == ()


def test_a_session_in_the_trash_is_kept_up_to_date_and_stays_there(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        ws.sessions.delete(ws.sessions.resolve("aaaa"))
        claude.append("aaaa", said("second", 2))
        ws.sync.run()
        assert list(ws.store.find()) == []
        assert ws.search.find(parse("second")) == ()
        ws.sessions.undelete(ws.sessions.resolve("aaaa", trashed=True))
        assert texts(ws.store, "aaaa") == ["first", "second"]
        assert [seq for _, seq in found(ws, "second")] in ([1], [4, 1])


def test_fragments_never_overwrite_a_whole_session(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1), answered("one", 2))
    claude.remembers("aaaa", "first")
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        assert texts(ws.store, "aaaa") == ["first", "one"]
        claude.remembers("aaaa", "first", "a later prompt")
        ws.sync.run()
        session = ws.store.get(ident("aaaa"))
        assert (texts(ws.store, "aaaa"), session.partial) == (["first", "one"], False)


def test_fragments_are_replaced_once_the_whole_session_is_found(tmp_path):
    claude = Claude(tmp_path)
    claude.remembers("aaaa", "first", "second")
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.store.get(ident("aaaa"))
        assert (session.partial, texts(ws.store, "aaaa")) == (True, ["first", "second"])
        claude.write("aaaa", said("first", 1), answered("one", 2), said("second", 3))
        ws.sync.run()
        session = ws.store.get(ident("aaaa"))
        assert (session.partial, texts(ws.store, "aaaa")) == (False, ["first", "one", "second"])
        assert session.rollup.user_messages == 2
        assert [seq for _, seq in found(ws, "second")] in ([1], [4, 1])


def test_the_newest_files_are_read_first_and_history_last(tmp_path):
    claude = Claude(tmp_path)
    claude.remembers("cccc", "lost")
    for native in ("aaaa", "bbbb", "dddd"):
        claude.write(native, said("x", 1))
    with workspace(tmp_path, claude.roots) as ws:
        assert [Path(r.path).name for _, r, _ in ws.sync.plan().stale] == [
            "dddd.jsonl", "bbbb.jsonl", "aaaa.jsonl", "history.jsonl",
        ]  # fmt: skip


def test_no_time_at_all_reads_nothing_and_says_what_remains(tmp_path, monkeypatch):
    with workspace(tmp_path, build(tmp_path, "codex", "pi")) as ws:
        monkeypatch.setattr("holdfast.services.sync.time.monotonic", lambda: 5.0)
        report = ws.sync.run(within=0)
        monkeypatch.undo()
        assert (report.read, report.messages) == (0, 0)
        assert report.remaining == report.seen - report.skipped > 0
        assert ws.sync.run().remaining == 0


def test_a_file_that_cannot_be_read_is_reported_and_stops_no_other(tmp_path, monkeypatch):
    claude = Claude(tmp_path)
    for native in ("aaaa", "bbbb", "cccc"):
        claude.write(native, said(f"in {native}", 1))
    with workspace(tmp_path, claude.roots) as ws:
        source = ws.sources["claude-code"]
        real = source.read

        def read(ref, cursor):
            if "bbbb" in ref.path:
                raise PermissionError(13, "Permission denied", ref.path)
            if "aaaa" in ref.path:
                raise Unreadable("torn apart")
            yield from real(ref, cursor)

        monkeypatch.setattr(source, "read", read)
        report = ws.sync.run()
        assert {Path(p).name for p in report.failed} == {"aaaa.jsonl", "bbbb.jsonl"}
        assert report.failed[str(claude.path("aaaa"))] == "torn apart"
        assert ([s.native_id for s in ws.store.find()], report.read) == (["cccc"], 1)
        monkeypatch.undo()
        again = ws.sync.run()
        assert (again.read, again.failed) == (2, {})


def test_a_file_that_fails_halfway_keeps_what_was_read_and_goes_on_there(tmp_path, monkeypatch):
    claude = Claude(tmp_path)
    claude.write("aaaa", *(said(f"{n} " + "x" * 60_000, n) for n in range(12)))
    with workspace(tmp_path, claude.roots) as ws:
        source = ws.sources["claude-code"]
        real = source.read

        def read(ref, cursor):
            yield next(real(ref, cursor))
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(source, "read", read)
        assert list(ws.sync.run().failed.values()) == ["[Errno 5] Input/output error"]
        some = len(texts(ws.store, "aaaa"))
        assert 0 < some < 12
        monkeypatch.undo()
        report = ws.sync.run()
        assert (report.messages, len(texts(ws.store, "aaaa"))) == (12 - some, 12)


def test_an_agent_whose_folder_cannot_be_listed_is_reported(tmp_path, monkeypatch):
    with workspace(tmp_path, build(tmp_path, "codex", "pi")) as ws:

        def discover(roots):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(ws.sources["pi"], "discover", discover)
        report = ws.sync.run()
        assert list(report.failed) == ["pi"]
        assert {s.agent for s in ws.store.find()} == {"codex"}


def test_a_failing_store_ends_the_sync_with_its_own_error(tmp_path, monkeypatch):
    with workspace(tmp_path, build(tmp_path, "codex")) as ws:

        def put(*args, **kwargs):
            raise Unreadable("the disk is full")

        monkeypatch.setattr(ws.store, "put", put)
        with pytest.raises(Unreadable, match="the disk is full"):
            ws.sync.run()
        monkeypatch.undo()
        ws.sync.run()
        assert len(list(ws.store.find())) > 0


def test_a_store_that_fails_halfway_is_no_fault_of_the_file_being_read(tmp_path, monkeypatch):
    claude = Claude(tmp_path)
    for native in ("aaaa", "bbbb", "cccc"):
        claude.write(native, *(said(f"{n} " + "x" * 60_000, n) for n in range(6)))
    with workspace(tmp_path, claude.roots, **{"sync.memory_mb": 1}) as ws:
        real = ws.store.put
        left = [2]

        def put(*args, **kwargs):
            left[0] -= 1
            if left[0] < 0:
                raise Unreadable("the disk is full")
            return real(*args, **kwargs)

        monkeypatch.setattr(ws.store, "put", put)
        with pytest.raises(Unreadable, match="the disk is full"):
            ws.sync.run()
        monkeypatch.undo()
        ws.sync.run()
        assert [len(texts(ws.store, native)) for native in ("aaaa", "bbbb", "cccc")] == [6, 6, 6]
        assert len(found(ws, "0")) >= 3


def test_a_failing_index_ends_the_sync_and_the_next_one_closes_the_gap(tmp_path, monkeypatch):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("findable", 1))
    with workspace(tmp_path, claude.roots) as ws:

        def put(*args, **kwargs):
            raise Unreadable("no room for the index")

        monkeypatch.setattr(ws.index, "put", put)
        with pytest.raises(Unreadable, match="no room"):
            ws.sync.run()
        monkeypatch.undo()
        ws.sync.run()
        assert found(ws, "findable") == [("aaaa", 0)]


@pytest.mark.parametrize(
    ("capture", "kept"), [("always", {"claude-code", "codex"}), ("expiring", {"claude-code"}), ("never", set())]
)
def test_capture_keeps_source_bytes_of_all_of_expiring_or_of_no_sessions(tmp_path, capture, kept):
    with workspace(tmp_path, build(tmp_path, "claude-code", "codex"), **{"archive.capture": capture}) as ws:
        ws.sync.run()
        captured = {s.agent for s in ws.store.find() if ws.store.raw_files(s.id)}
        assert captured == kept
        assert {s.agent for s in ws.store.find() if s.captured} == kept
        assert ws.sync.run().read == 0


def test_sub_agents_know_their_parents(tmp_path):
    with workspace(tmp_path, build(tmp_path)) as ws:
        ws.sync.run()
        known = {s.id: s for s in ws.store.find()}
        children = [s for s in known.values() if s.parent is not None and s.parent.kind == "subagent"]
        assert {s.agent for s in children} >= {"claude-code"}
        assert [s.native_id for s in children if s.parent.id not in known] == []
        assert all(known[s.parent.id].agent == s.agent for s in children)


def test_progress_is_told_after_each_file(tmp_path):
    claude = Claude(tmp_path)
    for native in ("aaaa", "bbbb"):
        claude.write(native, said("x", 1))
    with workspace(tmp_path, claude.roots) as ws:
        told: list[Progress] = []
        ws.sync.run(progress=told.append)
        assert [(p.files, p.of_files) for p in told] == [(1, 2), (2, 2)]
        assert told[-1].bytes == told[-1].of_bytes == sum(claude.path(n).stat().st_size for n in ("aaaa", "bbbb"))


def test_an_empty_file_makes_no_session(tmp_path):
    claude = Claude(tmp_path)
    claude.put("aaaa", b"")
    with workspace(tmp_path, claude.roots) as ws:
        report = ws.sync.run()
        assert (report.read, list(ws.store.find())) == (1, [])
        assert ws.sync.run().read == 0


def test_unknown_records_and_damaged_lines_are_counted_by_agent(tmp_path):
    claude = Claude(tmp_path)
    claude.put("aaaa", b'{"type":"never-seen","sessionId":"aaaa"}\n{"broken\n{"type":"user"\n')
    with workspace(tmp_path, claude.roots) as ws:
        report = ws.sync.run()
        assert (report.unknown, report.damaged) == ({"claude-code record:never-seen": 1}, 2)


def test_the_index_catches_up_after_it_was_deleted(tmp_path):
    roots = build(tmp_path, "claude-code", "codex")
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        before = ws.search.find(parse("build"))
    for path in (tmp_path / "data").glob("index.db*"):
        path.unlink()
    with workspace(tmp_path, roots) as ws:
        assert ws.sync.run().read == 0
        assert [(h.session, h.seq) for h in ws.search.find(parse("build"))] == [(h.session, h.seq) for h in before]
        assert before != ()


def test_the_index_forgets_what_another_program_erased(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("vanishing", 1))
    with workspace(tmp_path, claude.roots) as ws, workspace(tmp_path, claude.roots) as other:
        ws.sync.run()
        other.store.delete(ident("aaaa"), at=None, forever=True)
        ws.sync.catch_up()
        assert ws.search.find(parse("vanishing")) == ()


def test_the_index_takes_up_what_another_program_put(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        claude.append("aaaa", said("elsewhere", 2))
        with workspace(tmp_path, claude.roots) as other:
            other.__dict__["index"] = type(ws.index)(None)
            other.sync.run()
        ws.sync.catch_up()
        assert found(ws, "elsewhere") == [("aaaa", 1)]


def test_an_index_that_is_ahead_of_its_store_is_filled_again(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1))
    claude.write("bbbb", said("other", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
    for path in (tmp_path / "data").glob("sessions.db*"):
        path.unlink()
    claude.write("cccc", said("newcomer", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.store.put_docs("note", {})
        with workspace(tmp_path, claude.roots) as other:
            other.__dict__["index"] = type(ws.index)(None)
            other.sync.run(other.sync.plan())
        ws.index.mark(10_000)
        ws.sync.catch_up()
        assert ws.index.revision == ws.store.revision()
        assert found(ws, "newcomer") == [("cccc", 0)]


def test_forks_do_not_make_the_sync_index_everything_twice(tmp_path, monkeypatch):
    claude = Claude(tmp_path)
    for n in range(6):
        shared = [said("shared", 1), answered("shared answer", 2, request="shared")]
        claude.write(f"f{n}aa", *shared, said(f"own {n}", 3, session=f"f{n}aa"), answered("x", 4, request=f"r{n}"))
    with workspace(tmp_path, claude.roots) as ws:
        taken: list = []
        real = ws.index.put
        monkeypatch.setattr(ws.index, "put", noting(taken, real))
        ws.sync.run()
        assert len(taken) == sum(s.rollup.messages for s in ws.store.find()) == 24


def test_what_a_person_said_stays_findable_when_the_session_grows(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.sessions.tag(ws.sessions.resolve("aaaa"), ["zebra"])
        ws.sessions.describe(session, "about giraffes")
        claude.append("aaaa", said("second", 2))
        ws.sync.run()
        assert [h.kind for h in ws.search.find(parse("zebra"))] == ["session"]
        assert [h.kind for h in ws.search.find(parse("giraffes"))] == ["session"]


@pytest.mark.parametrize("slug", AGENTS)
def test_what_a_reader_remembers_and_cannot_use_any_more_costs_a_whole_reading_and_nothing_else(tmp_path, slug):
    roots = build(tmp_path, slug)
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        before = picture(ws.store)
        for key, data in ws.store.docs("cursor").items():
            cursor = msgspec.msgpack.decode(data, type=Cursor)
            state = {name: {"nobody": [0]} for name in cursor.state}
            ws.store.put_docs("cursor", {key: msgspec.msgpack.encode(replace(cursor, state=state, mtime_ns=1))})
        assert ws.sync.run().failed == {}
        assert picture(ws.store) == before


def test_watching_without_any_folder_says_so(tmp_path):
    from holdfast.errors import NotFound

    (tmp_path / "nothing").mkdir()
    with workspace(tmp_path, {"pi": []}) as ws, pytest.raises(NotFound):
        list(ws.sync.watch(threading.Event()))


def test_a_plan_can_be_made_for_some_agents_alone(tmp_path):
    with workspace(tmp_path, build(tmp_path, "codex", "pi")) as ws:
        plan = ws.sync.plan(["pi"])
        assert {r.agent for _, r, _ in plan.stale} == {"pi"}
        assert all(isinstance(r, Ref) for _, r, _ in plan.stale)
        assert plan.bytes > 0
