"""What one setting is: its name, type, bounds and help, and whether a value fits it. Knows no setting by name."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from holdfast.errors import BadInput

Value = Any


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
    least: float | None = None
    most: float | None = None

    @property
    def env(self) -> str:
        """The environment variable that sets it."""
        return f"HOLDFAST_{self.name.replace('.', '_').upper()}"

    def checked(self, value: Value, place: str) -> Value:
        """Return the value if it has the type, lies within the bounds and is one of the choices; errors.BadInput otherwise."""
        if self.kind is list and isinstance(value, list | tuple):
            value = tuple(value)
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not _is(value, self.kind):
            raise BadInput(
                f"{place}: {self.name} must be of type {self.kind.__name__}, not {value!r}",
                f"for example: {self.example}",
            )
        for one in value if self.kind is list else (value,):
            if self.choices and one not in self.choices:
                raise BadInput(f"{place}: {self.name} must be one of {', '.join(self.choices)}, not {one!r}")
        self._bounded(value, place)
        return value

    def _bounded(self, value: Value, place: str) -> None:
        """Refuse a number outside the bounds; the text form keeps NaN out too."""
        low, high = self.least, self.most
        if low is not None and not value >= low:
            raise BadInput(
                f"{place}: {self.name} must be at least {low:g}, not {value!r}", f"for example: {self.example}"
            )
        if high is not None and not value <= high:
            raise BadInput(
                f"{place}: {self.name} must be at most {high:g}, not {value!r}", f"for example: {self.example}"
            )


def _is(value: Value, kind: type) -> bool:
    expected: type = tuple if kind is list else kind
    return isinstance(value, expected) and (kind is not int or not isinstance(value, bool))
