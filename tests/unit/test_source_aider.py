"""Aider's histories: many sessions in one Markdown file, rounded tokens, and where the files may be."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from holdfast.model import Text, Thinking, ToolCall, ToolResult, derive
from holdfast.sources._aider import places
from holdfast.sources._aider.lines import usage_of
from holdfast.sources.aider import Aider
from holdfast.testing._readings import Gathered
from tests.contracts.samples import aider as sample
from tests.contracts.samples.aider import LAUNCH, answer, header, own, prompt

START = header("2026-01-05 10:00:00")


def read(root: Path) -> Gathered:
    found = Gathered()
    for one in Aider().discover([root]):
        found.take(Aider().read(one, None))
    return found


def history(tmp_path: Path, words: str, name: str = places.NAME) -> Gathered:
    (tmp_path / name).write_text(words, encoding="utf-8")
    return read(tmp_path)


def session_in(found: Gathered):
    (session,) = found.sessions.values()
    return session


def roles(found: Gathered) -> list[tuple[str, str]]:
    return [(m.role, m.text) for m in found.all_messages if m.id != "l0"]


def test_a_session_is_described_by_its_header_and_its_first_lines(tmp_path):
    session = session_in(history(tmp_path, START + LAUNCH + prompt("Reply with exactly: ok")))
    assert (session.title, session.models, session.version) == ("Reply with exactly: ok", ("gpt-5-nano",), "0.86.2")
    assert session.cwd == str(tmp_path)
    assert session.native_id.startswith("2026-01-05T10-00-00-")


def test_the_time_of_a_header_is_local(tmp_path, monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Etc/GMT-2")
    time.tzset()
    session = session_in(history(tmp_path, START + prompt("x")))
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert session.started == 1_767_600_000_000


def test_a_header_after_a_header_is_no_session(tmp_path):
    found = history(
        tmp_path, START + LAUNCH + header("2026-01-05 11:00:00") + header("2026-01-05 11:30:00") + prompt("x")
    )
    assert session_in(found).native_id.startswith("2026-01-05T11-30-00-")


def test_sessions_that_began_in_the_same_second_are_two(tmp_path):
    found = history(tmp_path, START + prompt("one") + START + prompt("two"))
    assert sorted(s.title for s in found.sessions.values()) == ["one", "two"]


def test_the_same_second_in_another_repository_is_another_session(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / places.NAME).write_text(START + prompt("same"), encoding="utf-8")
    assert len(read(tmp_path).sessions) == 2


def test_a_session_keeps_its_id_when_earlier_ones_are_cut_off(tmp_path):
    late = header("2026-01-05 12:00:00") + prompt("late") + answer("yes")
    whole = history(tmp_path, START + prompt("early") + late)
    cut = history(tmp_path, late)
    (kept,) = cut.sessions
    assert kept in whole.sessions
    assert list(cut.messages[kept]) == list(whole.messages[kept])


def test_lines_of_one_prompt_are_joined(tmp_path):
    assert roles(history(tmp_path, START + LAUNCH + prompt("one\n\ntwo")))[0] == ("user", "one\n\ntwo")


def test_a_command_gives_no_title_where_a_prompt_follows(tmp_path):
    assert session_in(history(tmp_path, START + prompt("/add a.py") + prompt("Fix it"))).title == "Fix it"
    assert session_in(history(tmp_path, START + prompt("/add a.py"))).title == "/add a.py"


def test_headings_and_quotes_of_an_answer_belong_to_it(tmp_path):
    found = roles(history(tmp_path, START + LAUNCH + prompt("why") + answer(sample.HEADINGS)))
    assert found[1:] == [("assistant", sample.HEADINGS)]


def test_a_history_without_trailing_blanks_is_read_by_its_marks(tmp_path):
    words = START + "#### one\nanswer\n\n> Applied edit to a.py\n\n#### two\nmore\n"
    assert [r for r, _ in roles(history(tmp_path, words))] == ["user", "assistant", "tool", "user", "assistant"]


def test_a_launch_with_a_prompt_of_several_lines_is_one_message(tmp_path):
    launch = "> aider --message Create a file\n\nThen reply: done --yes-always  \n" + own(
        "Model: m with whole edit format"
    )
    found = history(tmp_path, START + launch + prompt("Create a file"))
    assert [m.role for m in found.all_messages] == ["system", "user"]
    assert session_in(found).models == ("m",)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (sample.THOUGHT, (Thinking("They want a file."), Text("hello.txt"))),
        ("<think>\nhm\n</think>\n\nyes", (Thinking("hm"), Text("yes"))),
        ("-----\n► **THINKING**\nhm\n-----\n► **ANSWER**\nyes", (Thinking("hm"), Text("yes"))),
        ("<thinking-content-ab>\ncut off", (Thinking("cut off"),)),
        ("plain", (Text("plain"),)),
    ],
    ids=["content", "think", "marked", "unfinished", "none"],
)
def test_what_was_thought_is_told_from_what_was_said(tmp_path, words, parts):
    found = history(tmp_path, START + LAUNCH + prompt("go") + answer(words))
    assert found.all_messages[-1].parts == parts


def test_edits_and_commands_that_were_reported_are_calls(tmp_path):
    words = own(
        "Applied edit to src/a.py",
        "Creating empty file b.py",
        "Did not apply edit to c.py (--dry-run)",
        "Running make test",
    )
    message = history(tmp_path, START + LAUNCH + prompt("go") + answer("ok") + words).all_messages[-1]
    calls = [p for p in message.parts if isinstance(p, ToolCall)]
    touches, runs = derive([message])
    assert [c.name for c in calls] == ["edit", "write", "shell"]
    assert [(t.path, t.action) for t in touches] == [("src/a.py", "edit"), ("b.py", "write")]
    assert [r.command for r in runs] == ["make test"]


def test_an_error_of_the_model_s_server_is_an_error(tmp_path):
    words = START + LAUNCH + prompt("go") + own("litellm.BadRequestError: OpenAIException - no such model")
    (result,) = history(tmp_path, words).all_messages[-1].parts
    assert isinstance(result, ToolResult)
    assert result.error


def test_a_switch_of_models_is_followed(tmp_path):
    found = history(tmp_path, sample.shop())
    first = next(iter(found.sessions.values()))
    assert first.models == ("gpt-5-nano", "gpt-5")
    assert [r.model for r in found.requests.values()] == ["gpt-5-nano", "gpt-5", "gpt-5-nano"]


def test_requests_are_estimates_with_the_recorded_cost(tmp_path):
    found = list(history(tmp_path, sample.shop()).requests.values())
    assert {r.kind for r in found} == {"estimated"}
    assert [r.usage.cost for r in found] == [130, None, 20_000]
    assert all(r.at for r in found)


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("Tokens: 2.5k sent, 1 received. Cost: $0.00013 message, $0.00025 session.", (2500, 0, 0, 1, 130)),
        ("Tokens: 788 sent, 225 received.", (788, 0, 0, 225, None)),
        (
            "Tokens: 10k sent, 2k cache write, 5k cache hit, 1.2k received. Cost: $1.50 message",
            (3000, 2000, 5000, 1200, 1_500_000),
        ),
        ("Tokens: 10k sent, 5k cache hit, 3 received.", (5000, 0, 5000, 3, None)),
        ("Tokens: 1k sent, 9k cache hit, 3 received.", (0, 0, 1000, 3, None)),
    ],
)
def test_a_line_of_tokens_is_read(line, counts):
    usage = usage_of(line)
    assert usage is not None
    assert (usage.input, usage.cache_write, usage.cache_read, usage.output, usage.cost) == counts


@pytest.mark.parametrize("line", ["Tokens: many sent, 1 received.", "Tokens:", "tokens: 1 sent, 1 received"])
def test_a_line_that_only_looks_like_tokens_is_none(line):
    assert usage_of(line) is None


def test_tokens_that_make_no_number_are_nothing():
    usage = usage_of("Tokens: 1.2.3k sent, 9 received.")
    assert usage is not None
    assert (usage.input, usage.output) == (0, 9)


def test_an_answer_that_grew_replaces_what_was_read_of_it(tmp_path):
    path = tmp_path / places.NAME
    path.write_text(START + LAUNCH + prompt("go") + "\nfirst half\n", encoding="utf-8")
    (ref,) = Aider().discover([tmp_path])
    found = Gathered().take(Aider().read(ref, None))
    path.write_text(
        START + LAUNCH + prompt("go") + "\nfirst half\nsecond half\n\n" + own("Tokens: 1 sent, 2 received."),
        encoding="utf-8",
    )
    (ref,) = Aider().discover([tmp_path])
    found.take(Aider().read(ref, found.cursor))
    assert [t for r, t in roles(found) if r == "assistant"] == ["first half\nsecond half"]
    assert len(found.requests) == 1


def test_a_reading_of_the_tail_does_not_go_back_to_the_start(tmp_path):
    path = tmp_path / places.NAME
    path.write_text(sample.shop() + "\n", encoding="utf-8")
    (ref,) = Aider().discover([tmp_path])
    cursor = Gathered().take(Aider().read(ref, None)).cursor
    path.write_text(sample.shop() + "\n" + prompt("more"), encoding="utf-8")
    (ref,) = Aider().discover([tmp_path])
    (reading,) = Aider().read(ref, cursor)
    assert [m.text for m in reading.transcript.messages] == ["more"]


def test_what_stands_before_the_first_session_is_counted(tmp_path):
    found = history(tmp_path, "notes\n\nof mine\n" + START + prompt("x"))
    assert found.unknown == {"line:before-first-session": 2}
    assert len(found.sessions) == 1


def test_any_line_endings_and_bytes_are_read(tmp_path):
    words = (START + LAUNCH + prompt("go") + answer("ok")).replace("\n", "\r\n").encode() + b"\xff\xfe\r\n"
    (tmp_path / places.NAME).write_bytes(words)
    assert [r for r, _ in roles(read(tmp_path))] == ["user", "assistant"]


def test_a_history_elsewhere_says_nothing_of_its_directory(tmp_path):
    path = tmp_path / "kept.md"
    path.write_text(START + prompt("x"), encoding="utf-8")
    (ref,) = Aider().discover([path])
    assert session_in(Gathered().take(Aider().read(ref, None))).cwd == ""


def test_the_session_is_resumed_with_the_whole_history_of_its_directory(tmp_path):
    command = Aider().resume_command(session_in(history(tmp_path, START + prompt("x"))))
    assert (command.argv, command.cwd) == (("aider", "--restore-chat-history"), str(tmp_path))


def put(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / places.NAME).write_text(START, encoding="utf-8")
    return str(folder / places.NAME)


def found_below(*roots: Path) -> list[str]:
    return sorted(r.path for r in Aider().discover(roots))


def test_folders_of_packages_and_hidden_ones_are_passed_over(tmp_path):
    kept = put(tmp_path / "repo")
    for name in ("node_modules", ".git", ".venv", "venv", "build"):
        put(tmp_path / "repo" / name / "pkg")
    assert found_below(tmp_path) == [kept]


def test_looking_goes_no_deeper_than_four_levels(tmp_path):
    kept = put(tmp_path / "a" / "b" / "c" / "d")
    put(tmp_path / "a" / "b" / "c" / "d" / "e")
    assert found_below(tmp_path) == [kept]


def test_a_root_below_another_is_looked_into_as_deep_as_any(tmp_path):
    deep = tmp_path / "a" / "b" / "c"
    kept = put(deep / "d" / "e" / "f")
    assert found_below(tmp_path, deep) == [kept]


def test_below_home_only_its_own_folders_are_looked_into(home):
    kept = [put(home), put(home / "repo")]
    put(home / "repo" / "inner")
    code = put(home / "code" / "group" / "repo")
    assert found_below(home) == sorted(kept)
    assert found_below(*Aider().roots({}, home, "linux")) == sorted([*kept, code])


def test_looking_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "MOST", 5)
    for number in range(20):
        put(tmp_path / f"{number:02d}")
    assert len(found_below(tmp_path)) == 4


def test_a_history_that_is_named_and_found_is_one(tmp_path):
    kept = put(tmp_path / "repo")
    assert found_below(Path(kept), tmp_path) == [kept]


def test_links_are_not_followed(tmp_path):
    kept = put(tmp_path / "repo")
    (tmp_path / "repo" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert found_below(tmp_path, tmp_path / "repo" / "again") == [kept]


@pytest.mark.parametrize("named", ["", "relative.md", "  "])
def test_a_variable_that_names_no_place_adds_no_root(tmp_path, named):
    assert Aider().roots({"AIDER_CHAT_HISTORY_FILE": named}, tmp_path, "linux")[0] == tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "-" * 2_000_000 + "\n",
        "-----\n► **THINKING**\n" * 50_000,
        "<think>\n" * 100_000,
        "#### x  \n" * 100_000,
        "> x  \n" * 100_000,
    ],
    ids=["dashes", "marks", "tags", "prompts", "own"],
)
def test_text_made_to_hang_a_reader_does_not(tmp_path, words):
    started = process_time()
    found = history(tmp_path, START + LAUNCH + prompt("go") + words)
    assert process_time() - started < 2
    assert len(found.sessions) == 1


def test_an_answer_without_end_is_cut_into_messages(tmp_path, monkeypatch):
    monkeypatch.setattr("holdfast.sources._aider.lines.MOST_LINES", 10)
    found = history(tmp_path, START + LAUNCH + prompt("go") + "\n" + "word\n" * 25)
    answers = [m for m in found.all_messages if m.role == "assistant"]
    assert [m.continues for m in answers] == [False, True, True]
    assert sum(m.text.count("word") for m in answers) == 25
