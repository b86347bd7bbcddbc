"""Shows long text in a pager; knows how to start one and nothing of what it shows."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LESS = "less -FIRX"


def page(text: str, setting: str, env: Mapping[str, str]) -> bool:
    """Show text in the pager of the settings, $PAGER or less; False where it fits the screen or no pager is there."""
    if text.count("\n") < shutil.get_terminal_size().lines:
        return False
    command = shlex.split(setting or env.get("PAGER", "") or LESS)
    if not command or command[0] == "cat" or shutil.which(command[0]) is None:
        return False
    if command == ["less"]:
        command = shlex.split(LESS)
    shown = subprocess.Popen(command, stdin=subprocess.PIPE, env={"LESSCHARSET": "utf-8", **env})  # noqa: S603 - the person's own setting
    try:
        shown.communicate(text.encode("utf-8", "backslashreplace"))
    except KeyboardInterrupt:
        shown.wait()
    return True
