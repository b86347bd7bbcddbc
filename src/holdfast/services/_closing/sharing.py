"""Whether a process is its session's alone: editors and servers carry more than the one that is to be closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.sources.base import Scene, Source, SupportsLive

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from holdfast.model.process import Process


def reason(
    sources: Mapping[str, Source], roots: Callable[[Source], Sequence[Path]], agent: str, process: Process
) -> str:
    """Say why ending a process would end more than the session; nothing where it would not."""
    source = sources.get(agent)
    if not isinstance(source, SupportsLive):
        return ""
    from holdfast import processes  # noqa: PLC0415 - loads psutil, wanted only where something is closed

    scene = Scene(roots=tuple(roots(source)), written=processes.written, birth=processes.birth)
    claims = source.claims(process, scene)
    if any(c.editor for c in claims):
        return "an editor shows it: close the chat there"
    if len({c.native_id for c in claims if c.native_id}) > 1:
        return f"process {process.pid} holds several sessions"
    return "a server of many sessions holds it" if any(c.host and not c.native_id for c in claims) else ""
