"""Commands that a person allowed once and for all in one project, by how they begin.

Knows a file in the user's data folder, readable by the user alone; refuses to read any rule out of a project.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from holdfast.config import data_dir
from holdfast.errors import BadInput, Unreadable, Unsafe

if TYPE_CHECKING:
    from collections.abc import Sequence

Rules = dict[str, list[list[str]]]
RUNNERS = frozenset({
    "sh", "bash", "dash", "zsh", "fish", "ksh", "env", "xargs", "sudo", "su", "doas", "nohup", "setsid", "timeout", "nice",
    "python", "python3", "node", "perl", "ruby", "php", "busybox", "eval", "exec", "find", "awk", "ssh", "time", "watch",
})  # fmt: skip
"""Programs that run whatever they are told: allowing one alone would allow everything."""


def allowed(root: Path) -> tuple[tuple[str, ...], ...]:
    """Return what is allowed in a project, in the order in which it was."""
    return tuple(tuple(prefix) for prefix in _read(root).get(_key(root), []))


def allow(root: Path, prefix: Sequence[str]) -> None:
    """Allow every command that begins with these arguments; errors.BadInput for one that would allow everything."""
    wanted = list(prefix)
    if not wanted or not all(wanted):
        raise BadInput("a rule needs at least a program", "for example: pytest -q")
    if len(wanted) == 1 and wanted[0].rpartition("/")[2] in RUNNERS:
        raise BadInput(f"{wanted[0]} runs anything, so this would allow everything", "name what it runs as well")
    rules = _read(root)
    of_project = rules.setdefault(_key(root), [])
    if wanted not in of_project:
        of_project.append(wanted)
        _write(root, rules)


def disallow(root: Path, prefix: Sequence[str]) -> bool:
    """Take a rule back and tell whether it was there."""
    rules = _read(root)
    of_project = rules.get(_key(root), [])
    if list(prefix) not in of_project:
        return False
    of_project.remove(list(prefix))
    _write(root, {k: v for k, v in rules.items() if v})
    return True


def is_allowed(root: Path, argv: Sequence[str]) -> bool:
    """Tell whether a command begins as one of the project's rules does, argument by argument."""
    return any(tuple(argv[: len(prefix)]) == prefix for prefix in allowed(root))


def _key(root: Path) -> str:
    return str(root.resolve())


def _file(root: Path) -> Path | None:
    """Return where rules are kept; None when the project could write there itself."""
    file = (data_dir() / "allowed-commands.json").resolve()
    return None if root.resolve() in file.parents else file


def _read(root: Path) -> Rules:
    file = _file(root)
    if file is None or not file.exists():
        return {}
    found = file.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o022:
        raise Unsafe(f"others may write {file}, so what it allows does not count", f"chmod 600 {file}")
    try:
        return msgspec.json.decode(file.read_bytes(), type=Rules)
    except msgspec.DecodeError as error:
        raise Unreadable(f"{file} is damaged: {error}", "mend or remove it") from error


def _write(root: Path, rules: Rules) -> None:
    file = _file(root)
    if file is None:
        raise Unsafe(
            "the data folder lies in this project, which could then allow itself commands",
            "move HOLDFAST_HOME out of it",
        )
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, made = tempfile.mkstemp(dir=file.parent)  # readable by the user alone
    with os.fdopen(handle, "wb") as out:
        out.write(msgspec.json.format(msgspec.json.encode(rules)))
    Path(made).replace(file)
