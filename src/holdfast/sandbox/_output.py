"""Output as it arrives: its beginning and its end are kept. Knows bytes; refuses to know who wrote them."""

from __future__ import annotations

_LOOKED_AT = 8192
_MOST_UNREADABLE = 0.1


class Bounded:
    """Bytes of one stream, at most `limit` of them; `cut` counts the others."""

    def __init__(self, limit: int) -> None:
        """Keep half of the limit for the beginning and half for the end."""
        self._half = max(1, limit // 2)
        self._head, self._tail = bytearray(), bytearray()
        self._total = 0

    @property
    def cut(self) -> int:
        """Bytes that were left out."""
        return self._total - len(self._head) - min(len(self._tail), self._half)

    def add(self, data: bytes) -> None:
        """Take what came."""
        self._total += len(data)
        room = self._half - len(self._head)
        self._head += data[:room] if room > 0 else b""
        self._tail += data[max(0, room) :]
        if len(self._tail) > 8 * self._half:
            del self._tail[: -self._half]

    def text(self) -> str:
        """Return what is kept as text: bytes that are none are shown as such, a stream of them only by its size."""
        head, tail = bytes(self._head), bytes(self._tail[-self._half :])
        if _is_binary(head[:_LOOKED_AT]):
            return f"[binary output, {self._total:,} bytes]"
        if not self.cut:
            return (head + tail).decode("utf-8", "replace")
        note = f"\n[... {self.cut:,} bytes left out ...]\n"
        return head.decode("utf-8", "replace") + note + tail.decode("utf-8", "replace")


def _is_binary(data: bytes) -> bool:
    if b"\0" in data:
        return True
    text = data.decode("utf-8", "replace")
    return text.count("\ufffd") > max(8, len(text) * _MOST_UNREADABLE)
