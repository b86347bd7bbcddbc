"""All scripts: importing a file of scripts registers them, and this file imports every one."""

from __future__ import annotations

from tests.live import (
    scripts_for_all,
    scripts_of_agents,
    scripts_of_claude,
    scripts_of_decoys,
    scripts_of_editors,
    scripts_of_evidence,
    scripts_of_launches,
    scripts_of_tails,
)
from tests.live.scripts import SCRIPTS

FILES = (
    scripts_for_all,
    scripts_of_agents,
    scripts_of_claude,
    scripts_of_decoys,
    scripts_of_editors,
    scripts_of_evidence,
    scripts_of_launches,
    scripts_of_tails,
)
__all__ = ["FILES", "SCRIPTS"]
