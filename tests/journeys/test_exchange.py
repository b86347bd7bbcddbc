"""Exchange from end to end: sessions move to another machine, go on there, and nothing counts twice."""

from __future__ import annotations

import pytest

from holdfast.model import observed_id, parse
from tests.unit.homes import Claude, answered, build, said, workspace


def exported(folder, ws, name: str, *, raw: bool = True):
    path = folder / f"export.{name}"
    with path.open("wb") as stream:
        ws.exchange.export(list(ws.store.find()), stream, name=name, raw=raw)
    return path


@pytest.mark.parametrize("name", ["json", "jsonl", "yaml", "native"])
def test_a_session_that_was_imported_goes_on_when_its_file_arrives(tmp_path, name):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("one", 1), answered("two", 2))
    with workspace(tmp_path / "old", claude.roots) as ws:
        ws.sync.run()
        path = exported(tmp_path, ws, name)
    with workspace(tmp_path / "new", claude.roots) as ws:
        ws.exchange.load(path)
        claude.append("aaaa", said("three", 3), answered("four", 4))
        ws.sync.run()
        ident = observed_id("claude-code", "aaaa")
        assert [m.text for m in ws.store.messages(ident)] == ["one", "two", "three", "four"]
        total = ws.usage.table("session").total
        assert (total.requests, total.usage.output) == (2, 14)
        assert {h.seq for h in ws.search.find(parse("two OR four"))} == {1, 3}
        path = claude.path("aaaa")
        data = path.read_bytes()
        path.unlink()
        ws.exchange.restore(ws.sessions.resolve("aaaa"), roots=[claude.root])
        assert path.read_bytes() == data


def test_every_agents_files_are_restored_on_another_machine_from_one_native_file(tmp_path):
    roots = build(tmp_path)
    with workspace(tmp_path / "old", roots) as ws:
        ws.sync.run()
        path = exported(tmp_path, ws, "native")
    everything = {str(p): p.read_bytes() for r in roots.values() for p in r[0].rglob("*") if p.is_file()}
    with workspace(tmp_path / "new", {"pi": []}) as ws:
        ws.exchange.load(path)
        back = tmp_path / "back"
        written = 0
        for session in ws.store.find():
            if not ws.store.raw_files(session.id):
                continue
            for fate in ws.exchange.restore(session, to=back):
                if "rows" not in fate.note and fate.fate == "written":
                    with open(fate.path, "rb") as stream:  # noqa: PTH123 - beside the path it came from
                        assert everything["/" + fate.path[len(str(back)) + 1 :]] == stream.read()
                    written += 1
        assert written > 10
        assert ws.sync.run().failed == {}


def test_an_archive_that_is_carried_around_in_a_circle_stays_the_same(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("shared", 1), answered("shared", 2, request="shared"))
    claude.write("bbbb", said("shared", 1), answered("shared", 2, request="shared"), answered("own", 9))
    with workspace(tmp_path / "one", claude.roots) as ws:
        ws.sync.run()
        expected = ws.usage.table("session", fresh=False)
        path = exported(tmp_path, ws, "json")
    for number, name in enumerate(("yaml", "native", "json")):
        with workspace(tmp_path / f"next{number}", {"pi": []}) as ws:
            ws.exchange.load(path)
            path = exported(tmp_path, ws, name)
            assert ws.usage.table("session", fresh=False) == expected
