"""The examples in the format pages are what the formats write."""

from __future__ import annotations

import io
import re
from pathlib import Path

import msgspec
import pytest
import zstandard

from holdfast.interchange.base import Header
from holdfast.interchange.json import JsonFormat
from holdfast.interchange.markdown import MarkdownFormat
from holdfast.interchange.native import NativeFormat
from holdfast.interchange.yaml import YamlFormat
from holdfast.model import Message, Request, Rollup, Session, Text, ToolCall, ToolResult, Transcript, Usage
from holdfast.testing.format_contract import dumped, loaded

PAGES = Path(__file__).resolve().parents[2] / "docs" / "reference" / "formats"
AT = 1790000000000
BILLED = Transcript(
    session=Session(id="abcdefghijklmnop", agent="codex", native_id="n", started=AT + 123),
    messages=(Message(id="m", role="user", parts=(Text("hello"),), at=AT),),
    requests=(Request(key="r", usage=Usage(input=3, cost=1_000_200)),),
)
SAID = Transcript(
    session=Session(id="abcdefghijklmnop", agent="codex", native_id="n"),
    messages=(Message(id="m", role="user", parts=(Text("first line\n# second line"),)),),
)
FAILED = ToolResult(call="c", text="no such folder", error=True, exit_code=1)
TURNS = Transcript(
    session=Session(
        id="abcdefghijklmnop",
        agent="codex",
        native_id="n",
        title="fix the login",
        started=AT,
        rollup=Rollup(messages=2),
    ),
    messages=(
        Message(id="1", role="user", parts=(Text("please look"),), at=AT),
        Message(id="2", role="assistant", parts=(ToolCall(id="c", name="Bash", input={"command": "ls"}), FAILED)),
    ),
)


def example(page: str) -> str:
    text = (PAGES / page).read_text(encoding="utf-8")
    return re.search(r"^(`{3,})\w+\n(.*?)^\1$", text, re.DOTALL | re.MULTILINE)[2]


def test_the_json_page_shows_a_true_document():
    assert example("json.md") == dumped(JsonFormat(), [BILLED], Header(masked={"jwt": 1})).decode()
    assert loaded(JsonFormat(), example("json.md").encode()) == ([BILLED], None)


def test_the_yaml_page_shows_a_true_document():
    assert example("yaml.md") == dumped(YamlFormat(), [SAID]).decode()


def test_the_markdown_page_shows_a_true_document():
    assert example("markdown.md") == dumped(MarkdownFormat(), [TURNS]).decode()


def test_the_native_page_shows_the_true_lines():
    packed = io.BytesIO(dumped(NativeFormat(), [BILLED]))
    with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as reader:
        assert example("native.md") == reader.read().decode()


@pytest.mark.parametrize("noun", [Session, Message, Request, Rollup, Usage])
def test_the_field_list_names_every_field(noun):
    page = (PAGES / "json.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith(f"| {noun.__name__.lower()} |"))
    for field in msgspec.structs.fields(noun):
        assert f"`{'cost_usd' if field.name == 'cost' else field.name}`" in row
