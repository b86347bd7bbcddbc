"""Session files of Agentry in TOON.

Knows what readers of TOON take, and that Agentry's own takes tables alone; refuses to write what its own writer broke.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, ClassVar

from holdfast.interchange._originals import chats, local_text, tame
from holdfast.interchange._toon import dumps
from holdfast.interchange.base import NO_HEADER, Header
from holdfast.model import Json, Transcript, conversation

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOON = re.compile(rb"\A(\xef\xbb\xbf)?session_id: [^\n]*\ncreated_at: [^\n]*\n")
_OURS = re.compile(_TOON.pattern + rb"holdfast: ")


class ToonFormat:
    """TOON text, one document after another; a table where all messages have the same scalar keys."""

    name: ClassVar[str] = "toon"
    suffix: ClassVar[str] = ".toon"

    def dump(self, transcripts: Iterable[Transcript], stream: IO[bytes], *, header: Header = NO_HEADER) -> None:
        """Write sessions as they come."""
        del header
        written = False
        for transcript in transcripts:
            stream.write(dumps(_marked(transcript)).encode())
            written = True
        if not written:
            stream.write(dumps({"session_id": "", "created_at": "", "messages": []}).encode())

    def sniff(self, head: bytes) -> float:
        """Claim texts that begin with a session's id and time; for certain those that say whose session it is."""
        if _OURS.match(head):
            return 0.95
        return 0.6 if _TOON.match(head) else 0.0


def _marked(transcript: Transcript) -> dict[str, Json]:
    """Say of a session that Agentry does not know by this id which one it is: else it came back as a second one."""
    found, session = document(transcript), transcript.session
    if session.agent == "agentry" and found["session_id"] == session.native_id:
        return found
    ends = ("session_id", "created_at")
    return {**{k: found[k] for k in ends}, "holdfast": session.id, **{k: v for k, v in found.items() if k not in ends}}


def document(transcript: Transcript) -> dict[str, Json]:
    """Return a session as Agentry keeps it: its id, its time and its conversation, and what else is known of it."""
    session = transcript.session
    said = [chat for message in conversation(transcript.messages) for chat in chats(message)]
    metadata = session.extra.get("metadata")
    about = {
        "last_activity": local_text(session.active),
        "title": session.title,
        "metadata": metadata if isinstance(metadata, dict) else {},
    }
    found: dict[str, Json] = tame(
        {
            "session_id": session.name or session.native_id,
            "created_at": local_text(session.started),
            **{key: value for key, value in about.items() if value},
            "messages": said,
        }
    )
    return found
