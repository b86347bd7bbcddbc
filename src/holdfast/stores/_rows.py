"""How nouns become bytes and back: MessagePack inside; compressing is next door."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import msgspec

from holdfast.errors import Unreadable
from holdfast.model import Edits, Message, Receipt, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_encoder = msgspec.msgpack.Encoder()
_message = msgspec.msgpack.Decoder(Message)
_pieces = msgspec.msgpack.Decoder(list[bytes])
_session = msgspec.msgpack.Decoder(Session)
_edits = msgspec.msgpack.Decoder(Edits)
_receipt = msgspec.msgpack.Decoder(Receipt)
_counts = msgspec.msgpack.Decoder(tuple[int, ...])
PLAIN = b"\0"
"""The first byte of content that is kept as it is, a checksum after it; compressed content begins with another one."""
TINY = 2 << 10
"""Content below this is kept as it is: one turn of a chat, until it is joined with its neighbours."""
_HEAD = 5
encode = _encoder.encode
session_from = _session.decode
edits_from = _edits.decode
receipt_from = _receipt.decode
counts_from = _counts.decode


def pieces_of(messages: Iterable[Message]) -> list[bytes]:
    """Encode messages one by one; seq is their place, so it is not kept."""
    return [encode(m if m.seq == -1 else msgspec.structs.replace(m, seq=-1)) for m in messages]


def message_from(piece: bytes, seq: int) -> Message:
    """Decode one message."""
    return msgspec.structs.replace(_message.decode(piece), seq=seq)


def joined(pieces: Sequence[bytes]) -> bytes:
    """Return the content of a block."""
    return encode(pieces)


def split(block: bytes) -> list[bytes]:
    """Return the messages of a block, still encoded."""
    try:
        return _pieces.decode(block)
    except msgspec.DecodeError as error:
        raise Unreadable(f"a block of messages is damaged: {error}", "holdfast store verify") from error


def packed(data: bytes, dictionary: bytes = b"") -> bytes:
    """Compress; against the dictionary, content that stands there already costs almost nothing."""
    if len(data) < TINY and not dictionary:
        return PLAIN + zlib.crc32(data).to_bytes(_HEAD - 1, "big") + data
    from holdfast.stores import _packing  # noqa: PLC0415 - lists open no block, and should be quick

    return _packing.packed(data, dictionary)


def unpacked(data: bytes, dictionary: bytes = b"") -> bytes:
    """Decompress; errors.Unreadable where the checksum does not hold."""
    if data[:1] == PLAIN:
        if zlib.crc32(data[_HEAD:]) != int.from_bytes(data[1:_HEAD], "big"):
            raise Unreadable("stored data is damaged: its checksum does not hold", "holdfast store verify")
        return data[_HEAD:]
    from holdfast.stores import _packing  # noqa: PLC0415 - lists open no block, and should be quick

    return _packing.unpacked(data, dictionary)
