"""Look for what is wrong, and say the one command that mends it; reads only."""

from __future__ import annotations

import os
import platform
import shutil
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from holdfast import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.workspace import Workspace

Level = Literal["ok", "note", "warning", "problem"]
DAY_MS = 86_400_000
SOON_DAYS = 7
LOW_DISK = 1 << 30


class Check(Struct, frozen=True, kw_only=True):
    """One thing looked at: what was found, and what to do about it."""

    name: str
    level: Level
    found: str
    fix: str = ""
