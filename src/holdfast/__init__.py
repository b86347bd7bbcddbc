"""Holdfast keeps the sessions of every AI agent a person runs."""

from __future__ import annotations

__version__ = "0.1.0"
__all__ = ["Workspace", "__version__", "open_store"]  # __init__.pyi gives their types
_PLACES = {"Workspace": "holdfast.workspace", "open_store": "holdfast.owned"}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    if name not in _PLACES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - `import holdfast` alone loads nothing

    value = getattr(import_module(_PLACES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name what is public, loaded or not."""
    return sorted({*globals(), *__all__})
