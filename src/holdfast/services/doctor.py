"""Look for what is wrong, and say the one command that mends it.

Reads only: an archive that does not exist is not made, and no file of any agent is opened.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

from msgspec.structs import replace

from holdfast.errors import HoldfastError, Unreadable
from holdfast.services._doctor import archive, machine, settings, sources
from holdfast.services._doctor.checkup import LEVELS, Check, Checkup, Finding, Level, Scene

__all__ = ["LEVELS", "Check", "Checkup", "Doctor", "Level", "Scene"]

SECONDS = 2.0
"""After this long no further files are listed: the rest of the three seconds a person waits belongs to the other checks."""
_PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")
_AREAS = (
    ("machine", machine.CHECKS),
    ("archive", archive.CHECKS),
    ("sessions", archive.SESSION_CHECKS),
    ("settings", settings.CHECKS),
)


class Doctor:
    """Runs every check; each one fails alone."""

    def __init__(self, scene: Scene) -> None:
        """Take what there is to look at."""
        self.scene = scene

    def run(self) -> Checkup:
        """Check everything, in a few seconds at most."""
        began = time.monotonic()
        fresh = replace(self.scene)  # without what an earlier run remembered
        checks = tuple(self._shown(check) for check in self._checks(fresh, began + SECONDS))
        return Checkup(checks=checks, seconds=round(time.monotonic() - began, 3))

    def info(self) -> tuple[tuple[str, str], ...]:
        """Name every path and version."""
        return tuple((name, self._plain(value)) for name, value in machine.facts(self.scene))

    def damage(self) -> Unreadable | None:
        """Return what keeps the archive from being opened, None where nothing does."""
        return machine.damage(self.scene)

    def _checks(self, scene: Scene, deadline: float) -> Iterator[Check]:
        for area, looks in _AREAS:
            for name, look in looks:
                check = _guarded(scene, area, name, look)
                yield check
                if check.damaged and name == archive.INTEGRITY:
                    scene = _closed(scene)
        yield from sources.checks(scene, deadline)
        for name, look in sources.CHECKS:
            yield _guarded(scene, sources.AREA, name, look)

    def _shown(self, check: Check) -> Check:
        return replace(check, found=self._plain(check.found), fix=self._plain(check.fix))

    def _plain(self, text: str) -> str:
        """Leave out what a person would not paste: the name of their home, passwords in addresses."""
        home = str(self.scene.home)
        shown = _PASSWORD.sub("...@", text)
        return shown if home in ("", "/") else re.sub(rf"{re.escape(home)}(?=/|\\|$|\W)", "~", shown)


def _guarded(scene: Scene, area: str, name: str, look: Callable[[Scene], Finding]) -> Check:
    """Run one check: what keeps it from looking is what it found."""
    try:
        found = look(scene)
    except Unreadable as error:
        found = Finding("problem", error.message, error.hint or "holdfast store verify", damaged=True)
    except _Closed as error:
        found = Finding("note", error.message)
    except HoldfastError as error:
        found = Finding("problem", error.message, error.hint)
    except OSError as error:
        found = Finding("warning", str(error))
    return Check(area=area, name=name, level=found.level, found=found.found, fix=found.fix, damaged=found.damaged)


def _closed(scene: Scene) -> Scene:
    """Keep later checks out of a damaged archive."""

    def refuse() -> NoReturn:
        raise _Closed("not looked at: the archive is damaged")

    return replace(scene, store=refuse, index=refuse, sync=refuse, index_path=lambda: None)


class _Closed(HoldfastError):
    """A check wanted to look into an archive that is known to be damaged."""
