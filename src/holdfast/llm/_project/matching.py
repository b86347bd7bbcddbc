"""Lines of files that match. Also runs alone, so that an expression that takes for ever can be ended with its process.

Knows bytes and expressions; refuses to know which files may be looked at. The standard library and nothing of Holdfast.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 2_000_000
"""Bytes of a file above which it is read only in part, and not searched."""
LONGEST_LINE = 1000
LONGEST_SHOWN = 300
_LOOKED_AT = 8192


def is_binary(data: bytes) -> bool:
    """Tell whether bytes are no text."""
    return b"\0" in data[:_LOOKED_AT]


def matches(path: Path, name: str, wanted: re.Pattern[str]) -> Iterator[str]:
    """Yield a file's lines that match, as name:line: text; nothing of one that is huge, binary or not to be read."""
    try:
        if path.stat().st_size > LARGEST:
            return
        data = path.read_bytes()
    except OSError:
        return
    if is_binary(data):
        return
    for number, line in enumerate(data.decode("utf-8", "replace").splitlines(), 1):
        if wanted.search(line[:LONGEST_LINE]):
            yield f"{name}:{number}: {line[:LONGEST_SHOWN].strip()}"


def main() -> None:
    """Write the lines that match, one JSON text a line, for what comes on standard input."""
    root, pattern, names, most = json.load(sys.stdin)
    wanted, found = re.compile(pattern), 0
    for name in names:
        for line in matches(Path(root, name), name, wanted):
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()
            found += 1
            if found == most:
                return


if __name__ == "__main__":
    main()
