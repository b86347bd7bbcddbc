"""What every reader of other programs' exports keeps: subclass ImportContract and give it the reader and a sample.

Knows the protocol `Import` of holdfast.interchange.base and JSON; refuses to know any program's records.
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, ClassVar

import msgspec

from holdfast import registry
from holdfast.interchange.base import CLAIM, Import, SupportsClaim
from holdfast.model import Json, observed_id
from holdfast.testing.builders import transcript
from holdfast.testing.format_contract import HEAD, dumped, loaded, same

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Transcript

_WRONG: tuple[Json, ...] = (None, 7, -1.5, True, "", "x", [], [None], {}, {"a": 1}, 1e308)


class ImportContract:
    """Subclass it, say which registered import it is (`name`), and what a sample holds; pytest runs the rest."""

    name: str
    sample: ClassVar[list[Json]]
    """At least two conversations, as the export's list has them."""
    said: ClassVar[list[list[str]]]
    """The texts of each conversation as it is shown: without other branches and hidden messages."""
    structure: ClassVar[frozenset[str]] = frozenset()
    """Keys whose values are structure alone, which is kept as order and parents, or times, which are kept as such."""
    hollow: ClassVar[frozenset[str]] = frozenset()
    """Lines that say nothing: ids of nodes without a message, words that stand in place of something else."""

    @property
    def reader(self) -> Json:
        """Return a new instance."""
        return registry.load("imports", self.name)()

    def test_it_is_an_import(self) -> None:
        assert isinstance(self.reader, Import)
        assert self.reader.name == self.name

    def test_it_claims_its_own_files_and_nobody_elses(self) -> None:
        data = _written(self.sample)
        claims = {name: registry.load("imports", name)().sniff(data) for name in registry.names("imports")}
        assert max(claims, key=lambda name: claims[name]) == self.name
        assert sum(claim >= CLAIM for claim in claims.values()) == 1
        for name in registry.names("formats"):
            other = registry.load("formats", name)()
            assert other.sniff(data[:HEAD]) < claims[self.name]
            assert self.reader.sniff(dumped(other, [transcript()])[:HEAD]) < CLAIM

    def test_it_claims_no_empty_or_unknown_file(self) -> None:
        for head in (
            b"",
            b"\x00" * 64,
            b"\xff\xfe",
            b"plain words",
            b"[]",
            b"[{}]",
            b'[{"role": "user", "content": "a"}]',
        ):
            assert self.reader.sniff(head) < CLAIM, head

    def test_conversations_are_read_as_they_are_shown(self) -> None:
        shown = [[m.text for m in t.messages if m.live and m.text] for t in self._whole(_written(self.sample))]
        assert shown == self.said

    def test_nothing_said_or_recorded_is_lost(self) -> None:
        found = self._whole(_written(self.sample))
        for conversation, got in zip(self.sample, found, strict=True):
            held = json.dumps(msgspec.to_builtins(got), ensure_ascii=False)
            told = (t for t in _texts(conversation, self.structure) if t not in self.hollow)
            lost = [t for t in told if json.dumps(t, ensure_ascii=False)[1:-1] not in held]
            assert lost == [], lost

    def test_reading_twice_gives_the_same_sessions_with_derived_ids(self) -> None:
        one, two = self._whole(_written(self.sample)), self._whole(_written(self.sample))
        assert [same(t) for t in one] == [same(t) for t in two]
        assert [t.session.id for t in one] == [observed_id(self.name, t.session.native_id) for t in one]
        for got in one:
            assert len({m.id for m in got.messages}) == len(got.messages)

    def test_an_archive_with_the_list_in_it_gives_the_same(self) -> None:
        if not isinstance(self.reader, SupportsClaim):
            return
        plain = [same(t) for t in self._whole(_written(self.sample))]
        for names in (("conversations.json",), ("a/b/conversations-000.json", "a/b/conversations-001.json")):
            data = _zipped(names, self.sample)
            stream = io.BytesIO(b"before" + data)
            stream.seek(6)
            assert self.reader.claims(io.BytesIO(data)) >= CLAIM
            assert [same(t) for t in self._whole(data)] == plain
        assert self.reader.claims(io.BytesIO(_zipped(("other.json",), self.sample))) < CLAIM

    def test_it_reads_one_conversation_at_a_time(self) -> None:
        stream = _Counted(_written(self.sample * 400))
        coming = self.reader.load(stream)
        next(coming)
        assert stream.tell() < len(stream.getvalue()) / 2

    def test_a_cut_or_damaged_file_is_unreadable_after_what_is_whole(self) -> None:
        whole = _written(self.sample)
        for end in range(0, len(whole) - 2, max(1, len(whole) // 60)):
            _, problem = loaded(self.reader, whole[:end])
            assert problem is not None
            assert any(word in problem.message for word in ("line", "byte")), problem.message
        packed = _zipped(("conversations.json",), self.sample)
        for place in range(0, len(packed), max(1, len(packed) // 60)):
            damaged = bytearray(packed)
            damaged[place] ^= 0xFF
            loaded(self.reader, bytes(damaged))

    def test_a_value_of_another_kind_is_unreadable_or_read_around(self) -> None:
        for damaged in _other_values(self.sample[0]):
            got, problem = loaded(self.reader, _written([damaged, *self.sample[1:]]))
            assert got or problem is not None

    def _whole(self, data: bytes) -> list[Transcript]:
        got, problem = loaded(self.reader, data)
        assert problem is None, problem
        return got


class _Counted(io.BytesIO):
    """A stream that tells how far it was read."""


def _written(listed: list[Json]) -> bytes:
    return json.dumps(listed, ensure_ascii=False).encode()


def _zipped(names: tuple[str, ...], listed: list[Json]) -> bytes:
    """Pack a list in as many files as there are names, beside a picture."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("file-abc.png", b"\x89PNG")
        for place, name in enumerate(names):
            archive.writestr(name, _written(listed[place:] if place == len(names) - 1 else listed[place : place + 1]))
    return stream.getvalue()


def _texts(tree: Json, structure: frozenset[str]) -> Iterator[str]:
    """Yield every text in a tree, line by line, besides those that are structure."""
    if isinstance(tree, str):
        yield from (line for line in tree.splitlines() if line.strip())
    elif isinstance(tree, dict):
        for key, value in tree.items():
            if key not in structure:
                yield from _texts(value, structure)
    elif isinstance(tree, list):
        for value in tree:
            yield from _texts(value, structure)


def _other_values(tree: Json) -> Iterator[Json]:
    """Yield the tree again and again, each time with one value replaced by one of another kind."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from ({**tree, key: wrong} for wrong in _WRONG)
            yield {k: v for k, v in tree.items() if k != key}
            yield from ({**tree, key: inner} for inner in _other_values(value))
    elif isinstance(tree, list):
        for place, value in enumerate(tree):
            yield from ([*tree[:place], wrong, *tree[place + 1 :]] for wrong in _WRONG)
            yield from ([*tree[:place], inner, *tree[place + 1 :]] for inner in _other_values(value))
