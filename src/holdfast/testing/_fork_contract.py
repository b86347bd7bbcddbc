"""What every store that forks promises: the fork has the prefix, nobody copies it, and neither changes with the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from holdfast.errors import BadInput, Conflict, NotFound
from holdfast.model import Message, Parent, Session, Text, Transcript, observed_id
from holdfast.stores.base import SupportsFork, SupportsVerify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.stores.base import Store

PARENT = observed_id("test", "parent")


def _session(name: str) -> Session:
    base = None if name == "parent" else Parent(id=PARENT, kind="fork")
    return Session(id=observed_id("test", name), agent="test", native_id=name, title=name, parent=base)


def _said(*numbers: int, text: str = "words") -> tuple[Message, ...]:
    return tuple(Message(id=f"m{n}", role="user", parts=(Text(f"{text} {n}"),)) for n in numbers)


def _put(store: Store, name: str, messages: Sequence[Message] = (), *, dropped: tuple[str, ...] = ()) -> None:
    store.put(Transcript(session=_session(name), messages=tuple(messages), dropped=dropped))


def _texts(store: Store, name: str) -> list[str]:
    found = list(store.messages(_session(name).id))
    assert [m.seq for m in found] == list(range(len(found)))
    return [m.text for m in found if m.live]


def _prompts(store: Store, name: str) -> int:
    found = store.get(_session(name).id)
    assert found is not None
    return found.rollup.user_messages


def _sound(store: Store) -> None:
    assert not isinstance(store, SupportsVerify) or list(store.verify()) == []


def _fork(store: Store, source: str, name: str, at: int | None = None) -> None:
    if not isinstance(store, SupportsFork):
        pytest.skip("cannot fork: run a store that can")
    receipt = store.fork(_session(source).id, _session(name), at=at)
    assert (receipt.session, receipt.added) == (_session(name).id, 0)


WORDS = [f"words {n}" for n in range(100)]


class ForkContract:
    """Part of the store's contract."""

    @pytest.mark.parametrize("size", [1, 5, 40])
    @pytest.mark.parametrize("at", [0, 1, 23, 24, 25, 61, 99, 100, None])
    def test_a_fork_has_the_messages_before_its_place_and_counts_them(
        self, store: Store, size: int, at: int | None
    ) -> None:
        for start in range(0, 100, size):
            _put(store, "parent", _said(*range(start, min(start + size, 100))))
        _fork(store, "parent", "fork", at)
        end = 100 if at is None else at
        assert _texts(store, "fork") == WORDS[:end]
        assert (_prompts(store, "fork"), _prompts(store, "parent")) == (end, 100)
        ident = _session("fork").id
        assert [m.id for m in store.messages(ident, last=2)] == [f"m{n}" for n in range(max(0, end - 2), end)]
        assert [m.seq for m in store.messages(ident, after=end - 3, before=end - 1)] == [
            n for n in (end - 2,) if n >= 0
        ]

    def test_both_go_on_without_each_other(self, store: Store) -> None:
        _put(store, "parent", _said(*range(30)))
        _fork(store, "parent", "fork", 20)
        _put(store, "parent", _said(30, 31))
        _put(store, "fork", _said(25, 40, text="other"))
        assert _texts(store, "parent") == WORDS[:32]
        assert _texts(store, "fork") == [*WORDS[:20], "other 25", "other 40"]
        assert (_prompts(store, "parent"), _prompts(store, "fork")) == (32, 22)
        _sound(store)

    def test_a_short_base_keeps_what_stands_behind_the_fork_to_itself(self, store: Store) -> None:
        for number in range(10):
            _put(store, "parent", _said(number))
        _fork(store, "parent", "fork", 5)
        _put(store, "fork", _said(7, text="other"))
        assert _texts(store, "fork") == [*WORDS[:5], "other 7"]
        assert _texts(store, "parent") == WORDS[:10]

    def test_a_fork_after_a_change_counts_what_is_there_now(self, store: Store) -> None:
        for number in range(90):
            _put(store, "parent", _said(number))
        _put(store, "parent", dropped=("m3", "m40"))
        _fork(store, "parent", "fork", 80)
        assert _prompts(store, "fork") == len(_texts(store, "fork")) == 78

    def test_what_a_fork_has_from_its_base_is_not_added_again(self, store: Store) -> None:
        _put(store, "parent", _said(*range(30)))
        _fork(store, "parent", "fork")
        _fork(store, "fork", "second", 29)
        for name in ("fork", "second"):
            _put(store, name, _said(3, 28))
        assert _texts(store, "fork") == WORDS[:30]
        assert _texts(store, "second") == WORDS[:29]

    @pytest.mark.parametrize("place", [0, 15, 28])
    def test_a_message_that_the_base_changes_or_drops_stays_in_the_fork(self, store: Store, place: int) -> None:
        _put(store, "parent", _said(*range(28)))
        _put(store, "parent", _said(28, 29))
        _fork(store, "parent", "fork", 29)
        _fork(store, "parent", "early", 10)
        _put(store, "parent", _said(place, text="new"))
        _put(store, "parent", dropped=("m20",))
        assert _texts(store, "fork") == WORDS[:29]
        assert _texts(store, "early") == WORDS[:10]
        changed = [f"new {n}" if n == place else f"words {n}" for n in range(30) if n != 20]
        assert _texts(store, "parent") == changed
        assert [_prompts(store, n) for n in ("parent", "fork", "early")] == [29, 29, 10]
        _sound(store)

    @pytest.mark.parametrize("place", [0, 15, 28])
    def test_a_message_that_a_fork_changes_or_drops_stays_in_the_base(self, store: Store, place: int) -> None:
        _put(store, "parent", _said(*range(30)))
        _fork(store, "parent", "fork", 29)
        _fork(store, "fork", "third", 12)
        _put(store, "fork", _said(place, text="new"))
        _put(store, "fork", dropped=("m20",))
        assert _texts(store, "parent") == WORDS[:30]
        assert _texts(store, "third") == WORDS[:12]
        assert _texts(store, "fork") == [f"new {n}" if n == place else f"words {n}" for n in range(29) if n != 20]
        assert [_prompts(store, n) for n in ("parent", "fork", "third")] == [30, 28, 12]
        _sound(store)

    def test_a_fork_goes_on_after_its_base_was_purged(self, store: Store) -> None:
        _put(store, "parent", _said(*range(28)))
        _put(store, "parent", _said(28, 29))
        for name, source, at in (("a", "parent", 29), ("b", "parent", 7), ("c", "a", 20), ("d", "a", None)):
            _fork(store, source, name, at)
        _put(store, "a", _said(50))
        _fork(store, "a", "e", 30)
        store.delete(PARENT, at=None, forever=True)
        assert _texts(store, "a") == [*WORDS[:29], "words 50"]
        store.delete(_session("a").id, at=None, forever=True)
        assert [len(_texts(store, n)) for n in ("b", "c", "d", "e")] == [7, 20, 29, 30]
        _put(store, "c", _said(19, 60))
        assert _texts(store, "c") == [*WORDS[:20], "words 60"]
        store.delete(_session("e").id, at=None, forever=True)
        store.delete(_session("d").id, at=None, forever=True)
        assert [_texts(store, n) for n in ("b", "c")] == [WORDS[:7], [*WORDS[:20], "words 60"]]
        assert [_prompts(store, n) for n in ("b", "c")] == [7, 21]
        _sound(store)

    def test_a_fork_is_a_change_from_its_first_message_on(self, store: Store) -> None:
        _put(store, "parent", _said(0, 1))
        mark = store.revision()
        _fork(store, "parent", "fork")
        assert [(c.session.native_id, c.first, c.session.parent) for c in store.since(mark)] == [
            ("fork", 0, Parent(id=PARENT, kind="fork"))
        ]
        found = store.get(_session("fork").id)
        assert found is not None
        assert found.revision == store.revision()

    def test_what_cannot_be_forked_is_named(self, store: Store) -> None:
        _put(store, "parent", _said(0, 1))
        _fork(store, "parent", "fork")
        assert isinstance(store, SupportsFork)
        for at in (-1, 3):
            with pytest.raises(BadInput):
                store.fork(PARENT, _session("new"), at=at)
        with pytest.raises(NotFound):
            store.fork("no such session", _session("new"))
        with pytest.raises(Conflict):
            store.fork(PARENT, _session("fork"))
        assert store.get(_session("new").id) is None

    def test_a_fork_of_a_session_with_usage_has_none_of_its_own(self, store: Store) -> None:
        _put(store, "parent", _said(0, 1))
        _fork(store, "parent", "fork")
        found = store.get(_session("fork").id)
        assert found is not None
        assert (found.rollup.requests, found.rollup.usage) == (0, ())
        assert replace(found.rollup, usage=()) == found.rollup
