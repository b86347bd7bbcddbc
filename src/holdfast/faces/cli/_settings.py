"""Edits the user's config file as text, so that comments and order survive. Knows YAML, not what a setting means."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from holdfast.errors import BadInput, Unavailable, Unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator


def template(keys: Any) -> str:
    """Return a config file that sets nothing and names every setting with its default and an example."""
    lines = ["# Holdfast settings. `holdfast config show --origin` says which place decides each of them.", ""]
    for key in keys:
        choices = f" ({', '.join(key.choices)})" if key.choices else ""
        lines += [f"# {key.help}{choices}", f"# {key.name}: {key.example or written(key.default)}", ""]
    return "\n".join(lines)


def written(value: Any) -> str:
    """Write a value as YAML on one line."""
    plain = list(value) if isinstance(value, tuple) else value
    return (
        yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=10_000)
        .strip()
        .removesuffix("\n...")
        .strip()
    )


def changed(text: str, name: str, value: Any) -> str:
    """Return a config file's text with one setting changed or added; the rest stays as it is."""
    root = yaml.compose(text)
    if root is not None and not isinstance(root, yaml.MappingNode):
        raise BadInput("the config file must hold keys and values", "holdfast config path")
    found = [node for full, node in _values(root, "") if full == name]
    if found:  # of several places the last one holds
        return f"{text[: found[-1].start_mark.index]}{written(value)}{text[_end(found[-1]) :]}"
    if root is not None and root.flow_style:
        raise BadInput("the config file is one { } block, which cannot be added to", "write one setting a line")
    ended = text if not text or text.endswith("\n") else text + "\n"
    section, _, last = name.rpartition(".")
    block = next((node for full, node in _values(root, "") if full == section and _is_block(node)), None)
    if block is None:
        return f"{ended}{name}: {written(value)}\n"
    place = ended.find("\n", _end(block)) + 1 or len(ended)
    indent = " " * block.start_mark.column
    return f"{ended[:place]}{indent}{last}: {written(value)}\n{ended[place:]}"


def save(path: Path, text: str, *, replace: bool = True) -> None:
    """Put a whole new file in place of the old one, readable by its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _put(path, text, replace=replace)
    except OSError as error:
        hint = "choose another place: HOLDFAST_HOME=DIR"
        raise Unavailable(f"{path} cannot be written: {error.strerror or error}", hint) from error


def _put(path: Path, text: str, *, replace: bool) -> None:
    target = path.resolve() if path.is_symlink() else path
    if not replace and os.path.lexists(target):
        raise Unsafe(f"{path} exists", "holdfast config set KEY VALUE changes it")
    descriptor, beside = tempfile.mkstemp(prefix=".config.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(beside).replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(beside).unlink()


def _end(node: Any) -> int:
    """Return where a value ends; what YAML counts to a block after its last item are comments and empty lines."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    end: int = node.end_mark.index
    return end


def _is_block(node: Any) -> bool:
    """Tell whether a value is a section of lines that one can be added to."""
    return isinstance(node, yaml.MappingNode) and not node.flow_style and bool(node.value)


def _values(node: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        full = f"{prefix}{key.value}"
        yield full, value
        yield from _values(value, f"{full}.")
