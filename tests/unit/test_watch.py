"""Watching folders: what changed is told in batches, until it is stopped."""

from __future__ import annotations

import threading

from holdfast import _watch
from holdfast._watch import changes


def test_changes_come_as_paths_joined_over_a_moment(monkeypatch, tmp_path):
    asked: dict = {}

    def watch(*folders, **how):
        asked.update(how, folders=folders)
        yield {(1, "/a"), (2, "/a"), (1, "/b")}
        yield set()

    monkeypatch.setattr(_watch, "watch", watch)
    stop = threading.Event()
    assert list(changes([tmp_path], stop)) == [frozenset({"/a", "/b"}), frozenset()]
    assert asked["folders"] == (tmp_path,)
    assert asked["stop_event"] is stop
    assert asked["watch_filter"] is None
    assert asked["debounce"] < 1000


def test_a_watcher_that_was_stopped_ends(tmp_path):
    stop = threading.Event()
    stop.set()
    assert list(changes([tmp_path], stop)) == []
