"""Content of a store: compressed, or plain with a checksum, and never given back damaged."""

from __future__ import annotations

import pytest

from holdfast.errors import Unreadable
from holdfast.stores import _rows


@pytest.mark.parametrize("size", [0, 1, _rows.TINY - 1, _rows.TINY, 10 * _rows.TINY])
def test_content_comes_back_as_it_was(size):
    data = bytes(i * i % 251 for i in range(size))
    assert _rows.unpacked(_rows.packed(data)) == data


@pytest.mark.parametrize("size", [40, 10 * _rows.TINY])
def test_a_changed_byte_is_noticed(size):
    kept = bytearray(_rows.packed(bytes(i * i % 251 for i in range(size))))
    kept[len(kept) // 2] ^= 1
    with pytest.raises(Unreadable):
        _rows.unpacked(bytes(kept))


def test_small_content_is_kept_as_it_is():
    assert _rows.packed(b"one turn").endswith(b"one turn")
