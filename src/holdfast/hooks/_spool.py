"""The spool: a folder with one append-only file of JSON lines for each agent, which the monitor reads and trims.

Knows where the data folder is (the same place that `holdfast.config` says) and nothing else of Holdfast.
"""

from __future__ import annotations

import os
import sys

from holdfast.hooks._payload import fields as parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LINE = 4096
"""Bytes of a line, its end included: so much a system appends in one piece."""
TAIL = 1 << 15
FULL = 8 << 20
"""Bytes after which a file is set aside, where no monitor ever trims it."""


def data_dir(env: Mapping[str, str]) -> str:
    """Return the data folder."""
    moved = env.get("HOLDFAST_HOME")
    if moved:
        return moved
    home = env.get("HOME") or os.path.expanduser("~")
    if sys.platform == "darwin":
        usual = os.path.join(home, "Library", "Application Support")
    elif sys.platform == "win32":
        usual = env.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    else:
        named = env.get("XDG_DATA_HOME", "")
        usual = named if named.startswith("/") else os.path.join(home, ".local/share")
    return os.path.join(usual, "holdfast")


def append(folder: str, agent: str, fields: dict[str, object]) -> None:
    """Write one line in one piece; raises OSError where that is not possible."""
    path = _file(folder, agent)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    for name in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK"):  # never through a link, never waiting for a pipe's reader
        flags |= getattr(os, name, 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileNotFoundError:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor = os.open(path, flags, 0o600)
    size = os.fstat(descriptor).st_size
    line = _line(fields)
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line  # a full disk cut the last line off: it does not take this one along
    os.write(descriptor, line)
    if size > FULL:
        os.replace(path, f"{path}.old")


def last(folder: str, agent: str, native_id: str) -> dict[str, object]:
    """Return the last line about a session that stands near the end of the file, or nothing."""
    try:
        descriptor = os.open(_file(folder, agent), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        size = os.fstat(descriptor).st_size
        tail = os.pread(descriptor, TAIL, max(0, size - TAIL))
    except OSError:
        return {}
    wanted = native_id.encode("utf-8", "replace")
    for line in reversed(tail.split(b"\n")):
        if wanted in line:
            found = parsed(line)
            if found.get("native_id") == native_id:
                return found
    return {}


def _file(folder: str, agent: str) -> str:
    return os.path.join(folder, "spool", f"{agent}.jsonl")


def _line(fields: dict[str, object]) -> bytes:
    quoted = _quoter()
    for left_out in ((), ("detail",), ("detail", "cwd"), ("detail", "cwd", "native_id")):
        kept = {**fields, **dict.fromkeys(left_out, "")}
        members = (f"{quoted(k)}:{_value(v, quoted)}" for k, v in kept.items())
        line = f"{{{','.join(members)}}}\n".encode("utf-8", "backslashreplace")
        if len(line) < LINE:
            break
    return line


def _value(value: object, quoted: Callable[[str], str]) -> str:
    return "null" if value is None else quoted(value) if isinstance(value, str) else str(value)


def _quoter() -> Callable[[str], str]:
    """Return what writes a text as JSON."""
    try:
        from _json import encode_basestring  # noqa: PLC0415 - not in every Python
    except ImportError:
        import json  # noqa: PLC0415 - only where there is nothing quicker

        return json.dumps
    made: Callable[[str], str] = encode_basestring
    return made
