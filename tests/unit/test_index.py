"""The word index through its one class: what is found, in what order, how it is shown, and what is left after erasing."""

from __future__ import annotations

import base64
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from holdfast.errors import Unreadable
from holdfast.index import Index
from holdfast.model import Message, Session, Summary, Text, Thinking, ToolCall, ToolResult, parse


class Shelf:
    """An index and the messages it was given, as a store would hand them back."""

    def __init__(self, path=None):
        self.path = path
        self.index = Index(path)
        self.messages = {}
        self.fetched = 0

    def put(self, session_id="s1", *messages, at=1_000, **about):
        session = Session(id=session_id, agent="claude-code", native_id=session_id, active=at, **about)
        kept = self.messages.setdefault(session_id, {})
        listed = [m if m.seq >= 0 else replace(m, seq=len(kept) + i) for i, m in enumerate(messages)]
        listed = [m if m.at is not None else replace(m, at=at + m.seq) for m in listed]
        kept.update({m.seq: m for m in listed})
        self.index.put(session, listed)

    def fetch(self, session_id, seqs):
        self.fetched += len(seqs)
        return {q: self.messages[session_id][q] for q in seqs if q in self.messages[session_id]}

    def find(self, text, **options):
        return self.index.find(parse(text), fetch=self.fetch, **options)

    def holders(self, text, allowed):
        return self.index.holders(parse(text), allowed=allowed, fetch=self.fetch)

    def places(self, text, **options):
        return [(h.session, h.seq) for h in self.find(text, **options)]


def user(text, **more):
    return Message(id=f"u{text[:20]}", role="user", parts=(Text(text),), **more)


def assistant(text, **more):
    return Message(id=f"a{text[:20]}", role="assistant", parts=(Text(text),), **more)


def tool(text, **more):
    return Message(id=f"t{text[:20]}", role="tool", parts=(ToolResult("c1", text),), **more)


def call(name, **arguments):
    return Message(id=f"c{name}", role="assistant", parts=(ToolCall("c1", name, arguments),))


@pytest.fixture
def shelf():
    shelf = Shelf()
    yield shelf
    shelf.index.close()


def marked(hit):
    return [hit.snippet[a:b] for a, b in hit.highlights]


# What is found


@pytest.mark.parametrize(
    "message",
    [
        user("the needle here"),
        assistant("a needle"),
        tool("x\nneedle\ny"),
        call("Bash", command="grep needle ."),
        call("Edit", edits=[{"old": "needle"}]),
        Message(id="m", role="assistant", parts=(Thinking("needle"),)),
        Message(id="m", role="assistant", parts=(Summary("needle"),)),
    ],
    ids=["said", "answered", "tool result", "tool input", "nested input", "thinking", "summary"],
)
def test_everything_said_thought_called_and_returned_is_found(shelf, message):
    shelf.put("s1", user("other"), message)
    hit = shelf.find("needle")[0]
    assert (hit.session, hit.seq, hit.message) == ("s1", 1, message.id)
    assert marked(hit) == ["needle"]


@pytest.mark.parametrize("field", ["title", "name", "description", "project"])
def test_what_a_session_is_called_is_found(shelf, field):
    shelf.put("s1", **{field: "Migrate the kumquat service"})
    (hit,) = shelf.find("kumquat")
    assert (hit.kind, hit.seq, hit.session) == ("session", -1, "s1")
    assert marked(hit) == ["kumquat"]


def test_tags_are_found_and_a_changed_title_replaces_the_old_one(shelf):
    shelf.put("s1", title="first title", tags=("billing",))
    shelf.put("s1", title="second title", tags=("billing",))
    assert shelf.places("billing") == [("s1", -1)]
    assert shelf.places("second") == [("s1", -1)]
    assert shelf.places("first") == []


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("refresh token expired", "token refresh"),
        ("refresh token expired", '"refresh token"'),
        ("refresh token expired", "exp*"),
        ("refresh token expired", '"refresh tok"*'),
        ("refresh token expired", "cookie OR token"),
        ("refresh token expired", "token -legacy"),
        ("refresh token expired", "TOKEN"),
        ("src/api/token_store.py", "token_store.py"),
        ("src/api/token_store.py", "api/token"),
        ("src/api/token_store.py", "store"),
        ("foo-bar", "foo-bar"),
        ("call parseHTTPResponse(x)", "response"),
        ("call parseHTTPResponse(x)", "HTTPResp"),
        ("call parseHTTPResponse(x)", "parseHTTPResponse"),
        ("the xylophonequartz", "phoneq"),
        ("id 3f786850e387550fdab836ed7e6dc881", "50fdab"),
        ("getUserById(session.userName)", "ById(session.user"),
        ("proszę działa zażółć gęślą", "zazolc"),
        ("proszę działa zażółć gęślą", "dziala"),
        ("proszę działa zażółć gęślą", "ZAŻÓŁĆ"),
        ("prosze dziala", "działa"),
        ("Hauptstraße", "hauptstrasse"),
        ("smørrebrød", "smorrebrod"),
        ("cafe\u0301 noir", "café"),
        ("ログイン画面のバグを修正してください。", "画面"),
        ("ログイン画面のバグを修正してください。", "ログイン"),
        ("ログイン画面のバグを修正してください。", "さい"),
        ("ログイン画面のバグを修正してください。", "画"),
        ("ログイン画面のバグを修正してください。", "い"),
        ("React画面のバグ", "React画面"),
        ("React画面 x", "画面 x"),
        ("세션 목록이 느립니다", "목록"),
        ("修复登录页面的错误", "登录页面"),
        ("يرجى إصلاح الخطأ في صفحة", "خطأ"),
        ("يرجى إصلاح الخطأ في صفحة", "الخطا"),
        ("يرجى إصلاح الخطأ في صفحة", "اصلاح"),
        ("แก้ไขหน้าจอเข้าสู่ระบบ", "หน้าจอ"),
        ("исправь ошибку", "ОШИБКУ"),
        ("fix the \U0001f41bbug\U0001f41b", "\U0001f41b"),
    ],
)
def test_a_query_finds_the_text(shelf, text, query):
    shelf.put("s1", user("unrelated words 1"), tool(text))
    (hit,) = shelf.find(query)
    assert hit.seq == 1
    assert hit.highlights


CUT = [
    "snake_c",
    "case_na",
    "e_case_n",
    "bab-ca",
    "case-wo",
    "path_to/fi",
    "th_to",
    "name.te",
    "st.py",
    "22.33",
    "r@exa",
    "86_6",
    "foo::Ba",
    "elCase",
    "ake_case",
    "ase_name",
    "to/fil",
    "lCaseN",
]


@pytest.mark.parametrize("ending", ["", " żółć"], ids=["plain", "with letters beyond ASCII"])
@pytest.mark.parametrize("query", CUT)
def test_a_piece_cut_across_separators_is_found_and_marked(shelf, query, ending):
    text = "snake_case_name kebab-case-word path_to/file-name.test.py v1.22.333 user@example.com x86_64 camelCaseName foo::Bar"
    shelf.put("s1", user(text + ending))
    (hit,) = shelf.find(query)
    assert marked(hit) == [query]
    assert shelf.holders(query, {"s1"}) == {"s1"}


def test_whole_words_rank_above_a_piece_cut_across_separators(shelf):
    shelf.put("s1", user("snake_case"), tool("a snake c " + "and long " * 200))
    assert [h.seq for h in shelf.find("snake_c")] == [1, 0]


@pytest.mark.parametrize(
    "query",
    ["token cookie", '"token refresh"', "token -expired", '-"refresh token" token', "refres", "画像", "to", "-token"],
)
def test_a_query_that_does_not_match_finds_nothing(shelf, query):
    shelf.put("s1", tool("refresh token expired ログイン画面") if query != "refres" else tool("other"))
    assert shelf.places(query) == []


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("role:user", [0]),
        ("role:assistant", [1]),
        ("role:tool", [2]),
        ("role:system", [3]),
        ("kind:tool", [2]),
        ("kind:session", [-1]),
        ("kind:said", [0, 1, 3]),
        ("-kind:said", [-1, 2]),
        ("-role:system kind:said", [0, 1]),
        ("tag:api -project:x kind:tool", [2]),
    ],
)
def test_role_and_kind_narrow_the_search(shelf, filters, expected):
    system = Message(id="y", role="system", parts=(Text("needle"),))
    shelf.put("s1", user("needle"), assistant("needle"), tool("needle"), system, title="needle")
    assert sorted(seq for _, seq in shelf.places(f"needle {filters}")) == expected


def test_only_messages_inside_the_times_asked_for_are_hits(shelf):
    shelf.put("s1", user("needle", at=1_700_000_000_000), user("needle", at=1_800_000_000_000))
    assert shelf.places("needle since:2026-01-01") == [("s1", 1)]
    assert shelf.places("needle until:2026-01-01") == [("s1", 0)]


def test_a_common_word_is_found_in_old_times_and_in_one_long_session(shelf):
    with shelf.index.batch():
        for i in range(100):
            shelf.put("long", *(tool(f"the error {i}") for _ in range(9)), at=1_600_000_000_000 + i)
            shelf.put(f"s{i}", *(tool("the error") for _ in range(9)), at=1_700_000_000_000 + i)
    assert len(shelf.places("the until:2021-01-01")) == 3
    assert len(shelf.places("the id:long", allowed={"long"}, limit=60)) == 60


def test_only_allowed_sessions_are_searched(shelf):
    for name in ("s1", "s2", "s3"):
        shelf.put(name, user("needle"), title="needle")
    assert {s for s, _ in shelf.places("needle", allowed={"s2"})} == {"s2"}
    assert shelf.index.count(parse("needle"), allowed={"s2"}) == 2
    assert shelf.index.count(parse("needle")) == 6


def test_more_alternatives_than_can_be_combined_are_all_found(shelf):
    for i in range(12):
        shelf.put(f"s{i}", user(f"alpha{i} beta"))
    query = " OR ".join(f"alpha{i}" for i in range(12)) + " beta OR gamma"
    assert {s for s, _ in shelf.places(query)} == {f"s{i}" for i in range(12)}


def test_every_session_that_holds_the_words_is_named_however_many_there_are(shelf):
    names = {f"s{i}" for i in range(700)}
    with shelf.index.batch():
        for name in sorted(names):
            shelf.put(name, user("the needle"), assistant("another needle"))
        shelf.put("part", tool("in haystackneedles"))
        shelf.put("called", user("x"), title="needle")
        shelf.put("other", user("hay"))
    shelf.index.settle()
    everyone = {*names, "part", "called", "other"}
    assert shelf.holders("needle", everyone) == everyone - {"other"}
    assert shelf.holders("needle another", {"s1", "s2", "part"}) == {"s1", "s2"}
    assert shelf.holders("needle -another role:tool", everyone) == {"part"}
    assert shelf.holders("-needle", everyone) == set()


def test_a_session_holds_words_only_where_they_were_said_when_and_by_whom_is_asked(shelf):
    filling = [user("needle", at=1_700_000_000_000 + n) for n in range(120)]
    shelf.put("late", *filling, user("needle", at=1_800_000_000_000))
    shelf.put("early", *filling)
    shelf.put("system", Message(id="y", role="system", parts=(Text("needle"),)))
    everyone = {"late", "early", "system"}
    assert shelf.holders("needle since:2026-01-01", everyone) == {"late"}
    assert shelf.holders("needle role:system", everyone) == {"system"}


# In what order


def test_user_words_rank_above_assistant_words_above_tool_output(shelf):
    shelf.put(
        "s1",
        tool("needle needle needle"),
        assistant("needle needle"),
        user("a rather long text with one needle in it " * 3),
    )
    assert [h.seq for h in shelf.find("needle")] == [2, 1, 0]


def test_whole_words_rank_above_parts_of_words_whoever_said_them(shelf):
    shelf.put("s1", user("parseHTTPResponse"), tool("the response is long " + "and long " * 200))
    assert [h.seq for h in shelf.find("response")] == [1, 0]


def test_of_alternatives_the_rare_word_comes_first(shelf):
    for i in range(30):
        shelf.put(f"s{i}", user("common word"), at=1_000 + i)
    shelf.put("old", user("rarest word"), at=1)
    assert shelf.places("common OR rarest")[0] == ("old", 0)


def test_newer_comes_first_among_equals(shelf):
    shelf.put("new", user("needle"), at=3_000)
    shelf.put("old", user("needle"), at=1_000)
    shelf.put("mid", user("needle"), at=2_000)
    assert [s for s, _ in shelf.places("needle")] == ["new", "mid", "old"]


def test_a_very_common_word_is_answered_from_the_newest_sessions(shelf):
    with shelf.index.batch():
        for i in range(40):
            shelf.put(f"s{i:02}", *(tool(f"the error {j}") for j in range(60)), at=(40 - i) * 1_000_000)
    assert [s for s, _ in shelf.places("the", limit=6)] == ["s00"] * 3 + ["s01"] * 3
    assert {s for s, _ in shelf.places("the error", limit=6, allowed={"s30", "s31"})} == {"s30", "s31"}


def test_one_session_does_not_fill_the_page_unless_it_is_asked_for(shelf):
    shelf.put("talkative", *(user("needle") for _ in range(30)), at=9_000)
    shelf.put("other", user("needle"))
    assert [s for s, _ in shelf.places("needle", limit=10)] == ["talkative"] * 3 + ["other"]
    assert len(shelf.places("needle id:talkative", limit=10, allowed={"talkative"})) == 10


def test_a_message_is_one_hit_however_many_parts_of_it_match(shelf):
    both = Message(id="b", role="assistant", parts=(Text("needle"), ToolCall("c", "Bash", {"command": "needle"})))
    shelf.put("s1", both)
    assert shelf.places("needle") == [("s1", 0)]


# How it is shown


def test_highlights_stand_on_the_original_letters(shelf):
    shelf.put("s1", user("Proszę napraw ZAŻÓŁĆ, żółć i zazolcenie"))
    assert marked(shelf.find("zazolc")[0]) == ["ZAŻÓŁĆ"]
    assert marked(shelf.find("zolc")[0]) == ["żółć"]
    assert marked(shelf.find("olcen")[0]) == ["olcen"]


def test_dense_scripts_and_decomposed_letters_are_marked(shelf):
    shelf.put("s1", user("ログイン画面のバグ"), user("un cafe\u0301 noir"), user("die Straße"))
    assert marked(shelf.find("画面の")[0]) == ["画面の"]
    assert marked(shelf.find("cafe")[0]) == ["cafe\u0301"]
    assert marked(shelf.find("strasse")[0]) == ["Straße"]


def test_a_snippet_is_cut_at_words_around_the_best_place(shelf):
    text = "alpha " * 400 + "beta " + "gamma " * 5 + "delta " + "omega " * 400
    shelf.put("s1", tool(text + "beta " * 3))
    (hit,) = shelf.find("beta delta")
    assert text[hit.start :].startswith(hit.snippet)
    assert set(marked(hit)) == {"beta", "delta"}
    assert 80 <= len(hit.snippet) <= 160
    assert set(hit.snippet.split()) <= {"alpha", "beta", "gamma", "delta", "omega"}


def test_a_message_that_is_gone_from_the_store_is_no_hit(shelf):
    shelf.put("s1", user("needle one"), user("needle two"))
    del shelf.messages["s1"][1]
    assert shelf.places("needle") == [("s1", 0)]


def test_only_the_messages_shown_are_fetched(shelf):
    shelf.put("s1", *(user("needle") for _ in range(3)))
    shelf.put("s2", *(user("needle") for _ in range(3)))
    shelf.find("needle", limit=2)
    assert shelf.fetched == 2


# Any text is a safe query

HOSTILE = [
    '"', '""', "'", "foo-bar", "col:x", "x:", "*", "**", "a*", "NEAR", "NEAR(a b)", "AND", "OR", "OR OR", "NOT", "a AND", "(", ")",
    "((a", "^a", "{a b}:c", "a + b", "a\0b", "\0", "\ud800", "a\udfffb", "--", "-", "-*", '-"', "!!! ???", "...", ";DROP TABLE spans",
    "%", "_", "\\", "a\nb", "x" * 10_000, "x " * 5_000, "\u202e\u200d", "'; --", "words_tool : a", "rank MATCH 'a'", "é" * 10_000,
    "画" * 5_000, '"' * 999, "a OR " * 500 + "b",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_text_is_a_safe_query(shelf, text):
    shelf.put("s1", user("a b foo-bar x NEAR OR 画面"), tool("\ud800 \0 é"))
    shelf.find(text)
    shelf.index.count(parse(text))


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters(exclude_categories=[]), max_size=60),
    st.text(st.characters(exclude_categories=[]), min_size=1),
)
def test_any_text_can_be_put_and_asked_for(query, text):
    shelf = Shelf()
    shelf.put("s1", user(text), tool(text))
    shelf.find(query.replace("since:", "").replace("until:", ""))
    for hit in shelf.find(text.replace("since:", "").replace("until:", "")):
        assert all(0 <= a < b <= len(hit.snippet) for a, b in hit.highlights)
    shelf.index.close()


# Keeping up


def test_a_message_put_again_replaces_the_old_one(shelf):
    shelf.put("s1", user("first"), tool("second"), user("third"))
    shelf.put("s1", user("changed", seq=1))
    assert shelf.places("second") == []
    assert shelf.places("changed") == [("s1", 1)]
    assert shelf.places("third") == [("s1", 2)]


def test_a_message_that_grows_within_one_batch_is_kept_once(shelf):
    with shelf.index.batch():
        shelf.put("s1", user("half", seq=0), user("half a", seq=0), user("other", seq=1))
        shelf.put("s1", user("whole sentence", seq=0))
    assert shelf.places("half") == []
    assert shelf.places("whole sentence") == [("s1", 0)]
    assert shelf.places("other") == [("s1", 1)]


def test_a_small_put_never_merges_what_bulk_puts_left(shelf):
    def segments():
        return {n for (n,) in shelf.index._connection.execute("SELECT segid FROM words_tool_idx")}

    for i in range(30):
        shelf.put("bulk", *(tool(f"word{i} " * 200) for _ in range(20)))
    shelf.index.settle()
    before = segments()
    shelf.put("small", tool("needle"))
    assert before < segments()
    options = dict(shelf.index._connection.execute("SELECT k, v FROM words_tool_config"))
    assert (options["automerge"], options["crisismerge"]) == (8, 1000)


def test_many_small_puts_are_merged_in_the_end(shelf):
    for i in range(60):
        shelf.put("s1", tool(f"word{i}"))
    shelf.index.settle()
    assert len(set(shelf.index._connection.execute("SELECT segid FROM words_tool_idx"))) <= 41
    assert shelf.places("word59") == [("s1", 59)]


def test_gaps_and_interleaved_sessions_keep_their_places(shelf):
    shelf.put("s1", user("one", seq=0), user("five", seq=5))
    shelf.put("s2", user("two", seq=0))
    shelf.put("s1", user("six", seq=6), user("three", seq=3))
    found = {q: shelf.places(q) for q in ("one", "two", "three", "five", "six")}
    assert found == {
        "one": [("s1", 0)],
        "two": [("s2", 0)],
        "three": [("s1", 3)],
        "five": [("s1", 5)],
        "six": [("s1", 6)],
    }


def test_a_put_of_nothing_writes_nothing(tmp_path):
    shelf = Shelf(tmp_path / "index.db")
    shelf.put("s1", user("needle"), title="T")
    before = shelf.index._connection.total_changes()
    shelf.put("s1", title="T")
    shelf.index.settle()
    assert shelf.index._connection.total_changes() == before
    shelf.index.close()


def test_the_revision_is_kept(tmp_path):
    index = Index(tmp_path / "index.db")
    assert index.revision == 0
    index.put(Session(id="s1", agent="a", native_id="n"), [], revision=7)
    index.close()
    again = Index(tmp_path / "index.db")
    assert again.revision == 7
    again.close()


def test_a_mark_moves_the_revision_without_a_put(shelf):
    shelf.index.mark(9)
    assert shelf.index.revision == 9


def test_a_batch_that_fails_leaves_nothing(shelf):
    def interrupted():
        with shelf.index.batch():
            shelf.put("s1", user("needle"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert shelf.places("needle") == []
    shelf.messages.clear()
    shelf.put("s1", user("needle"))
    assert shelf.places("needle") == [("s1", 0)]


def test_a_reader_sees_what_a_writer_of_the_same_file_commits(tmp_path):
    writer = Shelf(tmp_path / "index.db")
    reader = Shelf(tmp_path / "index.db")
    reader.messages = writer.messages
    writer.put("s1", user("needle"))
    assert reader.places("needle") == [("s1", 0)]
    with writer.index.batch():
        writer.put("s1", user("later"))
        assert reader.places("later") == []
    assert reader.places("later") == [("s1", 1)]
    writer.index.close()
    reader.index.close()


def test_eight_may_open_a_new_file_together(tmp_path):
    def opened(number):
        index = Index(tmp_path / "index.db")
        index.put(Session(id=f"s{number}", agent="a", native_id="n"), [user("needle", seq=0)])
        index.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(opened, range(8)))
    index = Index(tmp_path / "index.db")
    assert index.count(parse("needle")) == 8
    index.close()


def test_words_of_a_bulk_put_are_found_by_their_parts_once_settled(shelf):
    many = [tool(f"word{i:05} parseHTTPResponse{i % 7} " + "filler " * 20) for i in range(2_000)]
    shelf.put("s1", *many)
    assert shelf.places("word00042") == [("s1", 42)]
    assert shelf.places("wor*", limit=2)
    shelf.index.settle()
    assert shelf.places("ord00042") == [("s1", 42)]
    assert shelf.places("word0004* id:s1", limit=50) == [("s1", i) for i in range(49, 39, -1)]
    assert len(shelf.places("wor* id:s1", limit=1_999)) == 1_999
    assert shelf.places("w* z*") == []
    assert shelf.index.count(parse("wor*")) == 2_000
    assert len(shelf.places("httpresp id:s1", limit=50)) == 50
    shelf.put("s2", user("newcomerWord"))
    assert shelf.places("comerword") == [("s2", 0)]


# Erasing


def test_a_forgotten_session_is_not_found_and_its_number_can_be_used_again(shelf):
    shelf.put("s1", user("needle"), tool("needle"), title="needle")
    shelf.put("s2", user("needle"))
    shelf.index.forget("s1")
    shelf.index.forget("unknown")
    assert shelf.places("needle") == [("s2", 0)]
    shelf.messages.clear()
    shelf.put("s3", user("haystack"))
    assert shelf.places("haystack") == [("s3", 0)]


@pytest.mark.parametrize("settled", [True, False])
def test_no_byte_of_forgotten_text_is_left_after_a_scrub(tmp_path, settled):
    shelf = Shelf(tmp_path / "index.db")
    words = ["quetzalcoatlus" + letter for letter in "abcdefgh"]
    shelf.put("s1", *(user(w) for w in words), tool("zyzzyva " + " ".join(words)), title="wintergreenish")
    shelf.put("s2", *(tool(f"filler{i} " * 30) for i in range(200)))
    if settled:
        shelf.index.settle()
    shelf.index.forget("s1")
    shelf.index.scrub()
    left = b"".join(p.read_bytes() for p in tmp_path.iterdir())
    assert [w for w in (b"quetzal", b"coatlus", b"zyzzyva", b"wintergreen") if w in left] == []
    assert shelf.places("filler7")
    shelf.index.close()


def test_traces_of_a_word_are_named_until_the_scrub(tmp_path):
    path = tmp_path / "index.db"
    shelf = Shelf(path)
    shelf.put("s1", user("quetzalcoatlus"))
    assert str(path) in shelf.index.traces(["quetzalcoatlus"])
    shelf.index.forget("s1")
    assert shelf.index.traces(["quetzalcoatlus"])
    shelf.index.scrub()
    assert shelf.index.traces(["quetzalcoatlus", 'x" OR "y']) == ()
    shelf.index.close()


def test_a_damaged_or_older_file_is_replaced(tmp_path):
    path = tmp_path / "index.db"
    path.write_bytes(b"no database at all" * 100)
    shelf = Shelf(path)
    shelf.put("s1", user("needle"))
    shelf.index._connection.pragma("user_version", 99)
    shelf.index.close()
    empty = Shelf(path)
    assert empty.places("needle") == []
    empty.put("s1", user("needle"))
    assert empty.places("needle") == [("s1", 0)]
    empty.index.close()


def test_a_file_whose_schema_is_damaged_is_begun_anew(tmp_path):
    path = tmp_path / "index.db"
    shelf = Shelf(path)
    shelf.put("s1", user("needle"))
    shelf.index.close()
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\x55" * (len(data) - 4096))
    again = Shelf(path)
    assert again.places("needle") == []
    again.put("s1", user("needle"))
    assert again.places("needle") == [("s1", 0)]
    again.index.close()


def test_damage_inside_the_file_is_named_with_the_way_out(tmp_path):
    path = tmp_path / "index.db"
    shelf = Shelf(path)
    shelf.put("s1", *(tool(f"needle word{i} other{i % 9} " * 90) for i in range(2_000)))
    shelf.index.close()
    data = path.read_bytes()
    half = len(data) // 2
    path.write_bytes(data[:half] + b"\x55" * (len(data) - half))
    damaged = Shelf(path)
    with pytest.raises(Unreadable, match="damaged") as caught:
        damaged.find("word* OR other*")
    assert "delete it" in caught.value.hint
    damaged.index.close()


def test_the_file_is_private(tmp_path):
    Index(tmp_path / "index.db").close()
    assert (tmp_path / "index.db").stat().st_mode & 0o777 == 0o600


# What does not belong in a vocabulary


def test_encoded_data_does_not_flood_the_vocabulary(shelf):
    data = base64.b64encode(random.Random(1).randbytes(60_000)).decode()
    wrapped = base64.encodebytes(random.Random(2).randbytes(60_000)).decode()
    shelf.put("s1", tool(f"data:image/png;base64,{data} after"), tool(f"before\n{wrapped}\nafter"))
    words = shelf.index._connection.execute("SELECT count(*) FROM fresh").fetchone()[0]
    assert words < 30
    assert shelf.places("after id:s1") == [("s1", 1), ("s1", 0)]
    assert shelf.places(data[:40])


def test_long_paths_and_minified_code_stay_findable(shelf):
    path = "/home/dev/work/" + "/".join(f"some_package_{i}" for i in range(60)) + "/deepest_needle.py"
    code = "".join(f"function f{i}(a){{return a.needle{i}}};" for i in range(200))
    shelf.put("s1", tool(path), tool(code))
    assert shelf.places("deepest_needle.py") == [("s1", 0)]
    assert shelf.places("needle150") == [("s1", 1)]


def test_messages_that_are_replaced_in_a_batch_cost_no_segment_each(shelf):
    shelf.put("s1", *(assistant(f"draft number {n}", seq=n) for n in range(60)))
    with shelf.index.batch():
        for n in range(60):
            shelf.put("s1", assistant(f"final number {n}", seq=n), assistant(f"later {n}", seq=60 + n))
    assert shelf.places("draft") == []
    assert len(shelf.places("final", limit=100, per_session=100)) == 60
    assert len(shelf.places("later", limit=100, per_session=100)) == 60
    count = "SELECT count(DISTINCT segid) FROM words_assistant_idx"
    assert shelf.index._connection.execute(count).get <= 3


def test_a_session_that_is_forgotten_in_a_batch_takes_its_late_messages_along(shelf):
    shelf.put("s1", assistant("early", seq=0))
    with shelf.index.batch():
        shelf.put("s1", assistant("late", seq=0))
        shelf.index.forget("s1")
    assert shelf.places("late early") == shelf.places("late") == shelf.places("early") == []


def test_very_much_replaced_text_is_written_before_the_batch_ends(shelf, monkeypatch):
    monkeypatch.setattr("holdfast.index.words.LATE_BYTES", 100)
    shelf.put("s1", *(assistant(f"draft {n}", seq=n) for n in range(9)))
    with shelf.index.batch():
        for n in range(9):
            shelf.put("s1", assistant(f"final {n} " + "long " * 20, seq=n))
            assert shelf.index._late.size <= 100
    assert len(shelf.places("final", limit=20, per_session=20)) == 9
