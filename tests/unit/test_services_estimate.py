from __future__ import annotations

from msgspec.structs import replace

from holdfast.model import Transcript
from holdfast.model.usage import short_key
from holdfast.services._estimate import with_tokens
from holdfast.sources.base import SourceInfo
from holdfast.testing.store_contract import NOON, asked, said, session


class Quiet:
    info = SourceInfo(slug="test", name="Test", records_usage=False)


class Loud:
    info = SourceInfo(slug="test", name="Test")


def talk(model=""):
    answer = replace(said(2, "the answer to all that"), role="assistant", model=model)
    return Transcript(
        session=session(), messages=(said(1, "a question of six words, roughly"), answer, said(3, "and another"))
    )


def test_every_text_counts_once_and_says_that_it_is_an_estimate():
    found = with_tokens(Quiet(), talk()).requests
    assert [(r.usage.input > 0, r.usage.output > 0, r.kind) for r in found] == [
        (True, True, "estimated"),
        (True, False, "estimated"),
    ]


def test_a_known_vocabulary_makes_no_count_exact():
    found = with_tokens(Quiet(), talk("gpt-4o")).requests
    assert {r.kind for r in found} == {"estimated"}
    assert found[0].model == "gpt-4o"


def test_a_message_without_a_time_is_billed_when_the_one_before_it_was_said_or_the_session_began():
    messages = [replace(m, at=None) for m in talk().messages]
    timed = replace(talk(), messages=(replace(messages[0], at=NOON - 5), *messages[1:]))
    assert [r.at for r in with_tokens(Quiet(), timed).requests] == [NOON - 5, NOON]
    untimed = replace(talk(), messages=tuple(messages))
    assert {r.at for r in with_tokens(Quiet(), untimed).requests} == {NOON}


def test_keys_are_the_same_on_every_read():
    first, again = (with_tokens(Quiet(), talk()).requests for _ in range(2))
    assert [short_key(r.key) for r in first] == [short_key(r.key) for r in again]


def test_what_an_agent_records_itself_is_never_counted_again():
    assert with_tokens(Loud(), talk()) == talk()
    recorded = replace(talk(), requests=(asked(1),))
    assert with_tokens(Quiet(), recorded) == recorded
