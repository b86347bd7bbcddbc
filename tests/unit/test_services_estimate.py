"""Estimates: where an agent recorded no usage, in every order of reading, and nowhere else."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from holdfast.model import Parent, Transcript, observed_id
from holdfast.model.usage import is_counted, short_key
from holdfast.services._estimate import Estimates, estimated
from holdfast.sources.antigravity import Antigravity
from holdfast.sources.base import SourceInfo
from holdfast.stores.inmemory import InMemoryStore
from holdfast.stores.sqlite import SqliteStore
from holdfast.testing.store_contract import NOON, asked, said, session
from tests.contracts.samples import antigravity as sample
from tests.unit.homes import Claude, answered, build, workspace
from tests.unit.homes import said as told

QUIET = SourceInfo(slug="test", name="Test", records_usage=False)
LOUD = SourceInfo(slug="test", name="Test")


def talk(model=""):
    answer = replace(said(2, "the answer to all that"), role="assistant", model=model)
    return [said(1, "a question of six words, roughly"), answer, said(3, "and another")]


def failed(text: str, number: int, **more) -> dict:
    """Build what Claude Code writes where a request failed: an answer that no model gave."""
    record = answered(text, number, model="<synthetic>", **more)
    usage = {"input_tokens": 0, "output_tokens": 0}
    return record | {"isApiErrorMessage": True, "message": record["message"] | {"usage": usage}}


def uncounted(text: str, number: int, **more) -> dict:
    """Build an answer whose usage was not written down."""
    record = answered(text, number, **more)
    return record | {"message": {k: v for k, v in record["message"].items() if k != "usage"}}


def counts(ws) -> dict[str, list[tuple[str, int, int]]]:
    """Return what is counted: native id -> (kind, input, output) of each request."""
    found: dict[str, list[tuple[str, int, int]]] = {}
    for s in ws.store.find():
        requests = [e.request for e in ws.store.ledger(s.id)]
        found[s.native_id] = sorted((r.kind, r.usage.input, r.usage.output) for r in requests)
    return found


def shown(ws) -> dict[str, tuple]:
    return {r.key: (r.requests, r.usage, r.kind) for r in ws.usage.table("session").rows}


def test_every_text_counts_once_and_says_that_it_is_an_estimate():
    found = estimated(QUIET, session(), talk())
    assert [(r.usage.input > 0, r.usage.output > 0, r.kind) for r in found] == [
        (True, True, "estimated"),
        (True, False, "estimated"),
    ]


def test_a_known_vocabulary_makes_no_count_exact():
    found = estimated(QUIET, session(), talk("gpt-4o"))
    assert {r.kind for r in found} == {"estimated"}
    assert found[0].model == "gpt-4o"


def test_a_message_without_a_time_is_billed_when_the_one_before_it_was_said_or_the_session_began():
    messages = [replace(m, at=None) for m in talk()]
    timed = [replace(messages[0], at=NOON - 5), *messages[1:]]
    assert [r.at for r in estimated(QUIET, session(), timed)] == [NOON - 5, NOON]
    assert {r.at for r in estimated(QUIET, session(), messages)} == {NOON}


def test_keys_are_the_same_on_every_read_and_say_what_they_are():
    first, again = (estimated(QUIET, session(), talk()) for _ in range(2))
    assert [short_key(r.key) for r in first] == [short_key(r.key) for r in again]
    assert all(is_counted(replace(r, key=short_key(r.key))) for r in first)


def test_prompts_alone_are_estimated_only_where_the_agent_never_records_usage():
    assert len(estimated(QUIET, session(), talk()[:1])) == 1
    assert estimated(LOUD, session(), talk()[:1]) == ()
    assert len(estimated(LOUD, session(), talk())) == 2


def test_a_sub_agent_that_is_billed_in_its_parent_is_not_estimated():
    below = session(parent=Parent(id=observed_id("test", "above"), kind="subagent"))
    info = replace(LOUD, bills_parent=True)
    assert estimated(info, below, talk()) == ()
    assert len(estimated(info, session(), talk())) == 2
    assert len(estimated(LOUD, below, talk())) == 2


def test_a_copy_whose_requests_count_in_an_earlier_session_is_not_without_usage(tmp_path):
    claude = Claude(tmp_path)
    records = (told("hello", 1), answered("one", 2))
    claude.write("aaaa", *records)
    claude.write("bbbb", *({**r, "sessionId": "bbbb"} for r in records))
    with workspace(tmp_path, claude.roots) as ws:
        ws.sync.run()
        assert sorted(s.rollup.requests for s in ws.store.find()) == [0, 1]
        assert [e.request.kind for e in ws.store.ledger()] == ["reported"]


def test_what_an_agent_says_of_a_failed_request_is_no_answer(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", told("hello", 1), failed("API Error: no such model", 2))
    with workspace(tmp_path, claude.roots) as ws:
        assert shown(ws) == {}
        ws.sync.run()
        assert counts(ws) == {"aaaa": []}


def test_a_session_whose_agent_forgot_to_record_is_estimated_until_a_recorded_request_comes(tmp_path):
    claude = Claude(tmp_path)
    claude.write("aaaa", told("hello there", 1), uncounted("general words", 2))
    with workspace(tmp_path, claude.roots) as ws:
        before = shown(ws)
        ws.sync.run()
        assert shown(ws) == before
        assert [kind for kind, _, _ in counts(ws)["aaaa"]] == ["estimated"]
        claude.append("aaaa", told("more", 3), answered("two", 4))
        live = shown(ws)
        ws.sync.run()
        assert shown(ws) == live
        assert counts(ws) == {"aaaa": [("reported", 3, 7)]}


@pytest.mark.parametrize("cut", range(1, 6))
def test_tails_are_estimated_like_the_whole(tmp_path, cut):
    records = [told("one question", 1), told("and its end", 2), uncounted("an answer", 3)]
    records += [told("then another", 4), told("with more", 5), uncounted("a last answer", 6)]
    claude, other = Claude(tmp_path / "tails"), Claude(tmp_path / "whole")
    other.write("aaaa", *records)
    with workspace(tmp_path / "whole", other.roots) as ws:
        ws.sync.run()
        whole = counts(ws)
    claude.write("aaaa", *records[:cut])
    with workspace(tmp_path / "tails", claude.roots) as ws:
        ws.sync.run()
        claude.append("aaaa", *records[cut:])
        live = shown(ws)
        ws.sync.run()
        assert shown(ws) == live
        assert counts(ws) == whole
        assert len(whole["aaaa"]) == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("kept", ["sqlite", "memory"])
def test_a_recorded_request_in_another_file_wins_whichever_is_read_first(tmp_path, order, kept):
    sample.build(tmp_path)
    store = SqliteStore(None) if kept == "sqlite" else InMemoryStore()
    source = Antigravity()
    estimates = Estimates(store, {source.info.slug: source})
    refs = [r for r in source.discover([tmp_path]) if sample.MAIN in r.path]
    for ref in (refs[place] for place in order):
        for reading in source.read(ref, None):
            estimates.see(ref.key, reading.transcript, store.get(reading.transcript.session.id))
            store.put(reading.transcript)
        for transcript in estimates.of(ref.key):
            store.put(transcript)
    assert {e.request.kind for e in store.ledger()} == {"reported"}


def test_sessions_of_a_file_whose_reading_was_interrupted_are_estimated_by_the_next_run(tmp_path):
    with workspace(tmp_path, build(tmp_path, "kiro-cli")) as ws:
        (source,) = ws.sources.values()
        ws.sync.run()
        whole = counts(ws)
    with workspace(tmp_path / "again", {"kiro-cli": [tmp_path / "kiro-cli"]}) as ws:
        (source,) = ws.sources.values()
        real = source.read

        def cut_short(ref, cursor):
            for reading in real(ref, cursor):
                yield reading
                if not reading.cursor.done:
                    raise KeyboardInterrupt

        source.read = cut_short
        interrupted = 0
        for _ in range(9):
            try:
                ws.sync.run()
            except KeyboardInterrupt:
                interrupted += 1
        assert interrupted
        source.read = real
        ws.sync.run()
        assert counts(ws) == whole


def test_recorded_usage_is_never_counted_again_wherever_it_counts():
    store = InMemoryStore()
    estimates = Estimates(store, {"test": Antigravity()})
    recorded = Transcript(session=session(), messages=tuple(talk()), requests=(asked(1),))
    copy = replace(recorded, session=session("copy", started=NOON + 5))
    for transcript in (recorded, copy):
        store.put(transcript)
        estimates.see("f", replace(transcript, requests=()))
    assert [s.rollup.requests for s in map(store.get, (recorded.session.id, copy.session.id))] == [1, 0]
    assert list(estimates.of("f")) == []


def test_before_a_sync_a_changed_transcript_is_not_estimated_beside_what_another_file_recorded(tmp_path):
    roots = build(tmp_path, "antigravity")
    with workspace(tmp_path, roots) as ws:
        ws.sync.run()
        before = shown(ws)
        (path,) = (tmp_path / "antigravity").glob(f"brain/{sample.MAIN}/**/transcript_full.jsonl")
        with path.open("ab") as stream:
            stream.write(b"\n")
        assert shown(ws) == before


@pytest.mark.parametrize("make", [InMemoryStore, lambda: SqliteStore(None)])
def test_a_copied_answer_is_estimated_once_and_counts_in_the_copy_when_the_original_has_recorded_usage(make):
    store = make()
    copy = session("copy", started=NOON + 5)
    for owner in (copy, session()):
        store.put(Transcript(session=owner, messages=tuple(talk()), requests=estimated(LOUD, owner, talk())))
    assert [store.get(s.id).rollup.requests for s in (session(), copy)] == [2, 0]
    store.put(Transcript(session=session(), requests=(asked(1),)))
    held = [store.get(s.id).rollup.usage for s in (session(), copy)]
    assert [[(b.kind, b.requests) for b in usage] for usage in held] == [[("reported", 1)], [("estimated", 2)]]
