"""What sources share about running agents: telling a command however it was launched.

Knows argument lists; refuses to know any agent. A command is recognised by what runs, never by a word
somewhere in its arguments: `vim notes-about-claude.md` runs vim.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.model.live import Claim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.model.process import Process

_INTERPRETERS = ("node", "nodejs", "bun", "deno", "python", "pypy", "ruby")
_SHELLS = ("bash", "sh", "dash", "zsh", "ksh", "fish")
"""A script of a shell that bears an agent's name starts the agent, and is none."""
_TAKE_VALUES = {"-r", "--require", "--import", "--loader", "--experimental-loader", "-W", "-X", "--env-file"}
_SUFFIXES = (".exe", ".cmd")
_FIRST = 2
_ABOUT = frozenset({"--version", "-V", "--help", "-h"})
_SAYS = ("-p", "--prompt", "-i", "--interactive")
"""What follows one of these is said to the agent, and no command of the program."""


class Launch(Struct, frozen=True):
    """How an agent's command looks: its names, pieces of the path of its script, and its Python modules."""

    names: tuple[str, ...]
    scripts: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    """Arguments that make it something else than a session: a daemon, a server, a question to the program itself."""


def arguments(process: Process, launch: Launch) -> tuple[str, ...] | None:
    """Return what the agent's command was given, None where the process is no session of it."""
    argv = process.argv
    if any(a.startswith("--type=") for a in argv[1:]):  # zygotes, renderers and other helpers of an editor
        return None
    found = _after_command(process, launch)
    if found is None or any(a in launch.never for a in _verbs(found)) or any(a in _ABOUT for a in found):
        return None
    return found


def _verbs(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the arguments that may be a command of the program."""
    return given[:1] if given[:1] and given[0] in _SAYS else given[:_FIRST]


def _after_command(process: Process, launch: Launch) -> tuple[str, ...] | None:
    argv = process.argv
    if not argv:
        return () if process.name in launch.names else None
    command = named(argv[0])
    if command in launch.names:
        return argv[1:]
    if command in _SHELLS:
        return None
    if not _is_interpreter(command):
        return argv[1:] if process.name in launch.names or _is_version(argv[0], launch) else None
    place, module = _script(argv)
    if module:
        return argv[place + 1 :] if module in launch.modules or module.partition(".")[0] in launch.modules else None
    if place < len(argv) and _is_script(argv[place], launch):
        return argv[place + 1 :]
    return None


def _is_version(path: str, launch: Launch) -> bool:
    """Tell a binary that is named by its version and lies in the agent's folder."""
    return named(path)[:1].isdigit() and any(piece in path for piece in launch.scripts)


def _is_script(path: str, launch: Launch) -> bool:
    return os.path.basename(path) in launch.names or any(piece in path.replace("\\", "/") for piece in launch.scripts)


def _is_interpreter(command: str) -> bool:
    return command.rstrip("0123456789.") in _INTERPRETERS


def _script(argv: Sequence[str]) -> tuple[int, str]:
    """Return where an interpreter's script stands, and the module's name for `-m`; beyond the end where there is none."""
    place = 1
    while place < len(argv):
        argument = argv[place]
        if argument in ("-c", "-e", "-p", "--eval", "--print"):
            return len(argv), ""
        if argument == "-m" and place + 1 < len(argv):
            return place + 1, argv[place + 1]
        if argument in _TAKE_VALUES:
            place += 2
        elif argument.startswith("-") or argument in ("run", "x"):
            place += 1
        else:
            return place, ""
    return place, ""


def named(path: str) -> str:
    """Return the command that an argument names: without its folder, its suffix and the dash of a login shell."""
    name = os.path.basename(path.replace("\\", "/")).lstrip("-")
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def option(given: Sequence[str], *names: str) -> str:
    """Return the value of the first of these options, however it is written; empty where it has none."""
    for place, argument in enumerate(given):
        name, equals, value = argument.partition("=")
        if name in names:
            if equals:
                return value
            following = given[place + 1] if place + 1 < len(given) else ""
            return "" if following.startswith("-") else following
    return ""


def plain_claim(process: Process, given: Sequence[str], *, by_id: Sequence[str], go_on: Sequence[str]) -> Claim:
    """Return what a command line alone says: the session that it names, or that it goes on with the newest one."""
    ident = option(given, *by_id)
    resumes = ident in ("latest", "last") or any(a.partition("=")[0] in go_on for a in given)
    if ident in ("latest", "last"):
        ident = ""
    return Claim(native_id=ident, cwd=process.cwd, resumes=resumes and not ident)
