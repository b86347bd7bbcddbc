"""Every setting, with its default, where it can be set, and which place won.

flag > environment > project (.holdfast.yaml) > user (config.yaml) > the older LLM Session Manager's config.yaml > default.
A project's file may only set what does no harm: it never chooses a store, a command, a path or a key. The older tool's file
is read and never written; what is wrong in it is left out and told, because it may have been right for that tool.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.config._key import Key, Value
from holdfast.config._keys import DATABASE, KEYS
from holdfast.config.exclude import check_exclusion
from holdfast.errors import BadInput, Denied

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Origin = Literal["flag", "environment", "project", "user", "default"]
APP = "holdfast"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)I?B?", re.IGNORECASE)
PROJECT_FILE = ".holdfast.yaml"
OLDER = "llm-session-manager"
"""The folder of the tool that Holdfast replaces, below ~/.config."""
BY_NAME = {k.name: k for k in KEYS}
SECTIONS = frozenset(k.name.rpartition(".")[0] for k in KEYS) - {""}
__all__ = [
    "APP",
    "BY_NAME",
    "KEYS",
    "PROJECT_FILE",
    "SECTIONS",
    "Config",
    "Key",
    "Setting",
    "Value",
    "check_exclusion",
    "checked",
    "data_dir",
    "key_of",
    "load",
    "older_file",
    "parsed",
    "parsed_size",
    "user_file",
]


class Setting(Struct, frozen=True, kw_only=True):
    """A value and the place that decided it."""

    value: Value
    origin: Origin
    place: str = ""


class Config(Struct, frozen=True, kw_only=True):
    """All settings at once."""

    settings: dict[str, Setting] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    """What the older tool's file says that cannot be used, and why."""

    def __getitem__(self, name: str) -> Value:
        """Return a value by its dotted name."""
        found = self.settings.get(name)
        return BY_NAME[name].default if found is None else found.value

    def origin(self, name: str) -> Setting:
        """Return a value with the place it comes from."""
        return self.settings.get(name) or Setting(value=BY_NAME[name].default, origin="default")

    def section(self, name: str) -> dict[str, Value]:
        """Return the values of one section, for example `dashboard`, by what stands after the dot."""
        return {k.name.removeprefix(f"{name}."): self[k.name] for k in KEYS if k.name.startswith(f"{name}.")}

    def token_limit(self, agent: str, known: int | None, *, fill: bool = False) -> int | None:
        """Return an agent's context limit: one that a person changed, else the known one; with `fill` else the default."""
        name = _limit_name(agent, self["token_limits.plan"])
        if name is None:
            return known
        limit: int = self[name]
        return limit if limit != BY_NAME[name].default or (fill and known is None) else known


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


def older_file(env: Mapping[str, str] | None = None) -> Path:
    """Return the config file of the older tool, whether it exists or not."""
    home = (os.environ if env is None else env).get("HOME")
    return (Path(home) if home else Path.home()) / ".config" / OLDER / "config.yaml"


def load(
    flags: Mapping[str, Value] | None = None, *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Config:
    """Read all places in the order of their rank; errors.BadInput names the file and key that is wrong."""
    variables = os.environ if env is None else env
    found, ignored = _older(older_file(variables))
    files = [s.place for s in found.values()][:1]
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
    _stand_in(found, variables)
    for name, value in (flags or {}).items():
        if value is not None:
            found[name] = Setting(value=checked(name, value, "flag"), origin="flag", place="command line")
    return Config(settings=found, files=tuple(files), ignored=tuple(ignored))


def _older(path: Path) -> tuple[dict[str, Setting], list[str]]:
    """Return what the older tool's file sets, and what of it cannot be used."""
    found: dict[str, Setting] = {}
    ignored: list[str] = []
    if not path.is_file():
        return found, ignored
    try:
        values = list(_read(path))
    except BadInput as error:
        return found, [error.message]
    for name, value in values:
        try:
            found[name] = Setting(value=checked(name, value, str(path)), origin="user", place=str(path))
        except BadInput as error:
            ignored.append(f"{error.message} ({error.hint})" if error.hint else error.message)
    return found, ignored


def _stand_in(found: dict[str, Setting], env: Mapping[str, str]) -> None:
    """Let the older names of two settings hold where the newer ones say nothing."""
    days, path = found.get("database.auto_cleanup_days"), found.get("database.path")
    if days is not None and "trash.days" not in found:
        found["trash.days"] = replace(days, place=f"{days.place}: database.auto_cleanup_days")
    if path is not None and path.value not in ("", DATABASE) and "store" not in found:
        from urllib.parse import quote  # noqa: PLC0415 - rare, and lists should be quick

        place = data_dir(env) / Path(path.value).expanduser()
        if path.place == str(older_file(env)):  # what lies there is that tool's own database
            place = place.with_name(f"{APP}-{place.name}")
        found["store"] = replace(path, value=f"sqlite:///{quote(str(place))}", place=f"{path.place}: database.path")


_PLAIN: Final = {"true": True, "false": False}


def parsed(name: str, text: str, place: str) -> Value:
    """Turn what was typed into the key's type, read as YAML."""
    if key_of(name).kind is str:
        return checked(name, text, place)
    if text in _PLAIN:  # as YAML has it, without the library that reads it: a list should be quick
        return checked(name, _PLAIN[text], place)
    import yaml  # noqa: PLC0415

    try:
        return checked(name, yaml.safe_load(text), place)
    except yaml.YAMLError as error:
        raise BadInput(f"{place}: {text!r} is no value for {name}: {error}", f"holdfast config show {name}") from error


def checked(name: str, value: Value, place: str) -> Value:
    """Return the value if it fits the key; errors.BadInput otherwise."""
    return key_of(name, place).checked(value, place)


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
        elif value is not None or full not in SECTIONS:  # a section without a line in it sets nothing
            yield full, value


def _check_place(name: str, origin: str, path: Path) -> None:
    if origin == "project" and name in BY_NAME and not BY_NAME[name].project:
        raise Denied(f"{path}: a project may not set {name}", f"set it in {user_file()}")


def _project_file(cwd: Path) -> Path | None:
    return next((p / PROJECT_FILE for p in (cwd, *cwd.parents) if (p / PROJECT_FILE).is_file()), None)


def _limit_name(agent: str, plan: str) -> str | None:
    """Return the setting that holds an agent's context limit."""
    if "copilot" in agent:
        return "token_limits.github_copilot"
    if agent == "cursor":
        return "token_limits.cursor_default"
    return f"token_limits.{plan}" if agent == "claude-code" else None


def parsed_size(text: str) -> int | None:
    """Return bytes for `20 GB` or `500M` (powers of 1000), None for an empty text; errors.BadInput for anything else."""
    wish = text.strip()
    if not wish:
        return None
    found = _SIZE.fullmatch(wish)
    if found is None:
        raise BadInput(f"archive.max_size is no size: {wish}", "holdfast config set archive.max_size '20 GB'")
    return int(float(found[1]) * 1000 ** " KMGT".index(found[2].upper() or " "))
