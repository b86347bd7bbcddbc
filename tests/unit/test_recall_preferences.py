"""Habits are learned from what a person says of themselves, and from nothing else."""

from __future__ import annotations

import pytest

from holdfast.recall.preferences import learned

SAID = {
    "I always use Python": {"preferred_tool": "python"},
    "I always use Python.": {"preferred_tool": "python"},
    "preferuj\u0119 Rust": {"preferred_tool": "rust"},
    "language: Polish": {"preferred_language": "polish"},
    "format as YAML": {"preferred_format": "yaml"},
    "Please format as JSON.": {"preferred_format": "json"},
    "Hello there. I prefer node.js. Thanks!": {"preferred_tool": "node.js"},
    "I prefer C++": {"preferred_tool": "c++"},
    "Always use pytest": {"preferred_tool": "pytest"},
    "I always use Python, not Ruby": {"preferred_tool": "python"},
    "I always use uv and language: polski": {"preferred_tool": "uv", "preferred_language": "polski"},
    "zawsze u\u017cywam vim": {"preferred_tool": "vim"},
    "Domy\u015blnie pytest.": {"preferred_tool": "pytest"},
    "j\u0119zyk: polski": {"preferred_language": "polski"},
    "My language is German.": {"preferred_language": "german"},
    "output: markdown": {"preferred_format": "markdown"},
    "I always use vim\nI always use helix": {"preferred_tool": "helix"},
}
NOT_SAID = [
    "please don't always use var",
    "please don\u2019t always use var",
    "I prefer tabs over spaces",
    "The language of the court",
    "what output format should I use?",
    "Do you prefer Rust?",
    "Which language: Polish or English?",
    "I never prefer Rust",
    "nie preferuj\u0119 Rust",
    "nie zawsze u\u017cywam vim",
    "I no longer always use Python",
    "I used to always use Python",
    "If it is slow, always use numba",
    "always use var when it is a loop",
    "I would prefer Rust",
    "My colleague always uses Java",
    'The docs say: "I always use Python"',
    "she said 'I prefer Go' yesterday",
    "> I always use Python",
    "```\nlanguage: node_js\n```",
    "run `format as YAML`",
    "I always use Python for scripts",
    "format as YAML this time",
    "I always use the debugger",
    "I always use it",
    "the format as I know it",
    "Why do people always use Electron",
    "czy preferuj\u0119 Rust?",
    "Avoid what people always use",
    "",
]


@pytest.mark.parametrize("text", SAID)
def test_a_habit_is_learned(text):
    assert {one.key: one.value for one in learned(text)} == SAID[text]


@pytest.mark.parametrize("text", NOT_SAID)
def test_nothing_is_learned(text):
    assert learned(text) == ()


def test_the_words_that_say_so_are_kept():
    (one,) = learned("First a question? I always use Python. Then more.")
    assert one.quote == "I always use Python."


def test_a_long_message_is_looked_at_in_time():
    assert learned("x" * 1_000_000 + " I always use Python") == ()
    assert learned("I prefer " * 50_000) == ()
