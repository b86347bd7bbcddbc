"""Watching: what an agent writes is in the archive a moment later."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from holdfast.model import parse
from tests.unit.homes import Claude, said, workspace


@contextmanager
def writing(claude: Claude):
    """Add a message again and again until the context ends: nobody can know when a watcher has begun to look."""
    done = threading.Event()

    def work() -> None:
        number = 2
        while not done.wait(0.05):
            claude.append("aaaa", said(f"live{number}", number))
            number += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_what_an_agent_writes_is_read_while_it_is_watched(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("before", 1))
    stop = threading.Event()
    with workspace(tmp_path, claude.roots) as ws:
        reports = ws.sync.watch(stop)
        assert next(reports).messages == 1
        with writing(claude):
            report = next(reports)
        stop.set()
        rest = list(reports)
        ws.sync.run()
        assert (report.messages > 0, report.failed) == (True, {})
        (session,) = ws.store.find()
        texts = [m.text for m in ws.store.messages(session.id)]
        assert texts == ["before", *(f"live{n}" for n in range(2, len(texts) + 1))]
        assert len(texts) >= 1 + report.messages + sum(r.messages for r in rest)
        assert [h.seq for h in ws.search.find(parse("live2")) if h.kind == "said"] == [1]


def test_what_changes_beside_the_transcripts_wakes_nobody(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", said("before", 1))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        (claude.root / "todos.json").write_text("{}")
        assert ws.sync.plan(ws.sync._touched(frozenset({str(claude.root / "todos.json")}), ws.agents)).stale == ()
        assert ws.sync._touched(frozenset({"/somewhere/else"}), ws.agents) == []


def test_a_folder_whose_name_begins_alike_is_another_folder(tmp_path):
    claude = Claude(tmp_path)
    with workspace(tmp_path, claude.roots) as ws:
        assert ws.sync._touched(frozenset({f"{claude.root}-backup/projects/x.jsonl"}), ws.agents) == []
        assert ws.sync._touched(frozenset({str(claude.root / "projects")}), ws.agents) == ["claude-code"]
