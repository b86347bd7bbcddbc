"""The term table: every distinct word of the index in sorted blocks, so that a part finds the words that hold it.

Knows how often each word stands in how many rows (as a power of two); refuses to know where. A block is a run of
`TERM SIZE NEWLINE`, SIZE one byte: a plain byte search over all blocks (about 1 GB/s) takes the place of trigrams.
"""

from __future__ import annotations

import heapq
import re
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Literal

from holdfast.index._fold import tokens
from holdfast.index._schema import CLASSES, merging, read_number, write_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import apsw

Where = Literal["inside", "start", "end"]
BLOCK = 32 * 1024
SHARE = 8
"""Text beyond 1/8 of what is indexed is not split into words in Python: its terms come from the index afterwards."""
SMALL = 1 << 16
MOST_FRESH = 200_000
MOST_COUNTED = 500
MOST_GATHERED = 2_000
NEWLINE, CONTROL = 10, 32


def note(connection: apsw.Connection, texts: Sequence[str]) -> None:
    """Take up the words of newly indexed text, or remember that they are still to be taken from the index."""
    size = sum(map(len, texts))
    if not size:
        return
    total = _added(connection, "characters", size)
    if pending(connection):
        return
    if _added(connection, "noted", size) > max(total // SHARE, SMALL):
        write_number(connection, "pending", 1)
        merging(connection, automatic=False)
        return
    words = {word for text in texts for word in tokens(text)}
    connection.executemany("INSERT OR IGNORE INTO fresh(term) VALUES(?)", ((w,) for w in words))


def pending(connection: apsw.Connection) -> bool:
    """Tell whether words of bulk puts are still to be taken from the index."""
    return read_number(connection, "pending") > 0


def _added(connection: apsw.Connection, key: str, size: int) -> int:
    total = read_number(connection, key) + size
    write_number(connection, key, total)
    return total


def unsettled(connection: apsw.Connection) -> bool:
    """Tell whether words are pending, or too many stand outside the blocks."""
    if pending(connection):
        return True
    fresh = connection.execute("SELECT count(*) FROM (SELECT 1 FROM fresh LIMIT ?)", (MOST_FRESH,)).get
    return bool(fresh >= MOST_FRESH)


def rebuild(connection: apsw.Connection) -> None:
    """Take all terms from the index anew (call inside a write transaction)."""
    connection.execute("DELETE FROM terms")
    connection.execute("DELETE FROM fresh")
    connection.executemany("INSERT INTO terms(first, block) VALUES(?, ?)", _blocks(_counted(connection)))
    write_number(connection, "noted", 0)
    write_number(connection, "pending", 0)
    merging(connection, automatic=True)


def longer(connection: apsw.Connection, part: str, where: Where, *, most: int) -> list[str]:
    """Return words that hold `part` (or begin or end with it) and are longer, the most frequent first."""
    needle = part.encode()
    found = _most_frequent(_blocks_for(connection, needle, where), _pattern(needle, where), most)
    known = {word.decode(errors="ignore") for _, word in found}
    fresh = (w for (w,) in connection.execute("SELECT term FROM fresh WHERE instr(term, ?)", (part,)))
    chosen = [w for w in fresh if where == "inside" or (w.startswith(part) if where == "start" else w.endswith(part))]
    known.update(sorted(chosen, key=len)[:most])
    known.discard(part)
    size = {word.decode(errors="ignore"): rows for rows, word in found}
    return sorted(known, key=lambda w: (-size.get(w, 0), len(w), w))[:most]


def _blocks_for(connection: apsw.Connection, needle: bytes, where: Where) -> Iterator[bytes]:
    if where == "start":
        between = "first >= coalesce((SELECT max(first) FROM terms WHERE first <= ?), x'') AND first < ?"
        rows = connection.execute(f"SELECT block FROM terms WHERE {between}", (needle, needle + b"\xff"))
    else:
        rows = connection.execute("SELECT block FROM terms")
    return (row[0] for row in rows)


def _pattern(needle: bytes, where: Where) -> re.Pattern[bytes]:
    """Match from the part to the end of the word's entry, its size being the last byte."""
    before = b"\n" if where == "start" else b""
    after = rb"[\x0b-\x1f](?=\n)" if where == "end" else rb"[^\n]+"
    return re.compile(before + re.escape(needle) + after)


def _most_frequent(blocks: Iterable[bytes], pattern: re.Pattern[bytes], most: int) -> list[tuple[int, bytes]]:
    """Keep the words of most rows; where there are many, a word is cut out only if it can still be among them."""
    found: list[tuple[int, bytes]] = []
    least = 0
    for block in blocks:
        text = b"\n" + block
        for match in pattern.finditer(text):
            end = match.end() - 1
            if text[end] > least:
                found.append((text[end], text[text.rfind(b"\n", 0, end) + 1 : end]))
        if len(found) > MOST_GATHERED:
            found = sorted(found, reverse=True)[:most]
            least = found[-1][0]
    return sorted(found, reverse=True)[: most + 1]


def frequency(connection: apsw.Connection, word: str) -> int:
    """Return in about how many rows a word stands; of words outside the blocks the first rows are counted."""
    return max(_kept(connection, word.encode()) or _counted_rows(connection, word), 1)


def _kept(connection: apsw.Connection, word: bytes) -> int:
    row = connection.execute("SELECT block FROM terms WHERE first <= ? ORDER BY first DESC LIMIT 1", (word,)).fetchone()
    if row is None:
        return 0
    block, needle = b"\n" + row[0], b"\n" + word
    place = block.find(needle)
    while place >= 0:
        end = place + len(needle)
        if block[end] < CONTROL:
            return int(1 << block[end] - NEWLINE - 1)
        place = block.find(needle, end)
    return 0


def _counted_rows(connection: apsw.Connection, word: str) -> int:
    sql = "SELECT count(*) FROM (SELECT 1 FROM words_{0} WHERE words_{0} MATCH ? LIMIT ?)"
    return sum(connection.execute(sql.format(n), (f'"{word}"', MOST_COUNTED)).get for n in CLASSES)


def _counted(connection: apsw.Connection) -> Iterator[tuple[bytes, int]]:
    columns = [connection.execute(f"SELECT CAST(term AS BLOB), doc FROM vocabulary_{name}") for name in CLASSES]
    for term, rows in groupby(heapq.merge(*columns), key=itemgetter(0)):
        yield term, sum(int(row[1]) for row in rows)


def _blocks(counted: Iterator[tuple[bytes, int]]) -> Iterator[tuple[bytes, bytes]]:
    first, size = b"", 0
    parts: list[bytes] = []
    for term, rows in counted:
        if not parts:
            first = term
        entry = term + bytes((NEWLINE + min(rows.bit_length(), CONTROL - NEWLINE - 1), NEWLINE))
        parts.append(entry)
        size += len(entry)
        if size >= BLOCK:
            yield first, b"".join(parts)
            parts, size = [], 0
    if parts:
        yield first, b"".join(parts)
