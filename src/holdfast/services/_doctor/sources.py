"""Checks of the sources: what was found of each agent, what is not read yet, what could not be used."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.config.exclude import exclusion
from holdfast.errors import HoldfastError
from holdfast.services._doctor.checkup import Check, Finding, plural
from holdfast.services._losses import losses_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.model import Losses
    from holdfast.services._doctor.checkup import Level, Scene
    from holdfast.sources.base import Source

AREA = "agents"
SHOWN = 5


def checks(scene: Scene, deadline: float) -> Iterator[Check]:
    """Look at each source by listing alone, then at what earlier syncs could not use."""
    stale = 0
    yield _evidence(scene)
    for name, source in scene.sources().items():
        if time.monotonic() > deadline:
            yield _said(name, "note", "not looked at: the time was over", "holdfast sync")
            continue
        found, waiting = _source(scene, name, source)
        stale += waiting
        yield found
    yield _waiting(stale)


def _evidence(scene: Scene) -> Check:
    """Name the readers that were checked against real files, and those that were not."""
    checked = {name: source.info.verified for name, source in scene.sources().items()}
    yes = ", ".join(name for name, verified in checked.items() if verified)
    no = ", ".join(name for name, verified in checked.items() if not verified)
    return _said("evidence", "ok", f"verified: {yes or 'none'}; unverified: {no or 'none'}")


def _source(scene: Scene, name: str, source: Source) -> tuple[Check, int]:
    if name in exclusion(scene.config["sources.exclude"], (name,)).agents:
        return _said(name, "note", "kept out by sources.exclude"), 0
    mark = "" if source.info.verified else "; unverified: no real file was read to check it"
    try:
        roots = list(scene.roots(source))
        refs = list(source.discover(roots))
    except (HoldfastError, OSError) as error:
        return _said(name, "warning", f"its files cannot be listed: {error}", "check the folder's owner"), 0
    if not refs:
        return _said(name, "ok", f"not found; looked in {_looked_in(scene, source, roots)}{mark}"), 0
    waiting = _unread(scene, name)
    text = f"{plural(len(refs), 'file')} in {', '.join(str(r) for r in roots[:3])}{mark}"
    return _said(name, "ok" if source.info.verified else "note", text), len(refs) if waiting is None else waiting


def _looked_in(scene: Scene, source: Source, roots: list[Path]) -> str:
    import sys  # noqa: PLC0415 - the platform's own name is all that is wanted

    places = roots or list(source.roots(scene.env, scene.home, sys.platform))
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(str(p) for p in places[:SHOWN]) + more


def _unread(scene: Scene, name: str) -> int | None:
    """Count the files that changed since the last sync, None where there is no archive to compare with."""
    if not scene.made:
        return None
    try:
        return len(scene.sync().plan([name]).stale)
    except HoldfastError:
        return 0  # another check tells what is wrong with the archive


def _waiting(stale: int) -> Check:
    if stale:
        return Check(area=AREA, name="not read yet", level="note", found=plural(stale, "file"), fix="holdfast sync")
    return Check(area=AREA, name="not read yet", level="ok", found="nothing")


def unknown(scene: Scene) -> Finding:
    """Tell which kinds of records no reader knows: their bytes are kept wherever the source is captured."""
    kinds: Counter[str] = Counter()
    for key, losses in _losses(scene).items():
        kinds.update({f"{key.partition(':')[0]} {name}": times for name, times in losses.unknown.items()})
    if not kinds:
        return Finding("ok", "none")
    listed = ", ".join(f"{name} x{times}" for name, times in kinds.most_common(SHOWN))
    more = f" and {len(kinds) - SHOWN} more kinds" if len(kinds) > SHOWN else ""
    fix = "none needed: kept raw, and read when a newer Holdfast knows them"
    return Finding("note", f"{plural(sum(kinds.values()), 'record')} of kinds no reader knows: {listed}{more}", fix)


def damaged(scene: Scene) -> Finding:
    """Tell how many lines of the agents' files are no records."""
    found = {k.partition("#")[0].partition(":")[2]: v.damaged for k, v in _losses(scene).items() if v.damaged}
    if not found:
        return Finding("ok", "none")
    first, lines = max(found.items(), key=lambda entry: entry[1])
    text = f"{plural(sum(found.values()), 'line')} in {plural(len(found), 'file')} are no records, most ({lines}) in {first}"
    return Finding("warning", text, "none needed: skipped around, kept raw")


def _losses(scene: Scene) -> dict[str, Losses]:
    return losses_of(scene.store()) if scene.made else {}


def _said(name: str, level: Level, found: str, fix: str = "") -> Check:
    return Check(area=AREA, name=name, level=level, found=found, fix=fix)


CHECKS = (("unknown records", unknown), ("damaged lines", damaged))
