"""Purge: what is erased is gone from every file of ours, and the proof of it can fail."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from holdfast.errors import Unsafe
from holdfast.model import Transcript, observed_id, parse
from tests.contracts.samples import aider
from tests.unit.homes import Claude, answered, build, said, sample, workspace

RARE = "hippopotamusmarmalade"
BODY = " ".join(f"{RARE}{n:03d}" for n in range(60))


def archive(tmp_path) -> Claude:
    claude = Claude(tmp_path)
    claude.write("aaaa", said(BODY, 1), answered("erase me please", 2))
    claude.write("bbbb", said("stays where it is", 1), answered("kept", 2))
    return claude


def bytes_of(tmp_path) -> bytes:
    return b"".join(p.read_bytes() for p in sorted((tmp_path / "data").iterdir()) if p.is_file())


def test_after_a_purge_nothing_is_left_and_the_rest_stays(tmp_path):
    claude = archive(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.sessions.resolve("aaaa")
        assert ws.search.find(parse(f"{RARE}007")) != ()
        purged = ws.sessions.purge(session)
        assert (purged.sessions, purged.traces) == ((session.id,), ())
        assert purged.samples > 0
        assert purged.sources == (str(claude.path("aaaa")),)
        assert ws.search.find(parse(f"{RARE}007")) == ()
        assert [s.native_id for s in ws.store.find()] == ["bbbb"]
        assert list(ws.store.verify()) == []
        assert [m.text for m in ws.store.messages(observed_id("claude-code", "bbbb"))] == ["stays where it is", "kept"]
    assert RARE.encode() not in bytes_of(tmp_path)
    assert claude.path("aaaa").exists()


def test_the_proof_fails_when_the_archive_keeps_the_bytes(tmp_path, monkeypatch):
    claude = archive(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        monkeypatch.setattr(ws.store, "delete", lambda *args, **kwargs: True)
        purged = ws.sessions.purge(ws.sessions.resolve("aaaa"))
        assert [p.rsplit("/", 1)[-1] for p in purged.traces] != []
        assert any("sessions.db" in p for p in purged.traces)


def test_the_proof_fails_when_the_index_keeps_the_words(tmp_path, monkeypatch):
    claude = archive(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        monkeypatch.setattr(ws.index, "forget", lambda session_id: None)
        purged = ws.sessions.purge(ws.sessions.resolve("aaaa"))
        assert [p.rsplit("/", 1)[-1] for p in purged.traces] == ["index.db"]


def test_the_proof_fails_when_deleted_rows_are_not_overwritten(tmp_path, monkeypatch):
    claude = archive(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        ws.store._db.pragma("secure_delete", 0)
        ws.sync.run()
        monkeypatch.setattr(ws.store, "_scrub", lambda: None)
        assert ws.sessions.purge(ws.sessions.resolve("aaaa")).traces != ()


def test_a_purge_takes_sub_agents_along(tmp_path):
    with workspace(tmp_path, build(tmp_path, "claude-code")) as ws:
        ws.sync.run()
        session = ws.sessions.resolve(sample("claude-code").MAIN)
        purged = ws.sessions.purge(session)
        assert purged.traces == ()
        child = observed_id("claude-code", f"{sample('claude-code').MAIN}/{sample('claude-code').AGENT}")
        assert set(purged.sessions) == {session.id, child}
        assert [s.native_id for s in ws.store.find()] == [sample("claude-code").LOST]
        assert ws.sync.run().read == 0


def test_a_purge_of_sub_agents_of_sub_agents_leaves_none(tmp_path):
    from holdfast.model import Parent

    claude = archive(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        top = ws.sessions.resolve("aaaa")
        above = top
        for depth in range(3):
            native = f"deep{depth}"
            session = replace(
                above,
                id=observed_id("claude-code", native),
                native_id=native,
                parent=Parent(id=above.id, kind="subagent"),
            )
            ws.store.put(Transcript(session=session, messages=tuple(ws.store.messages(top.id))))
            above = session
        assert len(ws.sessions.purge(top).sessions) == 4
        assert [s.native_id for s in ws.store.find()] == ["bbbb"]


def test_what_readers_remembered_of_the_file_is_forgotten_too(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said(f"{RARE} is the first prompt", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        ws.sessions.purge(ws.sessions.resolve("aaaa"))
        assert not any(RARE.encode() in value for value in ws.store.docs("cursor").values())
        assert ws.sync.run().read == 0
    assert RARE.encode() not in bytes_of(tmp_path)


@pytest.mark.parametrize("trashed", [True, False])
def test_a_purge_works_in_the_trash_and_out_of_it(tmp_path, trashed):
    claude = archive(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.sessions.resolve("aaaa")
        if trashed:
            ws.sessions.delete(session)
            session = ws.sessions.resolve("aaaa", trashed=True)
        assert ws.sessions.purge(session).traces == ()
        assert list(ws.store.find(trashed=True)) == []


def test_a_request_that_a_fork_holds_too_is_counted_there_afterwards(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("shared", 1), answered("shared", 2, request="shared"))
    claude.write("bbbb", said("shared", 1), answered("shared", 2, request="shared"), answered("own", 9, session="bbbb"))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        assert ws.usage.table("session").total.requests == 2
        ws.sessions.purge(ws.sessions.resolve("aaaa"))
        assert [(r.label != "", r.requests) for r in ws.usage.table("session").rows] == [(True, 2)]
        assert ws.sessions.resolve("bbbb").rollup.requests == 2


def chats(tmp_path, *texts):
    """Write an Aider history with a chat for each text; returns its roots and its path."""
    folder = tmp_path / "code" / "shop"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ".aider.chat.history.md"
    path.write_text("".join(aider.header(f"2026-01-05 1{n}:00:00") + aider.prompt(t) for n, t in enumerate(texts)))
    return {"aider": [tmp_path / "code"]}, path


def test_a_purged_chat_of_a_shared_history_is_in_no_bytes_that_are_kept(tmp_path):
    roots, path = chats(tmp_path, "first stays", f"{BODY} goes", "third stays")
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        assert all(s.captured for s in ws.store.find())
        gone = next(s for s in ws.store.find() if "goes" in next(iter(ws.store.messages(s.id))).text)
        purged = ws.sessions.purge(gone)
        assert (purged.traces, purged.sources, purged.advice) == ((), (str(path),), "")
        left = [b"".join(ws.store.raw(f)) for s in ws.store.find() for f in ws.store.raw_files(s.id)]
        assert len(left) == 2
        assert not any(RARE.encode() in data for data in left)


def test_what_was_torn_or_only_begun_goes_with_the_chat_that_it_became(tmp_path):
    roots, path = chats(tmp_path, "first stays", f"{BODY} goes")
    whole = path.read_text()
    with workspace(tmp_path, roots) as ws:
        for cut in (whole.index("# aider", 5) + 9, whole.index(RARE) - 5, len(whole)):
            path.write_text(whole[:cut])
            ws.sync.run()
        first, second = sorted(ws.store.find(), key=lambda s: s.started)
        (kept,), (other,) = ws.store.raw_files(first.id), ws.store.raw_files(second.id)
        assert (kept.start, kept.start + kept.size, other.start + other.size) == (0, other.start, len(whole))


def test_a_purge_names_only_files_of_the_agent_that_still_exist(tmp_path):
    claude = archive(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        claude.path("aaaa").unlink()
        assert ws.sessions.purge(ws.sessions.resolve("aaaa")).sources == ()


def test_a_sub_agent_inside_its_parents_file_is_purged_with_its_parent_alone(tmp_path):
    roots = build(tmp_path, "copilot-cli")
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        child = next(s for s in ws.store.find() if s.parent is not None)
        assert child.captured
        with pytest.raises(Unsafe, match=child.parent.id[:12]):
            ws.sessions.purge(child)
        ws.sessions.delete(child)
        ws.sessions.now = lambda: 9e9
        assert ws.sessions.empty_trash(1) == []
        purged = ws.sessions.purge(ws.store.get(child.parent.id))
        assert (child.id in purged.sessions, purged.traces) == (True, ())


def test_a_sub_agent_counts_as_captured_only_where_its_parents_file_is(tmp_path):
    with workspace(tmp_path, build(tmp_path, "copilot-cli"), **{"archive.capture": "never"}) as ws:
        ws.sync.run()
        assert not any(s.captured for s in ws.store.find())


@pytest.mark.parametrize("other", [BODY, BODY.upper(), BODY.replace(" ", "tail ")])
@pytest.mark.parametrize("trashed", [True, False])
def test_words_that_another_session_holds_too_raise_no_alarm(tmp_path, trashed, other):
    claude = Claude(tmp_path)
    claude.write("aaaa", said(f"{BODY} onlyhereandnowhere", 1))
    claude.write("bbbb", said(other, 1) | {"cwd": "/elsewhere"})
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        if trashed:
            ws.sessions.delete(ws.sessions.resolve("bbbb"))
        assert ws.sessions.purge(ws.sessions.resolve("aaaa")).traces == ()


def test_a_copy_of_the_same_messages_raises_no_alarm(tmp_path):
    claude = archive(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.sessions.resolve("aaaa")
        twin = replace(session, id=observed_id("claude-code", "twin"), native_id="twin")
        ws.store.put(Transcript(session=twin, messages=tuple(ws.store.messages(session.id))))
        ws.sync.catch_up()
        assert ws.sessions.purge(session).traces == ()


def test_the_verdicts_on_a_purged_sessions_tags_go_with_it(tmp_path):
    claude = archive(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        gone = ws.sessions.resolve("aaaa")
        kept = next(s for s in ws.store.find() if s.id != gone.id)
        for session in (gone, kept):
            ws.tagging.decide(session, accepted=["api"])
        ws.sessions.purge(gone)
        assert [v.provenance.session for v in ws.tagging.verdicts()] == [kept.id]


def test_that_a_purged_session_was_seen_is_forgotten_with_it(tmp_path):
    claude = archive(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        gone = ws.sessions.resolve("aaaa")
        kept = next(s for s in ws.store.find() if s.id != gone.id)
        ws.monitor.mark_read(gone.id, kept.id)
        ws.sessions.purge(gone)
        assert set(ws.store.docs("read")) == {kept.id}
