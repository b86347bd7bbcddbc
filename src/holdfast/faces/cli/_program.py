"""The program: loads commands by name when they are called, and turns every failure into a message and an exit code."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from holdfast.errors import INTERRUPTED, BadInput, Denied, HoldfastError, Unavailable
from holdfast.faces.cli._command import HELP, shared_options
from holdfast.faces.cli._state import State, json_of
from holdfast.faces.cli._table import ALIASES, COMMANDS, overview
from holdfast.faces.cli._terminal import safe, safe_line

if TYPE_CHECKING:
    from collections.abc import Sequence

GLOBAL = ("--json", "--yes", "-y", "--no-pager")


class Program(click.Group):
    """All commands by name; only the one that is called is loaded."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].target.partition(":")
        found: click.Command = getattr(import_module(module), attribute)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the line names, by its own name or an older one."""
        name = args[0]
        if name in ALIASES:
            args = [*ALIASES[name], *args[1:]]
            click.echo(f"{name} is now: holdfast {' '.join(ALIASES[name])}", err=True)
        elif name not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(name, [*COMMANDS, *ALIASES], n=3, cutoff=0.6)
            raise BadInput(f"no command {name!r}", f"did you mean: {', '.join(near)}" if near else "holdfast --help")
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview."""
        del ctx
        formatter.write(overview())

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run a command line and exit with its code."""
        del extra
        sys.exit(run(list(sys.argv[1:] if args is None else args)))


program = Program("holdfast", invoke_without_command=True, params=shared_options(), context_settings=HELP)


@program.result_callback()
def _done(*_: object, **__: object) -> None:
    """Take what commands return: nothing."""


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; nothing escapes but a bug's traceback when HOLDFAST_DEBUG is set."""
    state = State()
    state.json = "--json" in arguments
    try:
        with contextlib.closing(state):
            code = _invoke(state, arguments)
            sys.stdout.flush()
    except BrokenPipeError:
        return _silenced()
    except OSError as error:
        if error.errno == errno.EPIPE:
            return _silenced()
        return _failed(state, _of_system(error))
    except (KeyboardInterrupt, click.Abort) as stop:
        return _interrupted(state, stop)
    except HoldfastError as error:
        return _failed(state, error)
    except UnicodeEncodeError as error:
        return _failed(state, BadInput(f"not valid text: {error.object!r}", "type it as UTF-8"))
    except click.ClickException as error:
        return _failed(state, _usage(error, arguments))
    except Exception as error:
        if state.env.get("HOLDFAST_DEBUG"):
            raise
        problem = f"{type(error).__name__}: {error}"
        return _failed(state, HoldfastError(problem, "this is a bug; HOLDFAST_DEBUG=1 shows where"))
    return code


def _invoke(state: State, arguments: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if arguments[:1] == ["help"] and len(arguments) > 1:
        arguments = [*arguments[1:], "--help"]
    if "--version" in arguments and all(a.startswith("-") for a in arguments):
        from holdfast import __version__

        if state.json:
            from holdfast.faces.cli.documents import VersionDocument

            state.document(VersionDocument(version=__version__))
        else:
            state.text(f"holdfast {__version__}")
        return 0
    if all(a in GLOBAL for a in arguments):
        from holdfast.faces.cli._dashboard import opens_alone

        state.bare = True
        arguments = [*arguments, "monitor" if opens_alone(state) else "list"]
    try:
        with program.make_context("holdfast", arguments, obj=state) as ctx:
            program.invoke(ctx)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    return 0


def _usage(error: click.ClickException, arguments: Sequence[str] = ()) -> HoldfastError:
    """Say what was wrong with the line, and what may have been meant."""
    near = getattr(error, "possibilities", None) or []
    ctx = getattr(error, "ctx", None)
    named = next((a for a in arguments if a in COMMANDS), "")
    help_line = f"{ctx.command_path} --help" if ctx is not None and ctx.parent else f"holdfast {named} --help"
    help_line = " ".join(help_line.split())
    message = f"no option {error.option_name}" if isinstance(error, click.NoSuchOption) else error.format_message()
    return BadInput(message.rstrip("."), f"did you mean: {', '.join(sorted(near)[:3])}" if near else help_line)


def _of_system(error: OSError) -> HoldfastError:
    """Say what the system refused, and by whose leave it would not."""
    place = f"{error.filename}: " if error.filename else ""
    message = f"{place}{error.strerror or error}"
    match error.errno:
        case errno.EROFS | errno.ENOSPC:
            return Unavailable(message, "choose another place, with HOLDFAST_HOME=DIR for what Holdfast itself keeps")
        case errno.EACCES | errno.EPERM:
            return Denied(message, "check its owner and mode")
        case _:
            return HoldfastError(message)


def _failed(state: State, error: HoldfastError) -> int:
    """Print what went wrong on stderr."""
    candidates: tuple[str, ...] = getattr(error, "candidates", ())
    with contextlib.suppress(OSError):
        if state.json:
            from holdfast.faces.cli.documents import ErrorDocument

            document = ErrorDocument(code=error.code, message=error.message, hint=error.hint, candidates=candidates)
            state.say(json_of(document).decode())
        else:
            state.say(f"holdfast: {safe(error.message)}")
            for line in (*candidates, error.hint):
                if line:
                    state.say(f"  {safe_line(line)}")
    return error.exit_code


def _interrupted(state: State, stop: BaseException) -> int:
    """Say that it was stopped, and what that means."""
    said = str(stop.args[0]) if stop.args else "interrupted"
    with contextlib.suppress(OSError):
        if state.json:
            from holdfast.faces.cli.documents import ErrorDocument

            state.say(json_of(ErrorDocument(code="interrupted", message=said)).decode())
        else:
            state.say(f"\n{said}" if sys.stderr.isatty() else said)
    return INTERRUPTED


def _silenced() -> int:
    """Nobody reads any more: be quiet, also when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.__stdout__ is not None and sys.stdout is sys.__stdout__:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
    return 0
