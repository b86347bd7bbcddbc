"""`config`: show, set and find settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from holdfast.config import KEYS, PROJECT_FILE, check_exclusion, key_of, load, parsed, user_file
from holdfast.errors import BadInput, Denied
from holdfast.faces.cli._command import Family, command
from holdfast.faces.cli._settings import changed, save, template, written
from holdfast.faces.cli._terminal import safe_line
from holdfast.faces.cli.documents import ConfigDocument, SettingItem
from holdfast.faces.cli.render import Column, table

if TYPE_CHECKING:
    from holdfast.config import Key
    from holdfast.faces.cli._state import State

config = Family(
    "config",
    help="Show and change settings.\n\nA flag wins over the environment, that over the project's file, that over the user's.",
)


@command(
    "show",
    "ConfigDocument",
    examples=(
        "holdfast config show",
        "holdfast config show health_weights",
        "holdfast config show archive.capture --origin",
        "holdfast config show --json",
    ),
    exits=(4,),
)
@click.argument("name", metavar="[KEY]", required=False)
@click.option("--origin", is_flag=True, help="Say which place decides each value.")
def show(state: State, name: str | None, *, origin: bool) -> None:
    """Show all settings, those of a section, or one.

    The config.yaml of LLM Session Manager is read too, below the user's own; what cannot be used of it is said.
    """
    keys = [k for k in KEYS if not name or k.name.startswith(f"{name}.")] or [key_of(name or "")]
    for line in state.config.ignored:
        state.talk(f"left out: {safe_line(line)}")
    if state.json:
        _document(state, keys)
        return
    if name == keys[0].name and not origin:
        state.text(safe_line(written(state.config[name])))
        return
    rows = [
        [k.name, safe_line(written(state.config[k.name])), _origin(state, k) if origin else "", k.help] for k in keys
    ]
    shape = [
        Column("KEY", style=("bold",)),
        Column("VALUE", most=60, gives_way=True),
        Column("FROM", most=60, gives_way=True, style=("cyan",)),
        Column("WHAT IT DOES", keep=1, gives_way=True, style=("dim",)),
    ]
    state.text(table(shape, rows, width=state.width if state.on_terminal else None, paint=state.paint), paged=True)


@command(
    "set",
    "ConfigDocument",
    examples=(
        "holdfast config set archive.capture expiring",
        "holdfast config set trash.days 7",
        "holdfast config set health_weights.token_usage 0.4",
        "holdfast config set usage.timezone Europe/Berlin --project",
    ),
    exits=(4,),
)
@click.argument("name", metavar="KEY")
@click.argument("value")
@click.option("--project", is_flag=True, help=f"Set it in {PROJECT_FILE} here, for this project alone.")
def set_value(state: State, name: str, value: str, *, project: bool) -> None:
    """Change one setting in the user's config file; comments in it stay."""
    key = key_of(name)
    if project and not key.project:
        raise Denied(f"a project may not set {name}", f"holdfast config set {name} {value}")
    path = Path.cwd() / PROJECT_FILE if project else user_file(state.env)
    given = parsed(name, value, "command line")
    if name == "sources.exclude":
        check_exclusion(given, state.workspace.sources)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    save(path, changed(before, name, given))
    now = load(env=state.env)
    decided = now.origin(name)
    if state.json:
        state.__dict__["config"] = now
        _document(state, [key])
        return
    state.text(f"{name}: {safe_line(written(given))}  in {safe_line(str(path))}")
    if decided.value != given:
        state.talk(
            f"{decided.origin} ({safe_line(decided.place)}) wins over it and says {safe_line(written(decided.value))}"
        )


@command("path", "ConfigDocument", examples=("holdfast config path",))
def path(state: State) -> None:
    """Print where the user's config file is, whether it exists or not."""
    if state.json:
        _document(state, [])
    else:
        state.text(safe_line(str(user_file(state.env))))


@command("init", "ConfigDocument", examples=("holdfast config init",), exits=(9,))
@click.option("--force", is_flag=True, help="Replace the file.")
def init(state: State, *, force: bool) -> None:
    """Write a config file that sets nothing and explains every setting."""
    target = user_file(state.env)
    if target.is_dir():
        raise BadInput(f"{target} is a folder")
    save(target, template(KEYS), replace=force)
    if state.json:
        _document(state, [])
    else:
        state.text(safe_line(f"written: {target}"))


for made in (show, set_value, path, init):
    config.add_command(made)


def _document(state: State, keys: list[Key]) -> None:
    items = []
    for key in keys:
        found = state.config.origin(key.name)
        value = list(found.value) if isinstance(found.value, tuple) else found.value
        items.append(
            SettingItem(name=key.name, value=value, origin=found.origin, place=found.place, help=key.help, env=key.env)
        )
    state.document(ConfigDocument(path=str(user_file(state.env)), files=state.config.files, settings=tuple(items)))


def _origin(state: State, key: Key) -> str:
    found = state.config.origin(key.name)
    return safe_line(f"{found.origin} {found.place}".strip())
