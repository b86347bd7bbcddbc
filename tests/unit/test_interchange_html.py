"""HTML: what a browser is given, whatever was said."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from holdfast import registry
from holdfast.interchange.base import Header
from holdfast.model import (
    Attachment,
    Message,
    Session,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Transcript,
    observed_id,
)
from holdfast.testing.builders import HOSTILE_TEXTS, hostile, transcript

EVIL = (
    "<ScRiPt>alert(1)</sCrIpT>",
    "</pre></details></article><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' autofocus onfocus=alert(1) '",
    "javascript:alert(1)",
    "[click](javascript:alert(1))",
    "<a href='javascript:alert(1)'>x</a>",
    "<!-- --><style>*{display:none}</style>",
    "]]><svg/onload=alert(1)>",
    "&lt;b&gt; &amp; &#x6a;",
    '```"><script>alert(2)</script>\n</pre><script>alert(3)</script>\n```',
    "\u202egnp.exe \u2066hidden\u2069 \u200f \u061c",
    "nul\x00 escape\x1b[31m c1\x9b \ufeff \U000e0041",
    *HOSTILE_TEXTS,
)
TAGS = {
    "html", "head", "meta", "title", "style", "body", "section", "article", "nav", "ol", "li", "a", "b", "h1", "h2", "dl", "dt", "dd",
    "time", "details", "summary", "code", "pre", "div", "span", "em", "footer",
}  # fmt: skip
ATTRIBUTES = {
    "lang",
    "charset",
    "name",
    "content",
    "http-equiv",
    "id",
    "class",
    "href",
    "aria-label",
    "dir",
    "datetime",
    "title",
    "open",
}


class Page(HTMLParser):
    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[Any] = set()
        self.links: list[Any] = []
        self.ids: list[Any] = []
        self.texts: list[Any] = []
        self.open: list[Any] = []
        self.feed(data.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        given = dict(attrs)
        self.links += [given["href"]] if "href" in given else []
        self.ids += [given["id"]] if "id" in given else []
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)


def page(*transcripts, header=None) -> bytes:
    stream = io.BytesIO()
    registry.load("formats", "html")().dump(transcripts, stream, **({"header": header} if header else {}))
    return stream.getvalue()


def everywhere(text) -> Transcript:
    """Say a text in every place where text can stand."""
    parts = (
        Text(text),
        Thinking(text),
        Summary(text),
        ToolCall(id="c", name=text, input={"command": text, text: [text]}),
        ToolResult(call="c", text=text, error=True),
        ToolCall(id="d", name="x", input=text),
        ToolResult(call="unknown", text=text),
        Attachment(media=text, name=text, text=text),
    )
    session = Session(
        id=observed_id(text, text), agent=text, native_id=text, name=text, project=text, branch=text, models=(text,), tags=(text,),
        description=text,
    )  # fmt: skip
    return Transcript(
        session=session,
        messages=tuple(
            Message(id=f"{n}", role=role, model=text, parts=parts)
            for n, role in enumerate(("user", "assistant", "system", "tool", "user"))
        ),
    )


@pytest.mark.parametrize("text", EVIL)
def test_no_stored_text_becomes_markup(text):
    found = Page(page(everywhere(text), everywhere(text), header=Header(masked={text: 1})))
    assert found.tags <= TAGS
    assert found.attributes <= ATTRIBUTES
    assert found.open == []
    assert all(link.startswith("#") and link[1:] in found.ids for link in found.links)
    assert len(found.ids) == len(set(found.ids))


@pytest.mark.parametrize("text", EVIL)
def test_nothing_hidden_reaches_the_page(text):
    shown = page(everywhere(text)).decode()
    hidden = (
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
    )
    assert re.findall(hidden, shown) == []


def test_what_was_said_stands_on_the_page_word_for_word():
    text = "a < b && c > d \"quoted\" 'single' \U0001f468\u200d\U0001f469 \u0645\u0631\u062d\u0628\u0627\n  indented"
    assert text in "".join(Page(page(transcript("one", text))).texts)


def test_hidden_characters_are_named():
    assert '<span class="odd">U+202E</span>' in page(transcript("one", "\u202egnp.exe")).decode()


def test_the_policy_allows_the_one_style_sheet_and_nothing_else():
    text = page(hostile()).decode()
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert re.findall(r"(?i)url\(|@import|https?:", style) == []


def test_a_call_and_its_result_are_one_fold():
    said = (
        Message(id="1", role="user", parts=(Text("go"),)),
        Message(id="2", role="assistant", parts=(ToolCall(id="c", name="Bash", input={"command": "ls -la"}),)),
        Message(id="3", role="user", parts=(ToolResult(call="c", text="no such folder", error=True, exit_code=2),)),
        Message(id="4", role="assistant", parts=(Text("gone"),)),
    )
    text = page(Transcript(session=transcript("one").session, messages=said)).decode()
    assert text.count("<details") == 1
    assert "<b>Bash</b> <code>ls -la</code> <em>(failed, exit code 2)</em>" in text
    assert text.count("<article") == 2, "an answer goes on after its tools"


def test_prompts_are_listed_and_lead_to_their_place():
    said = tuple(Message(id=str(n), role="user", parts=(Text(f"prompt {n}"),)) for n in range(3))
    found = Page(page(Transcript(session=transcript("one").session, messages=said)))
    assert [link for link in found.links if link in ("#s1m1", "#s1m2", "#s1m3")][:3] == ["#s1m1", "#s1m2", "#s1m3"]


def test_several_sessions_are_listed():
    text = page(transcript("one"), transcript("two")).decode()
    assert '<nav id="sessions">' in text
    assert {"s1", "s2"} <= set(Page(text.encode()).ids)
    assert '<nav id="sessions">' not in page(transcript("one")).decode()


def test_messages_that_were_taken_back_are_counted_and_left_out():
    said = (
        Message(id="1", role="user", parts=(Text("stays"),)),
        Message(id="2", role="user", parts=(Text("was rewound"),), live=False),
    )
    text = page(Transcript(session=transcript("one").session, messages=said)).decode()
    assert "was rewound" not in text
    assert "1 messages, left out here" in text


def test_the_page_says_what_was_masked():
    assert "Secrets masked: jwt 2." in page(transcript("one"), header=Header(masked={"jwt": 2})).decode()
    assert "Nothing was masked." in page(transcript("one")).decode()


def test_fenced_code_of_any_length_is_a_block_and_an_open_fence_ends_with_the_text():
    text = page(transcript("one", "see\n````python\n```\nx = 1\n```\n````\ndone\n```\nopen <b>")).decode()
    assert '<pre dir="auto" title="python">```\nx = 1\n```</pre>' in text
    assert '<pre dir="auto">open &lt;b&gt;</pre>' in text


def test_a_long_run_of_fences_is_read_in_a_moment():
    assert len(page(transcript("one", "```x\n" * 20_000 + "~~~\n" * 20_000))) > 100_000
