"""What a Python function says of itself: its parameters as a JSON schema, and its docstring in parts."""

from __future__ import annotations

import inspect
import re
import typing
from typing import TYPE_CHECKING, Any

import msgspec

from holdfast.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.model import Json

_SECTION = re.compile(
    r"^\s*(Args|Arguments|Parameters|Returns|Raises|Yields|Example|Examples|Note)s?:?\s*$", re.MULTILINE
)
_FIELD = re.compile(r"^\s*:(?:param|return|returns|raises|rtype|type)\b", re.MULTILINE)
_SPHINX = re.compile(r"^\s*:param\s+(?:[\w\[\], |]+\s+)?(\w+):\s*(.+)$", re.MULTILINE)
_GOOGLE = re.compile(r"^\s+\*{0,2}(\w+)(?:\s*\([^)]*\))?:\s+(.+)$", re.MULTILINE)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def description_of(function: Callable[..., Any]) -> str:
    """Return a docstring without the parts that speak of single parameters."""
    text = inspect.getdoc(function) or ""
    ends = [m.start() for p in (_SECTION, _FIELD) if (m := p.search(text))]
    return text[: min(ends, default=len(text))].strip()


def arguments_of(function: Callable[..., Any]) -> tuple[type[msgspec.Struct], dict[str, Json]]:
    """Return a struct that checks a function's arguments, and the JSON schema that tells a model of them."""
    hints = _hints(function)
    parameters = [p for p in inspect.signature(function).parameters.values() if p.kind in _NAMED]
    kind = _struct(function, [_field(p, hints.get(p.name, Any)) for p in parameters])
    (schema,), definitions = msgspec.json.schema_components([kind], ref_template="#/$defs/{name}")
    found = definitions.pop(kind.__name__, schema)
    found.pop("title", None)
    said = _said(function)
    for parameter in parameters:
        shape = found["properties"][parameter.name]
        if parameter.name in said:
            shape["description"] = said[parameter.name]
        if isinstance(parameter.default, str | int | float | bool):
            shape["default"] = parameter.default
    return kind, found | ({"$defs": definitions} if definitions else {})


def keyword_arguments(kind: type[msgspec.Struct], given: Json) -> dict[str, Json]:
    """Return arguments as the function takes them, converted to its types; errors.BadInput says what does not fit."""
    if isinstance(given, str):
        raise BadInput("they are no JSON object")
    try:
        made = msgspec.convert(given if given is not None else {}, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(str(error)) from error
    values = {name: getattr(made, name) for name in kind.__struct_fields__}
    return {name: value for name, value in values.items() if value is not msgspec.UNSET}


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError):  # a type that is known to its checker alone
        return {}


def _field(parameter: inspect.Parameter, hint: Any) -> tuple[str, Any] | tuple[str, Any, Any]:  # noqa: ANN401 - a type
    kind = hint if _is_known(hint) else Any
    if parameter.default is inspect.Parameter.empty:
        return parameter.name, kind
    return parameter.name, kind | msgspec.UnsetType, msgspec.UNSET


def _is_known(hint: Any) -> bool:  # noqa: ANN401 - a type
    try:
        msgspec.json.schema_components([hint], ref_template="{name}")
    except (TypeError, RuntimeError):
        return False
    return True


def _struct(function: Callable[..., Any], fields: list[Any]) -> type[msgspec.Struct]:
    name = f"{getattr(function, '__name__', 'tool')}Arguments"
    return msgspec.defstruct(name, fields, forbid_unknown_fields=True, kw_only=True)


def _said(function: Callable[..., Any]) -> dict[str, str]:
    """Return what a docstring says of each parameter, in Google's or Sphinx's style."""
    text = inspect.getdoc(function) or ""
    start = re.search(r"^(?:Args|Arguments|Parameters):\s*$", text, re.MULTILINE)
    listed = text[start.end() :] if start else ""
    end = re.search(r"^\S", listed, re.MULTILINE)
    return dict(_GOOGLE.findall(listed[: end.start()] if end else listed)) | dict(_SPHINX.findall(text))
