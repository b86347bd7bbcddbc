"""What `show` prints of a conversation: who speaks, and what is folded."""

from __future__ import annotations

import json
import re

import pytest

from holdfast.model import Message, Text, Thinking, ToolCall, ToolResult

HIDDEN = (Thinking(text="secretly"),)


@pytest.fixture
def shown(cli, monkeypatch):
    """Return what `show` prints of some messages."""
    ident = cli.id_of("Fix the build")

    def show(*messages: Message, options: tuple[str, ...] = ()) -> str:
        monkeypatch.setattr("holdfast.services.sessions.Sessions.messages", lambda *_, **__: messages)
        return cli("show", ident, *options).stdout

    return show


def message(role, *parts, continues=False) -> Message:
    return Message(id=f"{role}-{len(repr(parts))}", role=role, parts=parts, continues=continues)


def speakers(text: str) -> list[str]:
    return re.findall(r"^(you|agent|system|tool)\b", text, re.MULTILINE)[1:]  # the first is the fact "agent"


def test_every_change_of_speaker_has_a_header_whatever_is_hidden(shown):
    text = shown(
        message("user", Text(text="one")),
        message("assistant", *HIDDEN),
        message("assistant", Text(text="two"), continues=True),
        message("user", Text(text="three")),
        message("assistant", Text(text="four"), continues=True),
    )
    assert speakers(text) == ["you", "agent", "you", "agent"]


def test_records_of_one_answer_have_one_header(shown):
    text = shown(
        message("assistant", Text(text="one")),
        message("assistant", *HIDDEN, continues=True),
        message("assistant", ToolCall(id="1", name="Bash", input={"command": "make"}), continues=True),
    )
    assert speakers(text) == ["agent"]


def test_each_answer_of_the_same_speaker_has_its_own_header(shown):
    assert (
        speakers(shown(message("assistant", Text(text="one")), message("assistant", Text(text="two")))) == ["agent"] * 2
    )


def test_a_systems_instructions_are_one_line_with_their_length_unless_all_is_wanted(shown):
    prompt = message("system", Text(text="You are careful.\n" + "Obey.\n" * 500))
    folded = shown(prompt)
    assert "  You are careful. Obey." in folded
    assert "(3,017 characters: --all)" in folded
    assert folded.count("\n  Obey.") == 0
    assert shown(prompt, options=("--all",)).count("\n  Obey.") == 500


def test_a_short_system_text_stays_as_it_is(shown):
    assert shown(message("system", Text(text="Model changed"))).endswith("\n  Model changed\n")


def error_text() -> str:
    return json.dumps({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, indent=1)


def test_an_error_in_json_is_folded_to_its_message(shown):
    said = message("assistant", Text(text=f"API Error: 529 {error_text()}"))
    failed = message("user", ToolResult(call="1", text=error_text(), error=True))
    assert "\n  API Error: 529 Overloaded\n" in shown(said)
    assert "overloaded_error" in shown(said, options=("--all",))
    assert shown(failed).endswith("\n  ! Overloaded\n")


@pytest.mark.parametrize("text", ['{"a": 1}', 'look: {"error": 3}', '{"error": {"detail": [1]}}', "{not json}"])
def test_json_that_is_no_error_stays_as_it_is(shown, text):
    assert shown(message("assistant", Text(text=text))).endswith(f"\n  {text}\n")
