"""Markdown: only our own headings are headings, and nothing stored is live."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import replace

from holdfast.interchange.base import Header
from holdfast.interchange.markdown import MarkdownFormat
from holdfast.model import Message, Session, Text, ToolCall, ToolResult, Transcript
from holdfast.testing.builders import HOSTILE_TEXTS, every_part, hostile, message, session, transcript
from holdfast.testing.format_contract import dumped
from holdfast.testing.strategies import texts, transcripts

GOLDEN = """---
format: "holdfast-markdown"
masked: {"jwt": 2}
id: "abcdefghijklmnop"
agent: "codex"
---

# fix \\`login\\` \\| now

| | |
|---|---|
| Id | abcdefghijklmnop |
| Agent | codex |
| Started | 2026-09-21 14:13:20 UTC |
| Messages | 0 |

## User - 2026-09-21 14:13:20 UTC

> # look
> &#60;b>here&#60;/b>

## Assistant

**Call** Bash

````json
{
  "command": "echo '```'"
}
````

**Result** (failed, exit code 1)

```text
bad
```

> done
"""


def written(*listed: Transcript) -> str:
    return dumped(MarkdownFormat(), listed).decode()


def tokens(text: str):
    body = re.sub(r"\A---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL)
    return MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)


def flat(listed):
    for token in listed:
        yield token
        yield from flat(token.children or ())


def outline(text: str) -> list[str]:
    parsed = tokens(text)
    return [
        f"{t.tag} {parsed[n + 1].content}" for n, t in enumerate(parsed) if t.type == "heading_open" and t.level == 0
    ]


def live(text: str) -> list[str]:
    return [t.type for t in flat(tokens(text)) if t.type in {"html_block", "html_inline", "image"}]


def test_a_session_reads_like_this():
    one = Transcript(
        session=Session(
            id="abcdefghijklmnop", agent="codex", native_id="n", title="fix `login`\n| now", started=1790000000123
        ),
        messages=(
            Message(id="1", role="user", parts=(Text("# look\n<b>here</b>"),), at=1790000000000),
            Message(id="2", role="assistant", parts=(ToolCall(id="c", name="Bash", input={"command": "echo '```'"}),)),
            Message(id="3", role="user", parts=(ToolResult(call="c", text="bad", error=True, exit_code=1),)),
            Message(id="4", role="assistant", parts=(Text("done"),), continues=True),
        ),
    )
    assert dumped(MarkdownFormat(), [one], Header(masked={"jwt": 2})).decode() == GOLDEN


def test_no_text_can_break_out_of_its_place():
    for text in HOSTILE_TEXTS:
        one = Transcript(
            session=replace(session(), name=text, tags=(text,), description=text, project=text),
            messages=(
                message(role="user", parts=every_part(text, {text: text})),
                message("end", role="assistant", number=1),
            ),
        )
        heads = outline(written(one))
        assert len(heads) == 3, text
        assert [h.split()[1] for h in heads[1:]] == ["User", "Assistant"], text
        assert live(written(one)) == [], text


@settings(max_examples=200)
@given(st.lists(texts, min_size=1, max_size=4))
def test_no_combination_of_texts_can_break_out(said):
    turns = [message(t, role="user", number=n) for n, t in enumerate(said)]
    text = written(Transcript(session=session(), messages=tuple(turns)))
    assert len(outline(text)) == 1 + len(said)
    assert live(text) == []


@settings(max_examples=200)
@given(st.lists(transcripts, max_size=2))
def test_any_transcript_has_one_title_each_and_nothing_live(listed):
    text = written(*listed)
    assert [h[:2] for h in outline(text)].count("h1") == len(listed)
    assert live(text) == []
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)


def test_a_fence_is_longer_than_any_inside():
    inside = "`" * 9 + "\nx\n" + "`" * 9
    text = written(
        Transcript(session=session(), messages=(message(role="tool", parts=(ToolResult(call="c", text=inside),)),))
    )
    assert [t.content for t in tokens(text) if t.type == "fence"] == [inside + "\n"]


def test_code_that_was_said_stays_code():
    said = "see\n```html\n<b>x</b> ![a](b)\n```\nand <i>this</i>"
    text = written(Transcript(session=session(), messages=(message(said),)))
    assert [t.content for t in tokens(text) if t.type == "fence"] == ["<b>x</b> ![a](b)\n"]
    assert live(text) == []


def test_messages_taken_back_are_counted_and_left_out():
    text = written(transcript())
    assert "taken back, left out here: 1" in text
    assert "> taken back" not in text


def test_several_sessions_follow_each_other_and_name_themselves():
    text = written(transcript("one"), transcript("two"))
    assert outline(text)[0] == "h1 name of one"
    assert "h1 name of two" in outline(text)
    assert text.count("| Id | ") == 2


def test_front_matter_is_one_block_at_the_top():
    text = written(Transcript(session=replace(session(), agent="a\n---\nid: forged\x1b[31m")), hostile())
    front = text.split("\n---\n")[0]
    assert front.count("\nid: ") == 1
    assert "\x1b" not in text
