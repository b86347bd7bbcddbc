"""Exchange: what goes out comes back equal, masked where it must be, and a file can do no harm."""

from __future__ import annotations

import io
import json

import pytest
from msgspec.structs import replace

from holdfast import registry
from holdfast.errors import BadInput, Unreadable
from holdfast.interchange.base import Header, RawPiece
from holdfast.model import Text, Transcript, observed_id, parse
from tests.unit.homes import Claude, answered, build, said, workspace

LOADING = ("json", "jsonl", "yaml", "native")
KEY = "AK" + "IA" + "Q4ZP7W2MRT6XKLND"


def written(ws, sessions, **how) -> bytes:
    stream = io.BytesIO()
    ws.exchange.export(sessions, stream, **how)
    return stream.getvalue()


def saved(folder, ws, sessions, **how):
    path = folder / "export.file"
    path.write_bytes(written(ws, sessions, **how))
    return path


def content(ws) -> dict:
    """Return all that travels: sessions without the store's own marks and orders, messages, requests, edits."""
    plain = {"revision": 0, "captured": False}
    return {
        s.id: (
            replace(s, **plain, rollup=replace(s.rollup, usage=tuple(sorted(s.rollup.usage, key=repr)))),
            tuple(ws.store.messages(s.id)),
            sorted((e.request.key, e.request.line, e.request.usage.output) for e in ws.store.ledger(s.id)),
            ws.store.edits(s.id),
        )
        for s in ws.store.find()
    }


@pytest.mark.parametrize("name", LOADING)
def test_every_agents_sessions_come_back_equal(tmp_path, name):
    with workspace(tmp_path, build(tmp_path)) as ws:
        ws.sync.run()
        first = next(iter(ws.store.find()))
        ws.sessions.tag(first, ["kept", "too"])
        ws.sessions.rename(first, "a name / with a slash")
        ws.sessions.describe(first, "said of it")
        path = saved(tmp_path, ws, list(ws.store.find()), name=name, raw=True)
        before, total = content(ws), ws.usage.table(fresh=False).total
    with workspace(tmp_path / "other", {"pi": []}) as other:
        result = other.exchange.load(path)
        assert (result.format, result.sessions, result.damaged) == (name, len(before), "")
        assert content(other) == before
        assert other.usage.table(fresh=False).total == total


@pytest.mark.parametrize("name", LOADING)
@pytest.mark.parametrize("raw", [True, False])
def test_importing_twice_changes_nothing(tmp_path, name, raw):
    with workspace(tmp_path, build(tmp_path, "claude-code", "codex")) as ws:
        ws.sync.run()
        path = saved(tmp_path, ws, list(ws.store.find()), name=name, raw=raw)
    with workspace(tmp_path / "other", {"pi": []}) as other:
        other.exchange.load(path)
        before, revision, total = content(other), other.store.revision(), other.usage.table(fresh=False).total
        again = other.exchange.load(path)
        assert (again.added, again.replaced) == (0, 0)
        assert (content(other), other.store.revision()) == (before, revision)
        assert other.usage.table(fresh=False).total == total


@pytest.mark.parametrize("name", LOADING)
@pytest.mark.parametrize("raw", [True, False])
def test_importing_into_the_archive_it_came_from_changes_nothing(tmp_path, name, raw):
    with workspace(tmp_path, build(tmp_path)) as ws:
        ws.sync.run()
        before, revision = content(ws), ws.store.revision()
        path = saved(tmp_path, ws, list(ws.store.find()), name=name, raw=raw)
        ws.exchange.load(path)
        assert content(ws) == before
        assert ws.store.revision() == revision
        assert ws.sync.run().read == 0


@pytest.mark.parametrize("name", LOADING)
def test_a_masked_file_masks_everywhere_and_says_how_often(tmp_path, name):
    claude = Claude(tmp_path)
    claude.write("aaaa", said(f"use {KEY} here", 1), answered(f"I used {KEY}", 2))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.sessions.describe(ws.sessions.resolve("aaaa"), f"the key is {KEY}")
        stream = io.BytesIO()
        result = ws.exchange.export([session], stream, name=name)
        assert sum(result.masked.values()) >= 4
        with workspace(tmp_path / "other", {"pi": []}) as other:
            path = tmp_path / "masked"
            path.write_bytes(stream.getvalue())
            loaded = other.exchange.load(path)
            assert loaded.masked == result.masked
            assert KEY not in repr(content(other))
            assert "[" in next(other.store.messages(session.id)).text


def test_a_file_without_secrets_says_that_it_was_looked_through(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("nothing secret", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        found = list(ws.store.find())
        assert json.loads(written(ws, found))["masked"] == {}
        assert json.loads(written(ws, found, raw=True))["masked"] is None


@pytest.mark.parametrize("name", LOADING)
def test_masked_text_never_replaces_what_it_masks(tmp_path, name):
    claude = Claude(tmp_path)
    claude.write("aaaa", said(f"use {KEY} here", 1), answered("done", 2))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path = saved(tmp_path, ws, list(ws.store.find()), name=name)
        before = content(ws)
        result = ws.exchange.load(path)
        assert (result.kept, result.added, result.replaced) == (2, 0, 0)
        assert content(ws) == before


def test_a_masked_file_adds_the_messages_that_are_missing(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said(f"use {KEY} here", 1), answered("done", 2))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path = saved(tmp_path, ws, list(ws.store.find()))
        everything = [m.id for m in ws.store.messages(observed_id("claude-code", "aaaa"))]
    claude.write("aaaa", said(f"use {KEY} here", 1))
    with workspace(tmp_path / "other", claude.roots) as other:
        other.sync.run()
        result = other.exchange.load(path)
        assert (result.kept, result.added) == (1, 1)
        found = list(other.store.messages(observed_id("claude-code", "aaaa")))
        assert [m.id for m in found] == everything
        assert KEY in found[0].text


def test_an_import_never_overrules_what_a_person_said_here(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("x", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.sessions.rename(ws.sessions.tag(ws.sessions.resolve("aaaa"), ["there"]), "their name")
        path = saved(tmp_path, ws, [session], raw=True)
        ws.sessions.rename(ws.sessions.tag(ws.sessions.tag(session, ["there"], remove=True), ["here"]), "my name")
        ws.exchange.load(path)
        found = ws.sessions.resolve("aaaa")
        assert (found.name, found.tags) == ("my name", ("here", "there"))


def test_an_import_takes_nothing_out_of_the_trash(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("x", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path = saved(tmp_path, ws, list(ws.store.find()), raw=True)
        ws.sessions.delete(ws.sessions.resolve("aaaa"))
        ws.exchange.load(path)
        assert list(ws.store.find()) == []


def test_source_files_travel_in_native_files_and_come_back_byte_for_byte(tmp_path):
    with workspace(tmp_path, build(tmp_path)) as ws:
        ws.sync.run()
        path = saved(tmp_path, ws, list(ws.store.find()), name="native", raw=True)
        before = {
            f.path: b"".join(ws.store.raw(f))
            for s in ws.store.find()
            for f in ws.store.raw_files(s.id)
            if not f.version
        }
    with workspace(tmp_path / "other", {"pi": []}) as other:
        other.exchange.load(path)
        after = {
            f.path: b"".join(other.store.raw(f))
            for s in other.store.find()
            for f in other.store.raw_files(s.id)
            if not f.version
        }
        assert after == before
        session = other.sessions.resolve("11111111-2222-4333-8444-555555555555")
        target = tmp_path / "restored"
        fates = other.exchange.restore(session, to=target)
        assert {f.fate for f in fates} == {"written"}
        for fate in fates:
            data = (target / fate.path[len(str(target)) + 1 :]).read_bytes()
            assert data in before.values()


def test_a_masked_file_carries_no_source_bytes(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said(f"use {KEY} here", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path = saved(tmp_path, ws, list(ws.store.find()), name="native")
    with workspace(tmp_path / "other", {"pi": []}) as other:
        other.exchange.load(path)
        assert other.store.raw_files(observed_id("claude-code", "aaaa")) == ()


@pytest.mark.parametrize(
    "hostile",
    [
        "../../../etc/cron.d/evil",
        "/etc/passwd",
        "~/.ssh/authorized_keys",
        "/tmp/../tmp/x/../../x",
        "a\0b",
        "",
        "..",
        "C:\\Windows\\x",
    ],
)
def test_a_hostile_path_in_a_file_writes_nowhere_but_below_the_folder_that_was_named(tmp_path, home, hostile):
    session = Transcript(session=replace(_session(), native_id="n"), messages=())
    piece = RawPiece(session=session.session.id, path=hostile, offset=0, data=b"evil", whole=True)
    path = tmp_path / "hostile.holdfast"
    with path.open("wb") as stream:
        kind = registry.load("formats", "native")()
        kind.dump_raw([session], stream, raw=lambda _: [piece], header=Header())
    with workspace(tmp_path / "other", {"pi": []}) as other:
        other.exchange.load(path)
        found = other.store.get(session.session.id)
        target = tmp_path / "deep" / "down" / "restored"
        before = {p for p in tmp_path.rglob("*") if "other" not in p.parts}
        fates = [*other.exchange.restore(found, to=target), *other.exchange.restore(found)]
        new = {p for p in tmp_path.rglob("*") if "other" not in p.parts} - before
        assert [p for p in new if p.is_file() and target not in p.parents] == []
        assert {f.fate for f in fates} <= {"written", "failed"}
        assert fates[-1].fate == "failed"
        assert not (home / ".ssh").exists()


def _session():
    from holdfast.model import Session

    return Session(id=observed_id("claude-code", "n"), agent="claude-code", native_id="n")


def test_raw_bytes_from_a_file_never_replace_captured_ones(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("genuine", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.sessions.resolve("aaaa")
        (file,) = ws.store.raw_files(session.id)
        genuine = b"".join(ws.store.raw(file))
        piece = RawPiece(session=session.id, path=file.path, offset=0, data=b"forged\n", whole=True)
        path = tmp_path / "forged.holdfast"
        with path.open("wb") as stream:
            kind = registry.load("formats", "native")()
            kind.dump_raw([Transcript(session=session)], stream, raw=lambda _: [piece], header=Header())
        ws.exchange.load(path)
        assert b"".join(ws.store.raw(ws.store.raw_files(session.id)[0])) == genuine


@pytest.mark.parametrize("facts", [{"id": "a" * 16}, {"id": "../../up", "origin": "owned"}, {"agent": "codex"}])
def test_a_file_cannot_pass_a_session_off_as_another(tmp_path, facts):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("genuine", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        before = content(ws)
        forged = replace(ws.sessions.resolve("aaaa"), **facts)
        path = tmp_path / "forged.json"
        with path.open("wb") as stream:
            registry.load("formats", "json")().dump([Transcript(session=forged)], stream, header=Header())
        with pytest.raises(Unreadable):
            ws.exchange.load(path)
        assert content(ws) == before


def test_a_plain_list_of_chat_messages_becomes_a_session_of_its_own(tmp_path):
    path = tmp_path / "chat.json"
    path.write_text('[{"role": "user", "content": "hello there"}, {"role": "assistant", "content": "well met"}]')
    with workspace(tmp_path, {"pi": []}) as ws:
        result = ws.exchange.load(path)
        assert (result.sessions, result.added, len(result.ids)) == (1, 2, 1)
        assert ws.exchange.load(path).ids == result.ids
        ws.sync.catch_up()
        assert [h.session for h in ws.search.find(parse("hello"))] == list(result.ids)


def test_the_suffix_of_a_file_says_nothing(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("x", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path = tmp_path / "export.json"
        path.write_bytes(written(ws, list(ws.store.find()), name="native"))
        assert ws.exchange.load(path).format == "native"


@pytest.mark.parametrize("data", [b"", b"hello", b"\0\0\0", b"PK\x03\x04", b'{"a": 1}'])
def test_a_file_of_no_known_format_is_refused(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    with workspace(tmp_path, {"pi": []}) as ws, pytest.raises(Unreadable):
        ws.exchange.load(path)


def test_markdown_is_for_reading_and_says_so(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("x", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path = saved(tmp_path, ws, list(ws.store.find()), name="markdown")
        with pytest.raises((BadInput, Unreadable)):
            ws.exchange.load(path)
        with pytest.raises(BadInput, match="markdown"):
            ws.exchange.load(path, name="markdown")
        with pytest.raises(BadInput, match="no format named"):
            ws.exchange.load(path, name="wordperfect")


def test_a_damaged_file_gives_what_stands_before_the_damage_and_says_where(tmp_path):
    claude = Claude(tmp_path)
    for native in ("aaaa", "bbbb", "cccc"):
        claude.write(native, said(f"in {native}", 1, session=native))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path = saved(tmp_path, ws, list(ws.store.find()))
        path.write_bytes(path.read_bytes()[:-200])
    with workspace(tmp_path / "other", {"pi": []}) as other:
        result = other.exchange.load(path)
        assert 1 <= result.sessions < 3
        assert "line" in result.damaged
        assert len(list(other.store.find())) == result.sessions


def test_what_stands_only_in_the_sessions_facts_is_masked_too(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("x", 1) | {"cwd": f"/home/ada/{KEY}", "gitBranch": f"fix/{KEY}"})
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.sessions.tag(ws.sessions.rename(ws.sessions.resolve("aaaa"), f"name {KEY}"), [KEY])
        for name in registry.names("formats"):
            if name != "native":
                assert KEY.encode() not in written(ws, [session], name=name), name


def test_messages_that_were_taken_back_travel_as_taken_back(tmp_path):
    with workspace(tmp_path, {"pi": []}) as ws:
        from holdfast.model import Message

        session = _session()
        messages = tuple(Message(id=f"m{n}", role="user", parts=(Text(f"t{n}"),), at=n) for n in range(3))
        ws.store.put(Transcript(session=session, messages=messages))
        ws.store.put(Transcript(session=session, dropped=("m1",)))
        path = saved(tmp_path, ws, list(ws.store.find()), raw=True)
        with workspace(tmp_path / "other", {"pi": []}) as other:
            other.exchange.load(path)
            assert [m.live for m in other.store.messages(session.id)] == [True, False, True]
