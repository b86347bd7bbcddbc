"""`completion`: a script with which a shell completes commands, options, sessions, agents, projects and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from holdfast.faces.cli._command import command
from holdfast.faces.cli.documents import CompletionDocument, Shell

if TYPE_CHECKING:
    from holdfast.faces.cli._state import State


@command(
    "completion",
    "CompletionDocument",
    examples=(
        "holdfast completion bash",
        "holdfast completion zsh",
        "holdfast completion fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(state: State, *, shell: Shell) -> None:
    """Print the script with which a shell completes commands, options, sessions, agents, projects and tags.

    For bash, add to ~/.bashrc: eval "$(holdfast completion bash)". For zsh, after compinit: eval "$(holdfast completion
    zsh)". For fish: holdfast completion fish > ~/.config/fish/completions/holdfast.fish
    """
    from holdfast.faces.cli import _completion
    from holdfast.faces.cli._program import program

    ctx = click.get_current_context()
    commands = {name: found for name in program.list_commands(ctx) if (found := program.get_command(ctx, name))}
    write = {"bash": _completion.bash, "zsh": _completion.zsh, "fish": _completion.fish}[shell]
    script = write(_completion.specs(commands))
    if state.json:
        state.document(CompletionDocument(shell=shell, script=script))
    else:
        state.text(script)
