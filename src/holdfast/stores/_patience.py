"""Waiting for another writer: soon again at first, less often later, and not for ever.

SQLite's own waits grow to 100 ms at once; a turn takes a tenth of one, so who waits so long is passed over again and again.
"""

from __future__ import annotations

import random
import threading
import time

LONGEST = 30.0
"""Seconds after which a writer is told that the store is locked."""
SHORT, LONG = 0.0005, 0.005
"""Seconds between two tries, at first and after many."""
MANY = 300


class Patience:
    """What a connection calls while the file is locked, with how often it was called before."""

    def __init__(self) -> None:
        """Begin without having waited."""
        self._until = 0.0
        self._never = threading.Event()

    def __call__(self, tries: int) -> bool:
        """Wait a moment and say whether to try again."""
        now = time.monotonic()
        if tries == 0:
            self._until = now + LONGEST
        self._never.wait((SHORT if tries < MANY else LONG) * (0.5 + random.random()))  # noqa: S311 - so that two do not meet again
        return now < self._until
