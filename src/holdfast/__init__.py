"""Holdfast keeps the sessions of every AI agent a person runs."""

from __future__ import annotations

__version__ = "0.1.0"
_PLACES = {
    "Agent": "holdfast.agent",
    "AgentSession": "holdfast.agent",
    "CopilotAgent": "holdfast.agent",
    "SessionManager": "holdfast.compat",
    "SessionSnapshot": "holdfast.compat",
    "UserMemory": "holdfast.compat",
    "Workspace": "holdfast.workspace",
    "aio": "holdfast.aio",
    "open_store": "holdfast.owned",
    "preprocess_and_execute": "holdfast.agent.preprocess",
    "preprocess_and_execute_sync": "holdfast.agent.preprocess",
}
__all__ = ["__version__", *_PLACES]  # noqa: PLE0604 - __init__.pyi lists them with their types


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    if name not in _PLACES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - `import holdfast` alone loads nothing

    module = import_module(_PLACES[name])
    value = module if module.__name__ == f"{__name__}.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name what is public, loaded or not."""
    return sorted({*globals(), *__all__})
