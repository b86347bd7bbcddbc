"""What every format keeps, whoever wrote it: subclass FormatContract and give it the format.

Knows the protocols of holdfast.interchange.base and looks at the bytes; refuses to know any format's syntax.
"""

from __future__ import annotations

import io
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import msgspec

from holdfast import registry
from holdfast.errors import Unreadable
from holdfast.interchange.base import CLAIM, Format, Header, SupportsHeader, SupportsLoad
from holdfast.model import Edits, Json, Transcript
from holdfast.testing.builders import hostile, session, transcript

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD = 4096
_CUTS = 40


class FormatContract:
    """Subclass it, say which registered format it is (`name`), and pytest runs the rest."""

    name: str

    @property
    def format(self) -> Json:
        """Return a new instance of the format."""
        return registry.load("formats", self.name)()

    def test_it_has_a_name_a_suffix_and_the_two_methods(self) -> None:
        assert isinstance(self.format, Format)
        assert self.format.name == self.name
        assert self.format.suffix.startswith(".")

    def test_every_field_and_every_kind_of_part_comes_back(self) -> None:
        self._comes_back([transcript("one"), transcript("two"), transcript("three", "hello", "good day")])

    def test_hostile_text_and_values_come_back_equal(self) -> None:
        self._comes_back([hostile(), transcript("after")])

    def test_no_sessions_and_empty_sessions_come_back(self) -> None:
        self._comes_back([])
        self._comes_back([Transcript(session=session("bare"))])

    def test_any_transcript_comes_back_equal(self) -> None:
        if find_spec("hypothesis") is None:
            return
        from hypothesis import given, settings
        from hypothesis import strategies as st

        from holdfast.testing.strategies import transcripts

        settings(max_examples=200, deadline=None)(given(st.lists(transcripts, max_size=2))(self._comes_back))()

    def test_the_same_transcripts_give_the_same_bytes(self) -> None:
        listed = [transcript("one"), hostile()]
        assert dumped(self.format, listed) == dumped(self.format, iter(listed))

    def test_it_writes_as_transcripts_come_and_leaves_the_stream_open(self) -> None:
        stream = io.BytesIO()
        seen: list[int] = []

        def coming() -> Iterator[Transcript]:
            for number in range(3):
                seen.append(stream.tell())
                yield transcript(f"session {number}", "x" * 100_000)

        self.format.dump(coming(), stream)
        assert not stream.closed
        assert seen[0] < seen[1] < seen[2]

    def test_it_only_writes(self) -> None:
        self.format.dump([transcript()], _WriteOnly())

    def test_it_claims_its_own_files_and_nobody_elses(self) -> None:
        for name in registry.names("formats"):
            for listed in ([], [transcript()], [hostile()]):
                head = dumped(registry.load("formats", name)(), listed)[:HEAD]
                assert (self.format.sniff(head) >= CLAIM) == (name == self.name), (name, head[:80])

    def test_it_claims_no_empty_or_unknown_file(self) -> None:
        for head in (
            b"",
            b"\x00" * 64,
            b"\xff\xfe",
            b"plain words",
            b'{"a": 1}\n{"a": 2}',
            b"[]",
            b"\x28\xb5\x2f\xfd",
            b"---\n",
        ):
            assert self.format.sniff(head) < CLAIM, head

    def test_a_cut_file_gives_all_that_is_whole_and_then_says_where_it_ends(self) -> None:
        listed = [transcript("one"), transcript("two"), transcript("three")]
        whole = dumped(self.format, listed)
        for end in range(0, len(whole.rstrip()) - 1, max(1, len(whole) // _CUTS)):
            self._damaged(whole[:end], listed)

    def test_most_of_a_cut_file_is_not_lost(self) -> None:
        if isinstance(self.format, SupportsLoad):
            whole = dumped(self.format, [transcript("one"), transcript("two"), transcript("three")])
            got, problem = loaded(self.format, whole[: len(whole) - len(whole) // 6])
            assert got
            assert problem is not None

    def test_noise_is_unreadable_and_nothing_worse(self) -> None:
        if not isinstance(self.format, SupportsLoad):
            return
        whole = bytearray(dumped(self.format, [transcript("one"), transcript("two")]))
        for place in range(0, len(whole), max(1, len(whole) // (3 * _CUTS))):
            for byte in (0x00, 0xFF, 0x22, whole[place] ^ 1):
                damaged = whole.copy()
                damaged[place] = byte
                _, problem = loaded(self.format, bytes(damaged))
                assert problem is None or problem.message

    def test_what_is_no_such_file_is_unreadable(self) -> None:
        if isinstance(self.format, SupportsLoad):
            for data in (
                b"",
                b"\x00",
                b"plain words",
                b"\xff\xfe\x00",
                b"[" * 100_000,
                b"{",
                b'{"sessions": 1}',
                b"null",
                b"- 1",
            ):
                got, problem = loaded(self.format, data)
                assert got == []
                assert problem is not None, data[:40]

    def test_an_error_names_a_line_or_a_byte(self) -> None:
        if isinstance(self.format, SupportsLoad):
            whole = dumped(self.format, [transcript("one"), transcript("two")])
            _, problem = loaded(self.format, whole[: len(whole) // 2])
            assert problem is not None
            assert any(word in problem.message for word in ("line", "byte")), problem.message

    def test_the_file_says_whether_it_was_masked(self) -> None:
        if not isinstance(self.format, SupportsHeader):
            return
        edits = {
            session().id: Edits(name="my name", tags=("a",), expires=1_790_000_000_000),
            "x": Edits(description="\ud800"),
        }
        for header in (Header(), Header(masked={}), Header(masked={"jwt": 2, "pem": 1}, edits=edits)):
            stream = io.BytesIO(b"before" + dumped(self.format, [transcript()], header))
            stream.seek(6)
            assert self.format.header(stream) == header
            assert stream.tell() == 6

    def test_loading_imports_nothing(self) -> None:
        if isinstance(self.format, SupportsLoad):
            loaded(self.format, dumped(self.format, [transcript()]))
            before = set(sys.modules)
            loaded(self.format, dumped(self.format, [hostile()]))
            assert set(sys.modules) == before

    def _comes_back(self, listed: list[Transcript]) -> None:
        data = dumped(self.format, listed)
        if isinstance(self.format, SupportsLoad):
            got, problem = loaded(self.format, data)
            assert problem is None, problem
            assert [same(t) for t in got] == [same(t) for t in listed]

    def _damaged(self, data: bytes, listed: list[Transcript]) -> None:
        if isinstance(self.format, SupportsLoad):
            got, problem = loaded(self.format, data)
            assert problem is not None, data[-80:]
            assert [same(t) for t in got] == [same(t) for t in listed[: len(got)]]


class _WriteOnly(io.RawIOBase):
    """A stream like a pipe: nothing but write."""

    def writable(self) -> bool:
        return True

    def write(self, data: Json) -> int:
        return len(data)


def dumped(adapter: Json, transcripts: Iterable[Transcript], header: Header | None = None) -> bytes:
    """Return what a format writes."""
    stream = io.BytesIO()
    adapter.dump(transcripts, stream, **({} if header is None else {"header": header}))
    return stream.getvalue()


def loaded(adapter: Json, data: bytes) -> tuple[list[Transcript], Unreadable | None]:
    """Return the transcripts that a format reads, and what it raised after them; any other error fails the test."""
    got: list[Transcript] = []
    try:
        for item in adapter.load(io.BytesIO(data)):
            got.append(item)  # noqa: PERF402 - what came before an error is kept
    except Unreadable as problem:
        return got, problem
    return got, None


def same(noun: Json) -> Json:
    """Return what two equal values share, NaN and negative zero included (1, 1.0 and True are three values)."""
    if isinstance(noun, msgspec.Struct):
        return (type(noun).__name__, *(same(getattr(noun, name)) for name in noun.__struct_fields__))
    if isinstance(noun, dict):
        return ("dict", *((key, same(value)) for key, value in noun.items()))
    if isinstance(noun, list | tuple):
        return ("list", *map(same, noun))
    return (type(noun).__name__, repr(noun)) if isinstance(noun, float | bool) else noun
