"""`SessionSnapshot` as preLLM has it: a pool of interactions and preferences in one JSON file.

Knows the seven fields; keeps keys of a file that it does not know, and refuses to change a time.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from holdfast.errors import Unreadable

FIELDS = (
    "session_id", "interactions", "preferences", "runtime_context", "codebase_summary", "created_at", "exported_at",
)  # fmt: skip


@dataclass
class SessionSnapshot:
    """What `UserMemory.export_session` returns; all fields may be left out."""

    session_id: str = ""
    interactions: list[dict[str, Any]] = field(default_factory=list)
    preferences: dict[str, str] = field(default_factory=dict)
    runtime_context: dict[str, Any] | None = None
    codebase_summary: str | None = None
    created_at: str = ""
    exported_at: str = ""
    extra: dict[str, Any] = field(default_factory=dict, repr=False)
    """Keys of the file that are none of these; they are written back."""

    def to_file(self, path: str | Path) -> None:
        """Write the file (0600, whole or not at all) and the folders it needs."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(self.model_dump_json(indent=2).encode("utf-8", "replace"))
            Path(beside).replace(target)
        finally:
            Path(beside).unlink(missing_ok=True)

    @classmethod
    def from_file(cls, path: str | Path) -> SessionSnapshot:
        """Read a file; errors.Unreadable says what is wrong with it."""
        try:
            tree = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError) as problem:
            raise Unreadable(f"{path} is no snapshot: {problem}", "export the session again") from problem
        return cls.model_validate(tree, place=str(path))

    @classmethod
    def model_validate(cls, tree: Any, *, place: str = "the value") -> SessionSnapshot:  # noqa: ANN401 - the JSON edge
        """Make a snapshot of an object as JSON has it."""
        if not isinstance(tree, dict):
            raise Unreadable(f"{place} is no snapshot: expected an object, got {type(tree).__name__}")
        given = {key: value for key, value in tree.items() if key in FIELDS and value is not None}
        wrong = [key for key, kind in _KINDS.items() if key in given and not isinstance(given[key], kind)]
        if wrong:
            raise Unreadable(f"{place} is no snapshot: {wrong[0]} is {type(given[wrong[0]]).__name__}")
        if "interactions" in given:
            given["interactions"] = [i for i in given["interactions"] if isinstance(i, dict)]
        if "preferences" in given:
            given["preferences"] = {str(k): str(v) for k, v in given["preferences"].items()}
        return cls(**given, extra={key: value for key, value in tree.items() if key not in FIELDS})

    def model_dump(self) -> dict[str, Any]:
        """Return the snapshot as JSON has it, in the order of preLLM's keys."""
        tree = asdict(self)
        return {**{key: tree[key] for key in FIELDS}, **self.extra}

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """Return the snapshot as JSON text."""
        return json.dumps(self.model_dump(), indent=indent, ensure_ascii=False, default=str)


_KINDS: dict[str, type] = {
    "session_id": str, "interactions": list, "preferences": dict, "runtime_context": dict, "codebase_summary": str,
    "created_at": str, "exported_at": str,
}  # fmt: skip
