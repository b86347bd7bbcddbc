"""Parrot keeps the contract that every source of Holdfast keeps."""

from __future__ import annotations

import shutil
from pathlib import Path

from holdfast_source_sample import Parrot

from holdfast.testing.source_contract import SourceContract

HOME = Path(__file__).resolve().parent.parent / "sample-home"


class TestParrot(SourceContract):
    expected = {  # noqa: RUF012 - as the contract has it
        "sessions": ["7f1c", "82aa"],
        "prompts": ["Who is a pretty bird?", "Count to three."],
        "tools": ["mirror"],
        "requests": {"requests": 3, "input": 26, "cache_read": 212, "output": 16},
    }
    root_table = (({}, "linux", ".parrot"), ({"PARROT_HOME": "~/moved"}, "linux", "moved"))

    def source(self):
        return Parrot()

    def build(self, root):
        shutil.copytree(HOME, root, dirs_exist_ok=True)
