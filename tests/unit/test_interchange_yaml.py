"""YAML documents: every reader sees the tree that the JSON document holds, and nothing in them can build an object."""

from __future__ import annotations

import io
import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.interchange import yaml as module
from holdfast.interchange._tree import exact
from holdfast.interchange.base import Header
from holdfast.interchange.json import JsonFormat
from holdfast.interchange.yaml import YamlFormat
from holdfast.model import Message, Text, Transcript
from holdfast.testing.builders import hostile, session, transcript
from holdfast.testing.format_contract import dumped, loaded, same
from holdfast.testing.strategies import texts, transcripts

SMALL = """schema_version: 1
format: "holdfast"
masked: null
edits: {}
sessions:
  - id: "abcdefghijklmnop"
    agent: "codex"
    native_id: "n"
    messages:
      - id: "m"
        role: "user"
        parts:
          - type: "text"
            text: |2-
              first line
              # second 🐢

              --- last
    requests: []
    dropped: []
    losses: {}
    replaces: false
complete: true
"""


def small() -> Transcript:
    said = Text("first line\n# second 🐢\n\n--- last")
    owner = session(id="abcdefghijklmnop")
    bare = type(owner)(id=owner.id, agent="codex", native_id="n")
    return Transcript(session=bare, messages=(Message(id="m", role="user", parts=(said,)),))


def tree(data: bytes, loader=yaml.CSafeLoader):
    return yaml.load(data, Loader=loader)


def resolved(value):
    """Resolve marked objects: keys too long for YAML are marked in it, and not in JSON."""
    if isinstance(value, list):
        return [resolved(v) for v in value]
    return exact({k: resolved(v) for k, v in value.items()}) if isinstance(value, dict) else value


def test_a_document_reads_like_this():
    assert dumped(YamlFormat(), [small()]).decode() == SMALL
    assert loaded(YamlFormat(), SMALL.encode()) == ([small()], None)


@settings(max_examples=200)
@given(st.lists(transcripts, max_size=1))
def test_an_ordinary_yaml_reader_sees_the_same_tree_as_in_json(listed):
    seen = tree(dumped(YamlFormat(), listed))
    assert seen.pop("complete") is True
    assert same(resolved(seen)) == same(json.loads(dumped(JsonFormat(), listed), object_hook=exact))


@settings(max_examples=200)
@given(st.lists(texts, min_size=1, max_size=4))
def test_both_loaders_read_any_text_alike(said):
    one = Transcript(session=session(), messages=(Message(id="m", role="user", parts=tuple(map(Text, said))),))
    data = dumped(YamlFormat(), [one])
    assert tree(data, yaml.SafeLoader) == tree(data)


def test_it_works_without_the_c_library(monkeypatch):
    monkeypatch.setattr(module, "_Loader", yaml.SafeLoader)
    listed = [transcript()]
    assert loaded(YamlFormat(), dumped(YamlFormat(), listed)) == (listed, None)


@pytest.mark.parametrize("style", [{"default_flow_style": True}, {"sort_keys": True}, {"width": 30}])
def test_a_document_written_again_by_another_tool_is_the_same(style):
    data = yaml.safe_dump(tree(dumped(YamlFormat(), [transcript()], Header(masked={"pem": 2}))), **style).encode()
    assert loaded(YamlFormat(), data) == ([transcript()], None)
    assert YamlFormat().header(io.BytesIO(data)).masked == {"pem": 2}


def test_words_that_only_some_readers_take_for_booleans_stay_words_when_written_by_hand():
    text = SMALL.replace('"codex"', "no").replace('native_id: "n"', "native_id: 2026-11-20")
    (got,), _ = loaded(YamlFormat(), text.encode())
    assert (got.session.agent, got.session.native_id) == ("no", "2026-11-20")


def test_line_ends_changed_on_the_way_change_nothing():
    assert loaded(YamlFormat(), SMALL.replace("\n", "\r\n").encode()) == ([small()], None)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"codex"', '!!python/object/apply:os.system ["true"]', "line 7: expected no tag"),
        ('"codex"', "!!python/name:os.system ''", "line 7: expected no tag"),
        ('"codex"', "!custom x", "line 7: expected no tag"),
        ("edits: {}", "edits: &a {}\nother: *a", "line 5: expected a value, not an alias"),
        ('role: "user"', "role: cook", "line 10, session 1, message 1: Invalid enum value 'cook'"),
        ("complete: true\n", "", "`complete: true` at the end"),
        ("complete: true", "complete: true\n---\na: 1", "line 24: expected one document only"),
        ("schema_version: 1", "schema_version: 9", "schema_version 9 was written by a newer release"),
        ("requests: []", "requests: [", "line 2"),
        ("requests: []", "requests: " + "[" * 900, "line 19"),
        ("    agent", "\tagent", "line 7"),
    ],
)
def test_what_is_refused_is_named_with_its_line(old, new, said):
    _, problem = loaded(YamlFormat(), SMALL.replace(old, new, 1).encode())
    assert problem is not None
    assert said in problem.message


def test_a_session_cut_short_between_two_lines_is_not_taken_for_whole():
    listed = [transcript("one"), transcript("two")]
    lines = dumped(YamlFormat(), listed).splitlines(keepends=True)
    for kept in range(5, len(lines) - 1):
        got, problem = loaded(YamlFormat(), b"".join(lines[:kept]))
        assert problem is not None
        assert got == listed[: len(got)]


def test_expanding_aliases_cannot_fill_the_memory():
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)
    )
    assert loaded(YamlFormat(), bomb.encode())[0] == []


def test_hostile_text_stays_readable_by_the_pure_loader():
    assert len(tree(dumped(YamlFormat(), [hostile()]), yaml.SafeLoader)["sessions"]) == 1
