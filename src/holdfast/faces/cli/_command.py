"""How a command is declared: with the documents it prints, examples, and the exit codes it may end with.

Tests and the reference pages read what is declared here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from holdfast.errors import EXIT_CODES, INTERRUPTED, BadInput
from holdfast.faces.cli._state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.faces.cli.documents import Document

HELP = {"help_option_names": ["--help", "-h"]}
ALWAYS = (0, 1, 2, 4, 6, 8, 10, INTERRUPTED)
"""Exit codes that every command may end with: settings may be refused, the archive locked, damaged or out of reach."""


class Command(click.Command):
    """A click command that knows its documents, examples and exit codes."""

    named: tuple[str | type[Document], ...] = ()
    examples: tuple[str, ...] = ()
    exits: tuple[int, ...] = ALWAYS

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the line; a filter that begins with a dash is no option."""
        if any(p.name == "query" for p in self.params):
            from holdfast.faces.cli._doubts import escaped

            args = escaped(args)
        return super().parse_args(ctx, args)

    @property
    def documents(self) -> tuple[type[Document], ...]:
        """The structs it prints with --json; loaded only when they are asked for."""
        from holdfast.faces.cli import documents

        return tuple(getattr(documents, d) if isinstance(d, str) else d for d in self.named)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples and exit codes."""
        del ctx
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")
        with formatter.section("Exit codes"):
            formatter.write_text(", ".join(f"{code} {EXIT_CODES[code]}" for code in self.exits))


class Family(click.Group):
    """Commands below one name, for example `config show`."""

    def __init__(self, name: str, *, help: str) -> None:  # noqa: A002 - click's own word
        """Take the name and what the family is for."""
        super().__init__(name, help=help, params=shared_options(), no_args_is_help=False, context_settings=HELP)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command of the family, or say which may be meant."""
        if args[0] not in self.commands:
            import difflib

            near = difflib.get_close_matches(args[0], list(self.commands), n=3, cutoff=0.5) or list(self.commands)
            raise BadInput(f"no command {self.name} {args[0]!r}", f"did you mean: {', '.join(near)}")
        return super().resolve_command(ctx, args)


def command(
    name: str, *documents: str | type[Document], examples: tuple[str, ...], exits: tuple[int, ...] = ()
) -> Callable[[Callable[..., None]], Command]:
    """Declare a command; its function takes the State first, then what its options and arguments name."""

    def declare(function: Callable[..., None]) -> Command:
        made: Command = click.command(name, cls=Command, context_settings=HELP)(click.pass_obj(function))
        made.named, made.examples = documents, examples
        made.exits = tuple(sorted({*ALWAYS, *exits}))
        made.params += shared_options()
        return made

    return declare


def shared_options() -> list[click.Parameter]:
    """Return the options that every command takes, and that also stand before a command."""
    return [
        click.Option(["--json"], is_flag=True, help="Print JSON alone.", **_kept("json")),
        click.Option(["--store"], metavar="URL", help="Use another archive.", **_kept("store")),
        click.Option(["--yes", "-y"], is_flag=True, help="Answer every question with yes.", **_kept("yes")),
        click.Option(
            ["--color"], type=click.Choice(["auto", "always", "never"]), help="When to use colour.", **_kept("color")
        ),
        click.Option(["--no-pager"], is_flag=True, help="Print long output at once.", **_kept("pager", negated=True)),
    ]


def _kept(name: str, *, negated: bool = False) -> dict[str, Any]:
    """Return what makes an option set a field of the State, wherever on the line it stands."""

    def keep(ctx: click.Context, param: click.Parameter, value: object) -> None:
        del param
        state = ctx.find_object(State)
        if state is not None and value not in (None, False):
            setattr(state, name, not value if negated else value)

    return {"callback": keep, "expose_value": False, "is_eager": True}
