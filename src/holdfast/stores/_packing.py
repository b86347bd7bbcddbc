"""Compression of blocks and raw spans: zstd with a checksum, raw bytes against the messages that they hold."""

from __future__ import annotations

from functools import lru_cache

import zstandard

from holdfast.errors import Unreadable

LEVEL = 1
"""For parsed blocks: 0.209 of the source; level 3 takes half as much time again for 0.197."""
RAW_WINDOW, RAW_HASH, RAW_MATCH = 19, 15, 7
"""For raw spans, which mostly repeat their block in long runs: a fast search for long matches gives 0.096 of the source where
level 3 gives 0.087 and level 1 gives 0.19 (it keeps too little of the dictionary in mind)."""
LARGEST = 1 << 31


def packed(data: bytes, dictionary: bytes = b"") -> bytes:
    """Compress against a dictionary, or alone."""
    return _compressor(dictionary).compress(data)


def unpacked(data: bytes, dictionary: bytes = b"") -> bytes:
    """Decompress; errors.Unreadable where the checksum does not hold."""
    try:
        return _decompressor(dictionary).decompress(data, max_output_size=LARGEST)
    except zstandard.ZstdError as error:
        raise Unreadable(f"stored data is damaged: {error}", "holdfast store verify") from error


def _compressor(dictionary: bytes) -> zstandard.ZstdCompressor:
    if not dictionary:
        return _plain_compressor()
    return zstandard.ZstdCompressor(compression_params=_raw_search(), dict_data=_raw_dictionary(dictionary))


@lru_cache(maxsize=1)
def _raw_search() -> zstandard.ZstdCompressionParameters:
    return zstandard.ZstdCompressionParameters(
        strategy=zstandard.STRATEGY_FAST,
        window_log=RAW_WINDOW,
        hash_log=RAW_HASH,
        chain_log=RAW_HASH,
        min_match=RAW_MATCH,
        write_checksum=True,
        write_dict_id=False,
    )


def _decompressor(dictionary: bytes) -> zstandard.ZstdDecompressor:
    if not dictionary:
        return _plain_decompressor()
    return zstandard.ZstdDecompressor(dict_data=_raw_dictionary(dictionary))


def _raw_dictionary(data: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


@lru_cache(maxsize=1)
def _plain_compressor() -> zstandard.ZstdCompressor:
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)


@lru_cache(maxsize=1)
def _plain_decompressor() -> zstandard.ZstdDecompressor:
    return zstandard.ZstdDecompressor()
