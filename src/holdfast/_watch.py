"""Tell which files below some folders changed, as it happens; falls back to asking where the system cannot tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchfiles import watch

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DEBOUNCE_MS = 60
STEP_MS = 20
WAKE_MS = 250


def changes(folders: Sequence[Path], stop: threading.Event) -> Iterator[frozenset[str]]:
    """Yield the paths that changed, joined over a few hundredths of a second, until `stop` is set.

    Nothing for a quarter of a second yields an empty set: the first of these says that the watcher stands.
    """
    found = watch(
        *folders,
        stop_event=stop,
        debounce=DEBOUNCE_MS,
        step=STEP_MS,
        rust_timeout=WAKE_MS,
        watch_filter=None,
        raise_interrupt=True,
        yield_on_timeout=True,
        ignore_permission_denied=True,
    )
    for batch in found:
        yield frozenset(path for _, path in batch)
