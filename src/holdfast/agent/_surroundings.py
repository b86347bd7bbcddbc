"""What two models are told besides the question: where it was asked, what the person gave, files of a project, settings."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from holdfast.errors import NotFound, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

HARMLESS = ("LANG", "LC_ALL", "SHELL", "TERM", "TZ", "EDITOR", "VIRTUAL_ENV", "CONDA_DEFAULT_ENV", "CI")
"""Variables that say something of the surroundings and are never secret."""
FROM_PROJECT = ("_API_KEY", "_MODEL", "_DEFAULT", "_STRATEGY")
"""Variables that a project's own `.env` may set: never an address, which could send keys elsewhere."""


def facts(*, runtime: bool, env: bool) -> dict[str, str]:
    """Return facts of where the question is asked: folder, system and branch, and with `env` harmless variables."""
    found: dict[str, str] = {}
    if runtime:
        found = {"cwd": str(Path.cwd()), "system": platform.system(), "python": platform.python_version()}
        branch = _branch(Path.cwd())
        if branch:
            found["git_branch"] = branch
    if env:
        found |= {v: os.environ[v] for v in HARMLESS if os.environ.get(v)}
    return found


def given(context: str | Mapping[str, Any] | None) -> tuple[str, dict[str, str]]:
    """Return what a person gave as words and as facts by name."""
    if context is None or isinstance(context, str):
        return context or "", {}
    return "", {str(k): str(v) for k, v in context.items()}


def project_map(root: Path, query: str) -> str:
    """Return a map of a project's files for a question, without what git ignores."""
    from holdfast.context._history import History  # noqa: PLC0415 - only where a project is told of
    from holdfast.context.files import walk  # noqa: PLC0415
    from holdfast.context.projectmap import build  # noqa: PLC0415
    from holdfast.context.ranking import Scene, rank  # noqa: PLC0415

    if not root.is_dir():
        raise NotFound(f"no folder {root}", "give the folder of the project")
    tree = walk(root.resolve())
    return f"Files of the project: {build(tree, rank(Scene(tree, {}, History()), query)).text}"


def _branch(folder: Path) -> str:
    for place in (folder, *folder.parents):
        head = place / ".git" / "HEAD"
        if head.is_file():
            return head.read_text(encoding="utf-8", errors="replace").strip().removeprefix("ref: refs/heads/")
    return ""


def settings(path: str | Path | None) -> dict[str, Any]:
    """Return a YAML file of settings; nothing for no file, errors.NotFound or Unreadable for one that is not there."""
    if path is None:
        return {}
    try:
        found = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(f"no file {path}", "check the path, or leave it out") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path} is no YAML: {error}") from error
    return found if isinstance(found, dict) else {}


def environment() -> dict[str, str]:
    """Return the variables, with those of `.env` here and `~/.prellm/.env` where the real ones are silent."""
    near = {k: v for k, v in _dotenv(Path(".env")).items() if k.endswith(FROM_PROJECT)}
    return _dotenv(Path.home() / ".prellm" / ".env") | near | dict(os.environ)


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    pairs = (line.removeprefix("export ").partition("=") for line in map(str.strip, lines) if not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, equals, value in pairs if equals}
