"""Sessions: whom a name means, what a person says of a session, and the trash."""

from __future__ import annotations

import pytest

from holdfast.errors import Ambiguous, BadInput, NotFound
from holdfast.index import Index
from holdfast.model import Message, Parent, Request, Session, Text, Transcript, Usage, observed_id, parse
from holdfast.services.sessions import DAY_MS, Sessions
from holdfast.stores.inmemory import InMemoryStore

NOW = 1_790_000_000


class Shelf:
    """A store in memory with its sessions service, and a clock that a test sets."""

    def __init__(self) -> None:
        self.store = InMemoryStore()
        self.index = Index(None)
        self.now = float(NOW)
        self.service = Sessions(self.store, lambda: self.index, now=lambda: self.now)

    def put(self, native: str, *, ident: str = "", messages: int = 1, **facts) -> Session:
        session = Session(id=ident or observed_id("pi", native), agent="pi", native_id=native, **facts)
        said = tuple(Message(id=f"{native}{n}", role="user", parts=(Text(f"t{n}"),)) for n in range(messages))
        self.store.put(Transcript(session=session, messages=said))
        return session


@pytest.fixture
def shelf():
    return Shelf()


def test_a_session_is_meant_by_name_id_prefix_native_id_or_as_the_last_one(shelf):
    shelf.put("older", active=1)
    wanted = shelf.put("native-7", name="the login / fix", active=5)
    for reference in ("the login / fix", wanted.id, wanted.id[:4], wanted.id[:9].upper(), "native-7", "-", "@last"):
        assert shelf.service.resolve(reference).id == wanted.id, reference


def test_less_than_four_letters_of_an_id_mean_nothing(shelf):
    wanted = shelf.put("one")
    with pytest.raises(NotFound):
        shelf.service.resolve(wanted.id[:3])


def test_an_ambiguous_prefix_lists_its_candidates(shelf):
    shelf.put("one", ident="abcd" + "a" * 12, name="first")
    shelf.put("two", ident="abcd" + "b" * 12, name="second")
    with pytest.raises(Ambiguous) as caught:
        shelf.service.resolve("abcd")
    assert len(caught.value.candidates) == 2
    assert any("first" in c for c in caught.value.candidates)
    assert shelf.service.resolve("abcda").native_id == "one"


def test_a_name_that_two_sessions_have_is_ambiguous(shelf):
    shelf.put("one", name="same")
    shelf.put("two", name="same")
    with pytest.raises(Ambiguous):
        shelf.service.resolve("same")


def test_a_name_goes_before_the_prefix_of_another_id(shelf):
    shelf.put("one", ident="beef" + "a" * 12)
    named = shelf.put("two", name="beef")
    assert shelf.service.resolve("beef").id == named.id


def test_a_misspelt_name_suggests_the_nearest(shelf):
    shelf.put("one", name="fix-the-login")
    with pytest.raises(NotFound) as caught:
        shelf.service.resolve("fix-teh-login")
    assert "fix-the-login" in caught.value.hint


def test_nothing_is_the_last_session_of_an_empty_archive(shelf):
    for reference in ("-", "", "x" * 16):
        with pytest.raises(NotFound):
            shelf.service.resolve(reference)


@pytest.mark.parametrize("reference", ["%", "_", "' OR 1=1 --", "\x00", "../..", "\ud800", "a" * 100_000])
def test_any_text_can_be_asked_for(shelf, reference):
    shelf.put("one")
    with pytest.raises(NotFound):
        shelf.service.resolve(reference)


def test_empty_sessions_are_listed_only_on_request(shelf):
    shelf.put("silent", messages=0)
    shelf.put("spoken")
    billed = Session(id=observed_id("pi", "billed"), agent="pi", native_id="billed")
    shelf.store.put(Transcript(session=billed, requests=(Request(key="k", usage=Usage(input=1)),)))
    assert {s.native_id for s in shelf.service.find()} == {"spoken", "billed"}
    assert {s.native_id for s in shelf.service.find(empty=True)} == {"silent", "spoken", "billed"}


def test_tags_are_added_and_taken_away_once_each(shelf):
    session = shelf.put("one")
    assert shelf.service.tag(session, ["#api", "login", "api"]).tags == ("api", "login")
    assert shelf.service.tag(session, ["api", "never"], remove=True).tags == ("login",)
    assert [s.native_id for s in shelf.service.find(parse("tag:login"))] == ["one"]
    assert shelf.service.find(parse("tag:api")) == []


@pytest.mark.parametrize("tag", ["", "  ", "#", "two words", "a,b", 'a"b', "tab\tbed"])
def test_what_is_no_word_is_no_tag(shelf, tag):
    with pytest.raises(BadInput):
        shelf.service.tag(shelf.put("one"), [tag])


def test_one_bad_tag_changes_nothing(shelf):
    session = shelf.put("one")
    with pytest.raises(BadInput):
        shelf.service.tag(session, ["good", "not good"])
    assert shelf.service.resolve("one").tags == ()


def test_each_thing_a_person_says_stays_beside_the_others(shelf):
    session = shelf.put("one", title="its title")
    shelf.service.tag(session, ["a"])
    shelf.service.describe(session, "what it was about")
    shelf.service.rename(session, "mine")
    found = shelf.service.set_project(session, "/home/ada/shop")
    assert (found.name, found.description, found.project, found.tags) == (
        "mine",
        "what it was about",
        "/home/ada/shop",
        ("a",),
    )
    assert (found.shown_name, found.title) == ("mine", "its title")


def test_the_trash_hides_a_session_and_gives_it_back(shelf):
    session = shelf.put("one")
    shelf.service.delete(session)
    assert shelf.service.find() == []
    with pytest.raises(NotFound):
        shelf.service.resolve("one")
    with pytest.raises(NotFound):
        shelf.service.resolve(session.id)
    found = shelf.service.resolve(session.id, trashed=True)
    assert found.trashed == NOW * 1000
    shelf.service.undelete(found)
    assert shelf.service.resolve("one").trashed is None


def test_only_what_lay_in_the_trash_long_enough_is_purged(shelf):
    old, new, kept = shelf.put("old"), shelf.put("new"), shelf.put("kept")
    shelf.service.delete(old)
    shelf.now += 10 * DAY_MS / 1000
    shelf.service.delete(new)
    shelf.now += 1
    assert [s.native_id for s in shelf.service.empty_trash(10)] == ["old"]
    assert shelf.store.get(old.id) is None
    assert {s.native_id for s in shelf.service.find(trashed=True)} == {"new"}
    assert shelf.service.resolve("kept").id == kept.id


def test_emptying_the_trash_copes_with_sub_agents_that_lie_there_themselves(shelf):
    top = shelf.put("top")
    child = shelf.put("child", parent=Parent(id=top.id, kind="subagent"))
    shelf.service.delete(top)
    shelf.service.delete(child)
    shelf.now += 100 * DAY_MS / 1000
    shelf.service.empty_trash(30)
    assert shelf.service.find(trashed=True, empty=True) == []


def test_messages_are_the_conversation_unless_everything_is_asked_for(shelf):
    session = shelf.put("one", messages=3)
    shelf.store.put(Transcript(session=session, dropped=("one1",)))
    assert [m.text for m in shelf.service.messages(session)] == ["t0", "t2"]
    assert [m.text for m in shelf.service.messages(session, everything=True)] == ["t0", "t1", "t2"]


def test_a_fork_and_a_continuation_are_no_children(shelf):
    top = shelf.put("top")
    for kind in ("fork", "continuation"):
        shelf.put(kind, parent=Parent(id=top.id, kind=kind))
    shelf.service.purge(top)
    assert {s.native_id for s in shelf.service.find()} == {"fork", "continuation"}
