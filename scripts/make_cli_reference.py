"""Writes the reference of the command line from the command table: pages, JSON schemas, exit codes and settings.

`python scripts/make_cli_reference.py` writes; a test fails while something is out of date.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from holdfast import errors
from holdfast.config import KEYS
from holdfast.faces.cli._command import Command, Family
from holdfast.faces.cli._program import program
from holdfast.faces.cli._table import ALIASES, COMMANDS
from holdfast.faces.cli.documents import ErrorDocument

REPOSITORY = Path(__file__).resolve().parent.parent
REFERENCE = REPOSITORY / "docs" / "reference"
SCHEMAS = REPOSITORY / "src" / "holdfast" / "faces" / "cli" / "schemas"
SHARED = {"json", "store", "yes", "color", "no_pager", "help"}
MADE = "<!-- made by scripts/make_cli_reference.py -->\n"


def commands() -> dict[str, Command]:
    """Return every command by its whole name, those of families included."""
    found: dict[str, Command] = {}
    context = click.Context(program)
    for name in COMMANDS:
        loaded = program.get_command(context, name)
        if isinstance(loaded, Family):
            found |= {f"{name} {inner}": made for inner, made in loaded.commands.items() if isinstance(made, Command)}
        elif isinstance(loaded, Command):
            found[name] = loaded
    return found


def files() -> dict[Path, str]:
    """Return everything that is made, by path."""
    found = commands()
    made = {REFERENCE / "cli" / f"{name.replace(' ', '-')}.md": page(name, c) for name, c in found.items()}
    made[REFERENCE / "cli" / "index.md"] = index(found)
    made[REFERENCE / "json.md"] = json_page(found)
    made[REFERENCE / "exit-codes.md"] = exit_page(found)
    made[REFERENCE / "configuration.md"] = settings_page()
    made |= {SCHEMAS / f"{d.__name__}.json": schema_text(d) for d in documents(found)}
    return made


def documents(found: dict[str, Command]) -> list[Any]:
    """Return every document once."""
    return [*dict.fromkeys(d for c in found.values() for d in c.documents), ErrorDocument]


def schema_text(document: type[msgspec.Struct]) -> str:
    """Return a document's JSON Schema."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(document)}
    return json.dumps(schema, indent=2, sort_keys=False) + "\n"


def page(name: str, command: Command) -> str:
    """Return a command's page."""
    context = click.Context(command, info_name=f"holdfast {name}", **command.context_settings)
    usage = command.get_usage(context).removeprefix("Usage: ")
    own = [p for p in command.params if isinstance(p, click.Option) and p.name not in SHARED]
    lines = [f"# holdfast {name}", "", MADE, inspect.cleandoc(command.help or ""), "", "```text", usage, "```", ""]
    if own:
        lines += ["## Options", "", "| option | meaning |", "|---|---|", *(option_row(p) for p in own), ""]
    lines += ["Every command also takes the [shared options](index.md#shared-options).", ""]
    lines += ["## Examples", "", "```text", *(f"$ {e}" for e in command.examples), "```", "", "## With --json", ""]
    lines += [
        f"Prints {' or '.join(f'[{d.__name__}](../json.md#{d.__name__.lower()})' for d in command.documents)}.",
        "",
    ]
    lines += ["## Exit codes", "", "| code | meaning |", "|---|---|"]
    lines += [f"| {code} | {errors.EXIT_CODES[code]} |" for code in command.exits]
    return "\n".join(lines) + "\n"


def option_row(option: click.Option) -> str:
    """Return one row of a table of options."""
    names = ", ".join(option.opts)
    value = "" if option.is_flag else f" {option.metavar or option.name.upper()}"
    if isinstance(option.type, click.Choice):
        value = f" {'|'.join(map(str, option.type.choices))}"
    more = ""
    if option.show_default and option.default is not None:
        more = f" By default {option.default}."
    return f"| `{names}{value}`".replace("|", "\\|").replace("\\|", "|", 1) + f" | {option.help}{more} |"


def index(found: dict[str, Command]) -> str:
    """Return the page that names all commands."""
    lines = ["# The command line", "", MADE, "| command | what it does |", "|---|---|"]
    for name, command in found.items():
        first = inspect.cleandoc(command.help or "").split("\n\n")[0].replace("\n", " ")
        lines.append(f"| [{name}]({name.replace(' ', '-')}.md) | {first} |")
    lines += [
        "",
        "`holdfast` alone lists your sessions, and reads everything first when the archive is still empty.",
        "",
    ]
    lines += [
        "## Shared options",
        "",
        "They may stand before or after a command.",
        "",
        "| option | meaning |",
        "|---|---|",
    ]
    lines += [option_row(p) for p in program.params if isinstance(p, click.Option)]
    lines += [
        "",
        "Colour follows `--color`, then `NO_COLOR`, `FORCE_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE`, then the setting",
    ]
    lines += ["`output.color`, then whether there is a terminal. `TERM=dumb` means none, and no pager.", ""]
    lines += [
        "## Ids",
        "",
        "A command that takes an ID takes a name, a whole id, its first characters (4 or more, if only one",
    ]
    lines += ["session has them), the agent's own id, or `-` for the session that was last active.", ""]
    lines += ["## Names from before", "", "| name | is now |", "|---|---|"]
    lines += [f"| `{alias}` | `holdfast {' '.join(target)}` |" for alias, target in ALIASES.items()]
    lines += [
        "",
        "See also: [JSON documents](../json.md), [exit codes](../exit-codes.md), [settings](../configuration.md).",
    ]
    return "\n".join(lines) + "\n"


def json_page(found: dict[str, Command]) -> str:
    """Return the page of JSON documents."""
    lines = ["# JSON documents", "", MADE]
    lines += [
        "With `--json` a command prints one document on stdout and nothing else there (`sync --watch`: one a line)."
    ]
    lines += [
        "When it fails, one [ErrorDocument](#errordocument) stands on stderr. `schema_version` rises when a field changes"
    ]
    lines += [
        "its meaning or goes; new fields may come at any time. Times are RFC 3339 in UTC with milliseconds, money is USD"
    ]
    lines += [
        "as a decimal string, null where it is unknown. The same shapes lie as JSON Schema in `holdfast/faces/cli/schemas/`.",
        "",
    ]
    shapes: dict[str, Any] = {}
    for document in documents(found):
        shapes |= msgspec.json.schema(document).get("$defs", {})
    tops = [d.__name__ for d in documents(found)]
    for name in [*tops, *sorted(set(shapes) - set(tops))]:
        lines += shape_of(
            name, shapes[name], [n for n, c in found.items() if name in {d.__name__ for d in c.documents}]
        )
    return "\n".join(lines).rstrip() + "\n"


def shape_of(name: str, shape: dict[str, Any], printed_by: list[str]) -> list[str]:
    """Return the section of one struct."""
    lines = [f"## {name}", "", shape.get("description", "").replace("\n", " ")]
    if printed_by:
        lines += ["", f"Printed by {', '.join(map(link, printed_by))}."]
    lines += ["", "| field | type |", "|---|---|"]
    return [*lines, *(f"| `{key}` | {type_of(value)} |" for key, value in shape.get("properties", {}).items()), ""]


def link(name: str) -> str:
    """Link to a command's page."""
    return f"[{name}](cli/{name.replace(' ', '-')}.md)"


def type_of(value: dict[str, Any]) -> str:
    """Say a schema's type in words."""
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in value:
        return " or ".join(type_of(v) for v in value["anyOf"])
    if "enum" in value:
        return ", ".join(f"`{v}`" for v in value["enum"])
    if value.get("type") == "array":
        inner = value.get("items") or {}
        if value.get("prefixItems"):
            return f"[{', '.join(type_of(v) for v in value['prefixItems'])}]"
        return f"array of {type_of(inner) if inner else 'anything'}"
    if value.get("type") == "object":
        inner = value.get("additionalProperties") or {}
        return f"object of {type_of(inner)}" if isinstance(inner, dict) and inner else "object"
    return str(value.get("type", "anything"))


def exit_page(found: dict[str, Command]) -> str:
    """Return the page of exit codes."""
    by_code = {
        kind.exit_code: kind for kind in errors.HoldfastError.__subclasses__() if kind.__module__ == errors.__name__
    }
    lines = ["# Exit codes", "", MADE, "| code | meaning | error | commands |", "|---|---|---|---|"]
    for code, meaning in errors.EXIT_CODES.items():
        kind = by_code.get(code)
        users = [n for n, c in found.items() if code in c.exits]
        named = "every command" if len(users) == len(found) else ", ".join(link(n) for n in users)
        lines.append(f"| {code} | {meaning} | {code_of(kind)} | {named} |")
    lines += [
        "",
        "The error is what `code` says in the JSON document on stderr. A reader that closes the pipe ends a command",
    ]
    lines += ["quietly with 0. Nothing else is ever returned."]
    return "\n".join(lines) + "\n"


def code_of(kind: type[errors.HoldfastError] | None) -> str:
    """Name an error as programs read it."""
    return f"`{kind('').code}`" if kind is not None else ""


def settings_page() -> str:
    """Return the page of settings."""
    lines = [
        "# Settings",
        "",
        MADE,
        "A flag wins over the environment, that over the project's `.holdfast.yaml`, that over the user's",
    ]
    lines += [
        "`config.yaml` (`holdfast config path`), that over the default. `holdfast config show --origin` says which place won."
    ]
    lines += ["A project's file may only set what does no harm.", ""]
    lines += ["| setting | type | default | in a project | environment | what it does |", "|---|---|---|---|---|---|"]
    for key in KEYS:
        kind = " \\| ".join(key.choices) or key.kind.__name__
        default = json.dumps(list(key.default) if isinstance(key.default, tuple) else key.default)
        project = "yes" if key.project else "no"
        lines.append(
            f"| `{key.name}` | {kind} | `{default}` | {project} | `{key.env}` | {key.help}; for example `{key.example}` |"
        )
    lines += [
        "",
        "`HOLDFAST_HOME` moves everything, settings and archive, into one folder. `HOLDFAST_DEBUG=1` shows where a bug is.",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write what is out of date."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(REPOSITORY))
    return 0


if __name__ == "__main__":
    sys.exit(main())
