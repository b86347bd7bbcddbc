"""The way in: answers --help and --version from the command table alone, and hands everything else to the program."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GARBAGE = 100_000
"""Objects made between two looks for cycles: hardly any are made here, and looking took a sixth of a list's time."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command line; exits with its code unless that is 0."""
    gc.set_threshold(GARBAGE, 20, 20)
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--help"], ["-h"], ["help"]):
        from holdfast.faces.cli._table import overview

        sys.stdout.write(overview())
        return
    if arguments == ["--version"]:
        from holdfast import __version__

        sys.stdout.write(f"holdfast {__version__}\n")
        return
    if arguments[:1] == ["__complete"]:
        from holdfast.faces.cli._words import answer

        answer(arguments[1:])
        os._exit(0)  # nothing is left to do, and taking an interpreter apart takes a tenth of the time
    try:
        from holdfast.faces.cli._program import run

        code = run(arguments)
    except KeyboardInterrupt:  # before or after the program could say anything
        code = 130
    if code:
        sys.exit(code)
