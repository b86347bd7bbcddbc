"""Agents' files: read whole, written whole or not at all, behind links and with their modes."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from holdfast.errors import Denied, Unreadable


def digest(value: str) -> str:
    """Return what tells one text from another."""
    return hashlib.sha256(value.encode()).hexdigest()


def read(path: Path) -> str | None:
    """Return a file's text, None where there is none; raises errors.Unreadable or errors.Denied."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path} is not UTF-8", "mend the file; nothing was changed") from error
    except OSError as error:
        raise Denied(f"{path}: {error.strerror}", "check its owner and mode") from error


def read_or(path: Path) -> str | None:
    """Return a file's text, or what is no JSON where it cannot be read."""
    try:
        return read(path)
    except (Unreadable, Denied):
        return "\0"


def missing(folder: Path) -> tuple[Path, ...]:
    """Name the folders that have to be made, the innermost first."""
    return tuple(p for p in (folder, *folder.parents) if not p.exists())


def leave(folder: Path) -> None:
    """Remove a folder, if nothing is left in it."""
    try:
        folder.rmdir()
    except OSError:
        return  # somebody else keeps something in it


def write(path: Path, content: str) -> None:
    """Write a file whole or not at all: behind links, with its mode; in place where it has several names."""
    real = path.resolve()
    mode = real.stat().st_mode & 0o7777 if real.exists() else 0o600
    if real.exists() and real.stat().st_nlink > 1:
        real.write_bytes(content.encode())
        return
    descriptor, beside = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content.encode())
            stream.flush()
            os.fsync(stream.fileno())
        if sys.platform != "win32":
            Path(beside).chmod(mode)
        Path(beside).replace(real)
    finally:
        Path(beside).unlink(missing_ok=True)
