"""Every setting, with its default, where it can be set, and which place won.

flag > environment > project (.holdfast.yaml) > user (config.yaml) > default. A project's file may only set what does no harm:
it never chooses a store, a command, a path or a key.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from holdfast.errors import BadInput, Denied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Origin = Literal["flag", "environment", "project", "user", "default"]
Value = Any
APP = "holdfast"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)I?B?", re.IGNORECASE)
PROJECT_FILE = ".holdfast.yaml"


class Key(Struct, frozen=True, kw_only=True):
    """One setting: its dotted name, type, default, example and what it does."""

    name: str
    kind: type
    default: Value
    help: str
    example: str = ""
    choices: tuple[str, ...] = ()
    project: bool = False
    """Whether a project's own file may set it."""

    @property
    def env(self) -> str:
        """The environment variable that sets it."""
        return f"HOLDFAST_{self.name.replace('.', '_').upper()}"


KEYS: tuple[Key, ...] = (
    Key(name="store", kind=str, default="", help="where sessions are kept; empty means the user's data directory",
        example="sqlite:////home/me/sessions.db"),
    Key(name="archive.capture", kind=str, default="always", choices=("always", "expiring", "never"),
        help="which source records are kept byte for byte", example="expiring"),
    Key(name="archive.max_size", kind=str, default="", help="warn when the archive grows beyond this; nothing is deleted",
        example="20 GB"),
    Key(name="sources.exclude", kind=list, default=(), help="agents and project folders (globs) to leave out",
        example="[aider, /home/me/secret/*]"),
    Key(name="sources.roots", kind=dict, default={}, help="further folders to read, by agent",
        example="{aider: [/home/me/code]}"),
    Key(name="sync.auto", kind=bool, default=True, help="list and search first read what changed (up to 150 ms)", example="false"),
    Key(name="sync.memory_mb", kind=int, default=250, help="memory a sync may use, in MB", example="150"),
    Key(name="prices.file", kind=str, default="", help="a YAML file with prices and context windows of your own",
        example="/home/me/prices.yaml"),
    Key(name="redact.rules", kind=list, default=(), help="YAML files with further redaction rules",
        example="[/home/me/rules.yaml]"),
    Key(name="redact.engine", kind=str, default="auto", choices=("auto", "re", "hyperscan"),
        help="what finds secrets", example="re"),
    Key(name="usage.timezone", kind=str, default="", help="time zone for days; empty means the system's", example="Europe/Berlin",
        project=True),
    Key(name="trash.days", kind=int, default=30, help="days after which a deleted session is purged from the trash", example="7"),
    Key(name="output.color", kind=str, default="auto", choices=("auto", "always", "never"), help="colour on terminals",
        example="never", project=True),
    Key(name="output.pager", kind=str, default="", help="pager for long output; empty means $PAGER or less", example="less -FIRX"),
)  # fmt: skip
BY_NAME = {k.name: k for k in KEYS}


class Setting(Struct, frozen=True, kw_only=True):
    """A value and the place that decided it."""

    value: Value
    origin: Origin
    place: str = ""


class Config(Struct, frozen=True, kw_only=True):
    """All settings at once."""

    settings: dict[str, Setting] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Value:
        """Return a value by its dotted name."""
        found = self.settings.get(name)
        return BY_NAME[name].default if found is None else found.value

    def origin(self, name: str) -> Setting:
        """Return a value with the place it comes from."""
        return self.settings.get(name) or Setting(value=BY_NAME[name].default, origin="default")


def data_dir(env: Mapping[str, str] | None = None) -> Path:
    """Return where the archive lies; HOLDFAST_HOME moves everything."""
    return _folder("XDG_DATA_HOME", ".local/share", env)


def user_file(env: Mapping[str, str] | None = None) -> Path:
    """Return the user's config file, whether it exists or not."""
    return _folder("XDG_CONFIG_HOME", ".config", env) / "config.yaml"


def _folder(variable: str, usual: str, env: Mapping[str, str] | None) -> Path:
    variables = os.environ if env is None else env
    moved = variables.get("HOLDFAST_HOME")
    if moved:
        return Path(moved)
    if sys.platform == "linux":  # one rule, written down here: loading a library for it takes a sixth of a list's time
        named = Path(variables.get(variable, ""))
        home = Path(variables.get("HOME") or Path.home())
        return (named if named.is_absolute() else home / usual) / APP
    import platformdirs  # noqa: PLC0415 - wanted only where no variable says it

    found = platformdirs.user_data_dir if variable == "XDG_DATA_HOME" else platformdirs.user_config_dir
    return Path(found(APP, appauthor=False))


def load(
    flags: Mapping[str, Value] | None = None, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Config:
    """Read all places in the order of their rank; errors.BadInput names the file and key that is wrong."""
    variables = os.environ if env is None else env
    found: dict[str, Setting] = {}
    files = []
    user = user_file(variables)
    project = _project_file(cwd or Path.cwd())
    for path, origin in ((user, "user"), (project, "project")):
        if path is not None and path.is_file():
            files.append(str(path))
            for name, value in _read(path):
                _check_place(name, origin, path)
                found[name] = Setting(
                    value=checked(name, value, str(path)),
                    origin="user" if origin == "user" else "project",
                    place=str(path),
                )
    for key in KEYS:
        text = variables.get(key.env)
        if text:
            found[key.name] = Setting(value=parsed(key.name, text, key.env), origin="environment", place=key.env)
    for name, value in (flags or {}).items():
        if value is not None:
            found[name] = Setting(value=checked(name, value, "flag"), origin="flag", place="command line")
    return Config(settings=found, files=tuple(files))


def parsed(name: str, text: str, place: str) -> Value:
    """Turn what was typed into the key's type, read as YAML."""
    import yaml  # noqa: PLC0415

    if key_of(name).kind is str:
        return checked(name, text, place)
    try:
        return checked(name, yaml.safe_load(text), place)
    except yaml.YAMLError as error:
        raise BadInput(f"{place}: {text!r} is no value for {name}: {error}", f"holdfast config show {name}") from error


def checked(name: str, value: Value, place: str) -> Value:
    """Return the value if it has the key's type and is one of its choices; errors.BadInput otherwise."""
    key = key_of(name, place)
    if key.kind is list and isinstance(value, list | tuple):
        value = tuple(value)
    expected: type | tuple[type, ...] = tuple if key.kind is list else key.kind
    if not isinstance(value, expected) or (key.kind is int and isinstance(value, bool)):
        raise BadInput(
            f"{place}: {name} must be of type {key.kind.__name__}, not {value!r}", f"for example: {key.example}"
        )
    if key.choices and value not in key.choices:
        raise BadInput(f"{place}: {name} must be one of {', '.join(key.choices)}, not {value!r}")
    return value


def key_of(name: str, place: str = "") -> Key:
    """Return a key; an unknown one is an error with a suggestion."""
    found = BY_NAME.get(name)
    if found is None:
        import difflib  # noqa: PLC0415 - only for suggestions

        near = difflib.get_close_matches(name, BY_NAME, n=3, cutoff=0.5)
        where = f"{place}: " if place else ""
        raise BadInput(
            f"{where}no setting {name!r}", f"did you mean: {', '.join(near)}" if near else "holdfast config show"
        )
    return found


def _read(path: Path) -> Iterator[tuple[str, Value]]:
    import yaml  # noqa: PLC0415

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise BadInput(f"{path} cannot be read: {error}", "mend or move the file") from error
    if found is None:
        return
    if not isinstance(found, dict):
        raise BadInput(f"{path} must hold keys and values", "holdfast config show")
    yield from _flat(found, "")


def _flat(values: Mapping[Any, Value], prefix: str) -> Iterator[tuple[str, Value]]:
    for name, value in values.items():
        full = f"{prefix}{name}"
        if isinstance(value, dict) and full not in BY_NAME:
            yield from _flat(value, f"{full}.")
        else:
            yield full, value


def _check_place(name: str, origin: str, path: Path) -> None:
    if origin == "project" and name in BY_NAME and not BY_NAME[name].project:
        raise Denied(f"{path}: a project may not set {name}", f"set it in {user_file()}")


def _project_file(cwd: Path) -> Path | None:
    return next((p / PROJECT_FILE for p in (cwd, *cwd.parents) if (p / PROJECT_FILE).is_file()), None)


def parsed_size(text: str) -> int | None:
    """Return bytes for `20 GB` or `500M` (powers of 1000), None for an empty text; errors.BadInput for anything else."""
    wish = text.strip()
    if not wish:
        return None
    found = _SIZE.fullmatch(wish)
    if found is None:
        raise BadInput(f"archive.max_size is no size: {wish}", "holdfast config set archive.max_size '20 GB'")
    return int(float(found[1]) * 1000 ** " KMGT".index(found[2].upper() or " "))
