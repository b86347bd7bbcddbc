"""Restore and resume: an agent's own files back byte for byte, and nothing of anybody's overwritten."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.errors import NotFound, Unavailable
from holdfast.model import Session, Transcript, observed_id
from holdfast.stores.base import Raw
from holdfast.stores.inmemory import InMemoryStore
from holdfast.stores.sqlite import SqliteStore
from tests.unit.homes import Claude, answered, build, said, sample, workspace


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("slug", ["claude-code", "codex", "gemini-cli", "pi", "copilot-cli", "mistral-vibe"])
def test_files_that_are_gone_come_back_byte_for_byte(tmp_path, slug):
    roots = build(tmp_path, slug)
    (root,) = roots[slug]
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        before = files_below(root)
        captured = [s for s in ws.store.find() if ws.store.raw_files(s.id)]
        kept = {f.path for s in captured for f in ws.store.raw_files(s.id) if not f.rows}
        assert kept
        for path in kept:
            Path(path).unlink()
        for session in captured:
            assert {f.fate for f in ws.exchange.restore(session, roots=roots[slug])} <= {"written", "unchanged"}
        assert files_below(root) == before
        again = [f for s in captured for f in ws.exchange.restore(s, roots=roots[slug])]
        assert {f.fate for f in again} == {"unchanged"}


def test_a_file_that_exists_is_never_touched(tmp_path):
    claude = Claude(tmp_path)
    path = claude.write("aaaa", said("first", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path.write_text("somebody's own\n")
        (fate,) = ws.exchange.restore(ws.sessions.resolve("aaaa"), roots=[claude.root])
        assert (fate.fate, path.read_text()) == ("in-the-way", "somebody's own\n")


@pytest.mark.parametrize("leads_to", ["nowhere", "a file"])
def test_a_link_in_the_way_is_not_followed(tmp_path, leads_to):
    claude = Claude(tmp_path)
    path = claude.write("aaaa", said("first", 1))
    aim = tmp_path / "aim"
    if leads_to == "a file":
        aim.write_text("precious\n")
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path.unlink()
        path.symlink_to(aim)
        (fate,) = ws.exchange.restore(ws.sessions.resolve("aaaa"), roots=[claude.root])
        assert fate.fate == "in-the-way"
        assert path.is_symlink()
        assert aim.exists() == (leads_to == "a file")
        assert not aim.exists() or aim.read_text() == "precious\n"


def test_a_folder_in_the_way_is_reported(tmp_path):
    claude = Claude(tmp_path)
    path = claude.write("aaaa", said("first", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path.unlink()
        path.mkdir()
        (fate,) = ws.exchange.restore(ws.sessions.resolve("aaaa"), roots=[claude.root])
        assert fate.fate == "in-the-way"


def test_a_torn_last_line_and_bad_bytes_come_back_as_they_were(tmp_path):
    claude = Claude(tmp_path)
    path = claude.write("aaaa", said("first", 1), torn=b'{"type":"us\xff\xfe')
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        claude.append("aaaa", torn=b"er\x00\x80")
        data = path.read_bytes()
        ws.sync.run()
        path.unlink()
        ws.exchange.restore(ws.sessions.resolve("aaaa"), roots=[claude.root])
        assert path.read_bytes() == data


def test_sub_agents_files_come_back_with_their_session(tmp_path):
    roots = build(tmp_path, "claude-code")
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        session = ws.sessions.resolve(sample("claude-code").MAIN)
        fates = ws.exchange.restore(session, to=tmp_path / "back", roots=roots["claude-code"])
        names = [Path(f.path).relative_to(tmp_path / "back") for f in fates]
        assert [str(n) for n in names] == [
            f"projects/-home-ada-shop/{sample('claude-code').MAIN}.jsonl",
            f"projects/-home-ada-shop/{sample('claude-code').MAIN}/subagents/{sample('claude-code').AGENT}.jsonl",
        ]
        for name in names:
            assert (tmp_path / "back" / name).read_bytes() == (roots["claude-code"][0] / name).read_bytes()


def test_what_a_file_held_before_it_was_rewritten_is_kept_beside_what_it_holds_now(tmp_path):
    claude = Claude(tmp_path)
    long = claude.write("aaaa", said("first", 1), said("second", 2)).read_bytes()
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        claude.write("aaaa", said("first", 1))
        ws.sync.run()
        path = claude.append("aaaa", said("another second", 3))
        ws.sync.run()
        session, now = ws.sessions.resolve("aaaa"), path.read_bytes()
        path.unlink()
        ws.exchange.restore(session, roots=[claude.root])
        versions = {f.version: b"".join(ws.store.raw(f)) for f in ws.store.raw_files(session.id)}
        assert (path.read_bytes(), versions) == (now, {0: now, 1: long})


def test_a_line_that_was_torn_leaves_no_older_version_behind(tmp_path):
    claude = Claude(tmp_path)
    whole = claude.write("aaaa", said("first", 1), said("second", 2)).read_bytes()
    with workspace(tmp_path, claude.roots) as ws:
        for cut in (-40, -20, len(whole)):
            claude.put("aaaa", whole[:cut])
            ws.sync.run()
        (file,) = ws.store.raw_files(ws.sessions.resolve("aaaa").id)
        assert (file.version, b"".join(ws.store.raw(file))) == (0, whole)


@pytest.mark.parametrize("make", [InMemoryStore, lambda: SqliteStore(None)], ids=["memory", "sqlite"])
@pytest.mark.parametrize(
    ("spans", "versions"),
    [
        ([(0, b"a\nb\n"), (2, b"c\n")], [b"a\nc\n", b"a\nb\n"]),
        ([(0, b"a\nb\n"), (0, b"a\n"), (2, b"c\n")], [b"a\nc\n", b"a\nb\n"]),
        ([(0, b"a\nb\n"), (0, b"x\n")], [b"x\n", b"a\nb\n"]),
        ([(0, b"a\nto"), (2, b"torn\n")], [b"a\ntorn\n"]),
        ([(0, b"a\nto"), (2, b"other\n")], [b"a\nother\n"]),
        ([(0, b"a\n"), (2, b"b\n"), (0, b"a\n"), (2, b"b\n")], [b"a\nb\n"]),
    ],
)
def test_lines_that_were_replaced_are_kept_once_and_growth_leaves_no_version(make, spans, versions):
    store = make()
    session = Session(id=observed_id("pi", "n"), agent="pi", native_id="n")
    for offset, data in spans:
        store.put(Transcript(session=session), raw=Raw(path="f", offset=offset, data=data))
    assert [b"".join(store.raw(f)) for f in store.raw_files(session.id)] == versions


def test_rows_of_a_shared_database_are_written_beside_it_and_marked(tmp_path):
    roots = build(tmp_path, "opencode")
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        session = next(s for s in ws.store.find() if any(f.rows for f in ws.store.raw_files(s.id)))
        before = files_below(roots["opencode"][0])
        fates = ws.exchange.restore(session, to=tmp_path / "back", roots=roots["opencode"])
        marked = [f for f in fates if "rows of a shared database" in f.note]
        assert marked
        assert all(f.path.endswith(f".{session.id}.rows.jsonl") for f in marked)
        assert all(Path(f.path).read_bytes().strip() for f in marked)
        assert files_below(roots["opencode"][0]) == before


def test_what_was_restored_only_its_owner_reads(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        (fate,) = ws.exchange.restore(ws.sessions.resolve("aaaa"), to=tmp_path / "back", roots=[claude.root])
        assert Path(fate.path).stat().st_mode & 0o777 == 0o600


def test_a_disk_that_fails_leaves_no_half_file(tmp_path, monkeypatch):
    claude = Claude(tmp_path)
    path = claude.write("aaaa", said("first", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path.unlink()

        def full(descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        (fate,) = ws.exchange.restore(ws.sessions.resolve("aaaa"), roots=[claude.root])
        assert (fate.fate, "No space left" in fate.note, path.exists()) == ("failed", True, False)


def test_a_file_outside_its_agents_folders_needs_a_folder_to_go_to(tmp_path):
    claude = Claude(tmp_path)
    path = claude.write("aaaa", said("first", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path.unlink()
        (fate,) = ws.exchange.restore(ws.sessions.resolve("aaaa"))
        assert (fate.fate, "--to" in fate.note, path.exists()) == ("failed", True, False)


@pytest.mark.parametrize(
    ("name", "fate"),
    [
        ("code/shop/.aider.chat.history.md", "written"),
        (".profile", "failed"),
        (".config/autostart/x.desktop", "failed"),
    ],
)
def test_below_a_whole_home_only_files_that_bear_the_agents_name_come_back_in_place(tmp_path, home, name, fate):
    session = Session(id=observed_id("aider", "n"), agent="aider", native_id="n")
    with workspace(tmp_path, {"aider": [home]}) as ws:
        ws.store.put(Transcript(session=session), raw=Raw(path=str(home / name), offset=0, data=b"text\n"))
        (found,) = ws.exchange.restore(session, roots=[home])
        assert (found.fate, (home / name).exists()) == (fate, fate == "written")


def test_a_session_without_captured_bytes_says_so(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("first", 1))
    with workspace(tmp_path, claude.roots, **{"archive.capture": "never"}) as ws:
        ws.sync.run()
        with pytest.raises(NotFound, match="nothing was captured"):
            ws.exchange.restore(ws.sessions.resolve("aaaa"))


def test_resuming_gives_the_agents_own_command_and_names_what_is_in_the_way(tmp_path):
    claude = Claude(tmp_path)
    folder = tmp_path / "work"
    folder.mkdir()
    path = claude.write("aaaa", said("first", 1) | {"cwd": str(folder)})
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        found = ws.exchange.resume(ws.sessions.resolve("aaaa"))
        assert (found.command.argv, found.command.cwd) == (("claude", "--resume", "aaaa"), str(folder))
        assert found.problem == ""
        path.unlink()
        folder.rmdir()
        problem = ws.exchange.resume(ws.sessions.resolve("aaaa")).problem
        assert str(folder) in problem
        assert "holdfast restore" in problem


def test_an_agent_that_cannot_resume_says_what_else_to_do(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", answered("x", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        session = ws.sessions.resolve("aaaa")
        ws.exchange.sources = {}
        with pytest.raises(Unavailable, match="no command that resumes"):
            ws.exchange.resume(session)


def test_a_history_of_several_chats_comes_back_whole_from_any_of_them(tmp_path):
    roots = build(tmp_path, "aider")
    path = roots["aider"][0] / "shop" / ".aider.chat.history.md"
    data = path.read_bytes()
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        assert all(s.captured for s in ws.store.find())
        for session in [s for s in ws.store.find() if s.source_path == str(path)]:
            path.unlink()
            (fate,) = ws.exchange.restore(session, roots=roots["aider"])
            assert (fate.fate, fate.note, path.read_bytes()) == ("written", "", data)


@pytest.mark.parametrize("number", [0, 1])
def test_parts_of_purged_chats_are_left_out_and_that_is_said(tmp_path, number):
    roots = build(tmp_path, "aider")
    path = roots["aider"][0] / "shop" / ".aider.chat.history.md"
    data = path.read_bytes()
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        chats = sorted((s for s in ws.store.find() if s.source_path == str(path)), key=lambda s: s.started)
        (gone,) = ws.store.raw_files(chats[number].id)
        ws.sessions.purge(chats.pop(number))
        path.unlink()
        (fate,) = ws.exchange.restore(chats[0], roots=roots["aider"])
        assert path.read_bytes() == data[: gone.start] + data[gone.start + gone.size :]
        assert f"{gone.size} bytes of sessions that were erased" in fate.note


def test_a_chat_whose_place_moved_keeps_its_own_bytes_alone(tmp_path):
    roots = build(tmp_path, "aider")
    path = roots["aider"][0] / "shop" / ".aider.chat.history.md"
    data = path.read_text()
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        for text in (sample("aider").header("2026-01-04 09:00:00") + sample("aider").prompt("before") + data, data):
            path.write_text(text)
            ws.sync.run()
            session = next(s for s in ws.store.find() if s.source_path == str(path) and "ok" in s.title)
            path.unlink()
            ws.exchange.restore(session, roots=roots["aider"])
            assert path.read_text() == text


def test_a_sub_agent_inside_its_parents_file_gives_that_file_back(tmp_path):
    roots = build(tmp_path, "copilot-cli")
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        child = next(s for s in ws.store.find() if s.parent is not None)
        data = Path(child.source_path).read_bytes()
        Path(child.source_path).unlink()
        (fate,) = ws.exchange.restore(child, roots=roots["copilot-cli"])
        assert (fate.path, Path(child.source_path).read_bytes()) == (child.source_path, data)


def test_what_a_file_held_before_it_shrank_is_written_beside_it_and_never_over_anything(tmp_path):
    claude = Claude(tmp_path)
    long = claude.write("aaaa", said("first", 1), said("second", 2)).read_bytes()
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        path = claude.write("aaaa", said("another first", 1))
        ws.sync.run()
        short = path.read_bytes()
        session = ws.sessions.resolve("aaaa")
        beside = path.with_name("aaaa.jsonl.before-shrink")
        fates = ws.exchange.restore(session, roots=[claude.root])
        assert [(f.path, f.fate) for f in fates] == [(str(path), "unchanged"), (str(beside), "written")]
        assert (path.read_bytes(), beside.read_bytes()) == (short, long)
        assert "before it shrank" in fates[1].note
        beside.write_text("mine\n")
        assert [f.fate for f in ws.exchange.restore(session, roots=[claude.root])] == ["unchanged", "in-the-way"]
        assert ws.sync.run().read == 0


@pytest.mark.parametrize("make", [InMemoryStore, lambda: SqliteStore(None)], ids=["memory", "sqlite"])
@pytest.mark.parametrize(
    ("spans", "start", "held"),
    [
        ([(9, b"a\n"), (11, b"b\n")], 9, b"a\nb\n"),
        ([(9, b"a\nb\n"), (11, b"")], 9, b"a\n"),
        ([(9, b"a\nb\n"), (13, b"")], 9, b"a\nb\n"),
        ([(9, b"a\nb\n"), (4, b"a\nb\n")], 4, b"a\nb\n"),
        ([(9, b"a\n"), (40, b"a\n")], 40, b"a\n"),
    ],
)
def test_a_part_of_a_file_begins_at_its_place_and_is_cut_where_it_ends(make, spans, start, held):
    store = make()
    session = Session(id=observed_id("pi", "n"), agent="pi", native_id="n")
    for offset, data in spans:
        store.put(Transcript(session=session), raw=Raw(path="f", offset=offset, data=data))
    (file,) = store.raw_files(session.id)
    assert (file.start, file.size, b"".join(store.raw(file))) == (start, len(held), held)
    store.put(Transcript(session=session), raw=Raw(path="f", offset=5, data=b"w\n", whole=True))
    assert next((f.version, f.start) for f in store.raw_files(session.id)) == (0, 5)


@pytest.mark.parametrize("make", [InMemoryStore, lambda: SqliteStore(None)], ids=["memory", "sqlite"])
def test_a_cut_of_what_was_never_kept_makes_no_file(make):
    store = make()
    session = Session(id=observed_id("pi", "n"), agent="pi", native_id="n")
    store.put(Transcript(session=session), raw=Raw(path="f", offset=3, data=b""))
    assert store.raw_files(session.id) == ()
