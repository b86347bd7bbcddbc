"""What OpenCode's tables mean, for all programs that have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.sources._database import Found
from holdfast.sources._opencode import parts, rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.model import Transcript
    from holdfast.sources._database import Connection


class Shelf:
    """Reads the tables of one database; `named` puts another program's name in the place of OpenCode's."""

    def __init__(
        self,
        parser: int,
        *,
        agent: str = parts.AGENT,
        named: Callable[[Transcript, parts.Draft], Transcript] | None = None,
    ) -> None:
        """Know no session yet."""
        self.agent, self.parser = agent, parser
        self._named = named
        self._found: dict[str, rows.Found] = {}

    def sessions(self, connection: Connection) -> list[Found]:
        """List every session once."""
        self._found = {f.native: f for f in rows.sessions(connection)}
        return [Found(native=f.native, row=f.row, mark=f.mark) for f in self._found.values()]

    def read(self, connection: Connection, found: Found, path: str) -> tuple[Transcript, bytes]:
        """Read one session, and its rows."""
        draft, raw = rows.read(connection, self._found[found.native], path)
        transcript = parts.transcript_of(draft)
        return self._named(transcript, draft) if self._named else transcript, raw
