"""The native file: exact, with source files, and whatever is damaged is named."""

from __future__ import annotations

import io
import json

import pytest
import zstandard
from msgspec.structs import replace

from holdfast.errors import Unreadable
from holdfast.interchange import native as module
from holdfast.interchange.base import Header, RawPiece
from holdfast.interchange.native import NativeFormat
from holdfast.testing.builders import session, transcript
from holdfast.testing.format_contract import dumped, loaded

LISTED = [transcript("one"), transcript("two"), transcript("three")]


def lines(data: bytes) -> list[dict]:
    with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True) as reader:
        return [json.loads(line) for line in reader.read().splitlines()]


def written(line) -> bytes:
    return json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def packed(*values) -> bytes:
    """Compress lines by hand, in one frame."""
    text = b"".join(v if isinstance(v, bytes) else written(v) for v in values)
    return zstandard.ZstdCompressor().compress(text)


def pieces(owner) -> list[RawPiece]:
    path = f"/home/ada/{owner.native_id}.jsonl"
    return [
        RawPiece(session=owner.id, path=path, offset=0, data=bytes(range(256)) * 20),
        RawPiece(session=owner.id, path=path, offset=5120, data=b"", version=1, whole=True, rows=True),
    ]


def with_raw(listed=LISTED) -> bytes:
    stream = io.BytesIO()
    NativeFormat().dump_raw(listed, stream, raw=pieces)
    return stream.getvalue()


def test_the_lines_are_a_header_the_sessions_and_the_end():
    kinds = [next(iter(line)) for line in lines(dumped(NativeFormat(), [transcript()], Header(masked={"pem": 1})))]
    assert kinds == ["header", "edits", "session", *["message"] * 6, *["request"] * 2, "rest", "end", "done"]


def test_source_files_come_back_byte_for_byte_behind_their_session():
    got = list(NativeFormat().load_raw(io.BytesIO(with_raw())))
    assert got == [item for t in LISTED for item in (t, *pieces(t.session))]


def test_a_reader_that_wants_no_source_files_passes_them_over():
    assert loaded(NativeFormat(), with_raw()) == (LISTED, None)


def test_source_bytes_that_were_changed_are_named():
    changed = lines(with_raw(LISTED[:1]))
    for line in changed:
        if "raw" in line and line["raw"]["data"]:
            line["raw"]["data"] = "AAAA"
    with pytest.raises(Unreadable, match=r"line 14: raw bytes of '/home/ada/one.jsonl'"):
        list(NativeFormat().load_raw(io.BytesIO(packed(*changed))))


@pytest.mark.parametrize("kind", ["message", "request", "rest", "session", "end", "done", "header", "raw", "raw_end"])
def test_a_line_that_is_missing_or_doubled_is_noticed(kind):
    whole = lines(with_raw(LISTED[:1]))
    at = next(n for n, line in enumerate(whole) if kind in line)
    texts = [written(line) for line in whole]
    assert loaded(NativeFormat(), packed(*texts)) == (LISTED[:1], None)
    assert loaded(NativeFormat(), packed(*texts[:at], *texts[at + 1 :]))[1] is not None or kind == "raw_end"
    doubled = loaded(NativeFormat(), packed(*texts[: at + 1], *texts[at:]))
    assert doubled[1] is not None or kind == "header"


def test_a_changed_word_in_a_message_is_noticed():
    texts = [written(line) for line in lines(dumped(NativeFormat(), LISTED))]
    changed = [t.replace(b"please fix", b"please drop") for t in texts]
    got, problem = loaded(NativeFormat(), packed(*changed))
    assert got == []
    assert problem is not None
    assert "count or hash" in problem.message
    assert problem.message.startswith("line 13:")


def test_every_complete_session_before_any_damage_is_read():
    whole = dumped(NativeFormat(), LISTED)
    ends = [len(dumped(NativeFormat(), LISTED[:n])) for n in range(4)]
    tail = len(dumped(NativeFormat(), [])) - len(dumped(NativeFormat(), [])[: -len(_done(0))])
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        got, problem = loaded(NativeFormat(), bytes(damaged))
        before = sum(place >= end - tail for end in ends[1:])
        assert got == LISTED[: len(got)], place
        assert len(got) >= before, place
        assert problem is not None or got == LISTED, place


def _done(sessions: int) -> bytes:
    stream = io.BytesIO()
    with module._Frame(stream) as frame:
        frame.line("done", {"transcripts": sessions, "raw": 0})
    return stream.getvalue()


def test_a_file_of_a_newer_release_says_so():
    with pytest.raises(Unreadable, match="newer release"):
        list(NativeFormat().load(io.BytesIO(packed({"header": {"format": "holdfast", "schema_version": 2}}))))


@pytest.mark.parametrize(
    "line",
    [b"[]\n", b"{}\n", b'{"a":1,"b":2}\n', b'"x"\n', b"\n", b'{"_begun":1}\n', b'{"take":1}\n', b'{"header":1}\n'],
)
def test_a_line_of_another_shape_is_unreadable(line):
    start = {"header": {"format": "holdfast", "schema_version": 1}}
    for data in (packed(line), packed(start, line)):
        got, problem = loaded(NativeFormat(), data)
        assert got == []
        assert problem is not None
        assert problem.message.startswith("line ")


def test_a_line_without_end_cannot_fill_the_memory(monkeypatch):
    monkeypatch.setattr(module, "LINE_LIMIT", 1 << 20)
    with pytest.raises(Unreadable, match="longer than"):
        list(NativeFormat().load(io.BytesIO(packed(b"0" * (1 << 23)))))


def test_zstd_that_is_not_ours_is_not_claimed():
    assert NativeFormat().sniff(packed({"type": "session_meta"})) == 0.0
    assert NativeFormat().sniff(dumped(NativeFormat(), [])[:200]) == 1.0


def test_a_file_cut_before_its_header_does_not_pass_for_unmasked():
    whole = dumped(NativeFormat(), [], Header(masked={"jwt": 1}))
    for end in range(20):
        with pytest.raises(Unreadable):
            NativeFormat().header(io.BytesIO(whole[:end]))


def test_it_holds_one_line_at_a_time():
    big = replace(transcript("big", *["x" * 50_000] * 40), session=session("big"))

    class Watched(io.BytesIO):
        largest = 0

        def write(self, data):
            self.largest = max(self.largest, len(data))
            return super().write(data)

    stream = Watched()
    NativeFormat().dump([big], stream)
    assert stream.largest < 300_000
