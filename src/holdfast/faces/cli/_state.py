"""What one run of the program knows: flags, settings, the workspace, and where output goes.

Results go to stdout, talk to stderr. Opens nothing before it is asked for.
"""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, TextIO

from holdfast.errors import BadInput, Unsafe
from holdfast.faces.cli._terminal import Paint, is_capable, safe_json, safe_line, wants_colour

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from msgspec import Struct

    from holdfast.config import Config
    from holdfast.workspace import Workspace

WIDE = 100
"""Columns where there is no terminal to ask."""
SAMPLES = 5
READERS = frozenset(
    {"list", "list-projects", "show", "search", "usage", "health", "recommend", "export", "restore", "resume", "store"}
)
"""Commands that read an archive: the one that --store names has to be there."""


class State:
    """One run."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        """Take the environment; flags are set while the command line is parsed."""
        self.env = os.environ if env is None else env
        self.json = False
        self.store: str | None = None
        self.pager = True
        self.color: str | None = None
        self.yes = False
        self.bare = False
        """Whether `holdfast` was called without a command."""
        self.flags: dict[str, object] = {}
        """Settings that a command's own options override."""
        self.unsynced = ""
        """Why nothing was read before a list or a search."""
        self.roots: Mapping[str, Sequence[Path]] = {}

    @cached_property
    def config(self) -> Config:
        """All settings."""
        from holdfast.config import load

        return load({"store": self.store, "output.color": self.color, **self.flags}, env=self.env)

    @cached_property
    def workspace(self) -> Workspace:
        """The door to everything."""
        from holdfast.workspace import Workspace, check_exists

        if self.store and "://" not in self.store:
            raise BadInput(f"--store {self.store!r} is no URL", f"--store sqlite:///{os.path.abspath(self.store)}")  # noqa: PTH100
        if self.store and not self.bare and _command_name() in READERS:
            check_exists(self.store)
        return Workspace(self.config, roots=self.roots, env=self.env)

    @cached_property
    def paint(self) -> Paint:
        """Colours for stdout."""
        return Paint(on=not self.json and self._wants_colour(sys.stdout))

    @property
    def on_terminal(self) -> bool:
        """Whether somebody looks at stdout."""
        return not self.json and is_capable(sys.stdout, self.env)

    @property
    def width(self) -> int:
        """Columns of the terminal; COLUMNS wins, without a terminal there is room enough."""
        given = self.env.get("COLUMNS", "")
        if given.isdigit() and int(given):
            return int(given)
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns or WIDE
        except (OSError, ValueError):
            return WIDE

    def document(self, document: Struct) -> None:
        """Print one JSON document."""
        write_bytes(sys.stdout, json_of(document) + b"\n")

    def text(self, text: str, *, paged: bool = False) -> None:
        """Print a result, through the pager where it is long and somebody looks."""
        if not text.endswith("\n"):
            text += "\n"
        if paged and self.pager and self.on_terminal:
            from holdfast.faces.cli._pager import page

            if page(text, self.config["output.pager"], self.env):
                return
        sys.stdout.write(text)

    def talk(self, text: str) -> None:
        """Tell a person something beside the result; programs that read JSON find the same in it."""
        if not self.json:
            self.say(text)

    def say(self, text: str) -> None:
        """Write a line on stderr."""
        sys.stderr.write(text if text.endswith("\n") else text + "\n")
        sys.stderr.flush()

    def hint(self, line: str) -> str:
        """Return a command of ours as it has to be typed to reach the same archive."""
        import shlex

        return f"{line} --store {shlex.quote(self.store)}" if self.store else line

    def confirm(self, question: str, preview: Iterable[str]) -> bool:
        """Show what is at stake and ask; errors.Unsafe where nobody can answer. --yes answers."""
        if self.yes:
            return True
        lines = list(preview)
        for line in lines[:SAMPLES]:
            self.say(f"  {safe_line(line)}")
        if len(lines) > SAMPLES:
            self.say(f"  and {len(lines) - SAMPLES} more")
        if not getattr(sys.stdin, "isatty", bool)():
            raise Unsafe(f"not confirmed: {question}", "add --yes")
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def close(self) -> None:
        """Close what was opened."""
        if "workspace" in self.__dict__:
            self.workspace.close()

    def _wants_colour(self, stream: TextIO) -> bool:
        wish = self.config.origin("output.color")
        return wants_colour(stream, self.env, wish=wish.value, by_flag=wish.origin == "flag")


def _command_name() -> str:
    """Return the name below `holdfast` of the command that runs."""
    import click

    ctx = click.get_current_context(silent=True)
    while ctx is not None and ctx.parent is not None and ctx.parent.parent is not None:
        ctx = ctx.parent
    return (ctx.info_name or "") if ctx is not None else ""


def json_of(document: Struct) -> bytes:
    """Encode a document so that it is harmless on a terminal."""
    import msgspec

    try:
        return safe_json(msgspec.json.encode(document))
    except UnicodeEncodeError:  # half a surrogate pair, as agents do write them: JSON can say it, UTF-8 cannot
        import json

        return json.dumps(msgspec.to_builtins(document), separators=(",", ":")).encode()


def write_bytes(stream: TextIO, data: bytes) -> None:
    """Write bytes to a text stream's own buffer."""
    stream.flush()
    stream.buffer.write(data)
    stream.buffer.flush()
