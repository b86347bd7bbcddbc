"""Arguments held against a JSON schema: what is missing, unknown or of another kind, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Json

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "array": (list,), "object": (dict,),
    "null": (type(None),),
}  # fmt: skip


def checked(schema: dict[str, Json], given: Json) -> dict[str, Json]:
    """Return arguments that fit a schema; errors.BadInput says what does not. Keywords beyond the usual are not looked at."""
    if not isinstance(given, dict):
        raise BadInput("they are no JSON object" if isinstance(given, str) else f"they are {given!r}, not an object")
    problems = list(_problems(schema, given))
    if problems:
        raise BadInput("; ".join(problems))
    return given


def _problems(schema: dict[str, Json], given: dict[str, Json]) -> Iterator[str]:
    properties = schema.get("properties") or {}
    yield from (f"{n!r} is missing" for n in schema.get("required") or () if n not in given)
    for name, value in given.items():
        if name in properties:
            yield from _misfit(name, properties[name], value)
        elif schema.get("additionalProperties") is False:
            yield f"{name!r} is unknown (known: {', '.join(properties)})"


def _misfit(name: str, shape: Json, value: Json) -> Iterator[str]:
    if not isinstance(shape, dict):
        return
    kinds = shape.get("type")
    allowed = [kinds] if isinstance(kinds, str) else kinds or []
    if allowed and not any(_is(k, value) for k in allowed):
        yield f"{name!r} must be {' or '.join(allowed)}"
    elif "enum" in shape and value not in shape["enum"]:
        yield f"{name!r} must be one of {', '.join(map(str, shape['enum']))}"


def _is(kind: str, value: Json) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _KINDS.get(kind, (object,)))
