"""The one sanitiser: no stored text changes the terminal, its clipboard, its title or the order of letters."""

from __future__ import annotations

import io
import itertools
import json
import random
import unicodedata

import pytest

from holdfast.faces.cli._terminal import (
    Paint,
    columns,
    fit,
    padded,
    safe,
    safe_json,
    safe_line,
    safe_piece,
    wants_colour,
)

ESC, BEL, ST, CSI8, OSC8, DCS8 = "\x1b", "\x07", "\x1b\\", "\x9b", "\x9d", "\x90"
STARTS = (
    f"{ESC}[",
    f"{ESC}]",
    f"{ESC}P",
    f"{ESC}_",
    f"{ESC}^",
    f"{ESC}X",
    f"{ESC}(",
    f"{ESC}",
    CSI8,
    OSC8,
    DCS8,
    "\x9e",
    "\x9f",
    "\x98",
    "\r",
)
BODIES = (
    "0;title",
    "2J",
    "H",
    "31m",
    "52;c;aGk=",
    "8;;https://example.org",
    "?1049h",
    "6n",
    "1337;File=:AA",
    "q#0",
    "c",
    "8m",
    "999D",
    "",
)
ENDS = (BEL, ST, "\x9c", "", "\x18", "\x08" * 4)
BIDI = [chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C)]
HIDDEN = [
    chr(c) for c in (0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD, 0x180E, 0x2028, 0x2029, 0xE0041, 0xE007F, 0xFFF9)
]
SEQUENCES = ["".join(parts) for parts in itertools.product(STARTS, BODIES, ENDS)]


def is_harmless(text: str, *, allowed: str = "") -> bool:
    return all(c in allowed or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text)


def test_there_are_many_sequences():
    assert len(SEQUENCES) > 1000


@pytest.mark.parametrize("make", [safe_line, safe_piece, safe], ids=lambda f: f.__name__)
def test_no_control_sequence_survives(make):
    allowed = "\n" if make is safe else ""
    assert [s for s in SEQUENCES if not is_harmless(make(f"a{s}b"), allowed=allowed)] == []


@pytest.mark.parametrize("make", [safe_line, safe_piece, safe], ids=lambda f: f.__name__)
@pytest.mark.parametrize("mark", [*BIDI, *HIDDEN], ids=lambda c: f"{ord(c):x}")
def test_direction_marks_and_hidden_characters_become_visible(make, mark):
    shown = make(f"a{mark}b")
    assert mark not in shown
    assert f"{ord(mark):x}" in shown


def test_every_character_there_is_comes_out_harmless():
    everything = "".join(
        chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
    left = {c for c in safe(everything) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}
    arabic_signs = {
        c
        for c in left
        if unicodedata.name(c, "").startswith(("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN", "INTERLINEAR", "SHORTHAND"))
    }
    assert {f"{ord(c):x}" for c in left - arabic_signs} == set()


def test_a_sequence_split_over_fields_is_not_put_together_again():
    for sequence in SEQUENCES[::7]:
        for cut in range(1, len(sequence)):
            joined = "  ".join(safe_line(part) for part in (sequence[:cut], sequence[cut:]))
            assert is_harmless(joined)
            assert is_harmless("".join(safe_piece(part) for part in (sequence[:cut], sequence[cut:])))


def test_random_text_is_harmless_in_every_form():
    dice = random.Random(7)
    alphabet = [chr(c) for c in range(0xA1)] + BIDI + HIDDEN + list("żółć漢字مرحبا")
    for _ in range(2000):
        text = "".join(dice.choices(alphabet, k=dice.randrange(1, 40)))
        assert is_harmless(safe_line(text))
        assert is_harmless(safe(text), allowed="\n")


def test_what_was_hidden_can_be_read():
    assert safe_line(f"{ESC}]0;title{BEL}") == "\\x1b]0;title\\x07"
    assert safe("a\u202eb") == "a\\u202eb"


def test_plain_text_of_all_scripts_stays_as_it_is():
    text = "Zażółć gęślą jaźń, 日本語, العربية, [bold]not markup[/bold], :smile: ~/path"
    assert safe_line(text) == safe(text) == text


def test_white_space_folds_in_a_line_and_stays_in_a_text():
    assert safe_line("  a\r\n\tb  c ") == "a b c"
    assert safe("a\r\n\tb\n") == "a\n    b\n"


def test_json_says_the_same_with_nothing_hidden_in_it():
    value = {"text": "".join([*SEQUENCES[:50], *BIDI, *HIDDEN, "\x7f", "日本"])}
    data = safe_json(json.dumps(value, ensure_ascii=False).encode())
    assert json.loads(data) == value
    assert is_harmless(data.decode())


def test_columns_are_counted_as_terminals_count_them():
    assert [columns(t) for t in ("abc", "日本", "e\u0301", "ﾊﾟ")] == [3, 4, 1, 2]


def test_a_cut_line_never_takes_more_room_than_there_is():
    for width in range(1, 12):
        assert columns(fit("日本語とabc", width)) <= width
    assert fit("short", 10) == "short"
    assert padded("日本", 6) == "日本  "
    assert padded("ab", 4, right=True) == "  ab"


def test_colour_wraps_text_only_where_it_is_on():
    assert Paint(on=False)("a", "bold") == "a"
    assert Paint(on=True)("a", "bold", "red") == "\x1b[1;31ma\x1b[0m"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("env", "wish", "by_flag", "expected"),
    [
        ({}, "auto", False, True),
        ({"NO_COLOR": "1"}, "auto", False, False),
        ({"NO_COLOR": ""}, "auto", False, True),
        ({"NO_COLOR": "1"}, "always", False, False),
        ({"NO_COLOR": "1"}, "always", True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, "auto", False, False),
        ({"TERM": "dumb"}, "auto", False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, "auto", False, True),
        ({"CLICOLOR": "0"}, "auto", False, False),
        ({"CLICOLOR_FORCE": "1"}, "never", False, True),
        ({}, "never", False, False),
        ({"FORCE_COLOR": "1"}, "never", True, False),
    ],
)
def test_colour_on_a_terminal(env, wish, by_flag, expected):
    assert wants_colour(Terminal(), env, wish=wish, by_flag=by_flag) is expected


@pytest.mark.parametrize(
    ("env", "expected"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "0"}, False), ({"CLICOLOR": "1"}, False)],
)
def test_colour_on_a_pipe(env, expected):
    assert wants_colour(io.StringIO(), env) is expected
