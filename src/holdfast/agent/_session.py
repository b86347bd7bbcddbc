"""One conversation of an agent: a list of dicts that a program may read, cut and replace."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class AgentSession:
    """A session with its messages as OpenAI-style dicts, the system message first."""

    def __init__(self, session_id: str, system_message: str) -> None:
        """Begin a conversation."""
        self.session_id = session_id
        self.messages: list[dict[str, Any]] = [{"role": "system", "content": system_message}]
        self.created_at = self.last_activity = _now()
        self.metadata: dict[str, Any] = {}
        self.files: dict[str, str] = {}
        self.on_change: Callable[[], object] | None = None

    def add_message(self, message: dict[str, Any]) -> None:
        """Add a message; kept at once where the session is an agent's."""
        self.messages.append(message)
        self._changed()

    def clear_history(self, keep_system: bool = True) -> None:  # noqa: FBT001, FBT002 - the name that programs use
        """Forget the conversation, the system message too if so told."""
        self.messages = [m for m in self.messages if keep_system and m.get("role") == "system"]
        self._changed()

    def _changed(self) -> None:
        self.last_activity = _now()
        if self.on_change is not None:
            self.on_change()


def _now() -> datetime:
    return datetime.now()  # noqa: DTZ005 - programs compare it with their own datetime.now()
