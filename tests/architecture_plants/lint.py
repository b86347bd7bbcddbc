"""Lint the copy of the package in the current folder: once as it is, then once per plant, all in one process.

Reads plants.json ({name: {"contract": id, "files": [[path, lines], ...]}}), writes verdicts.json ({name: [broken ids]}).
A plant is checked against its own contract only; the copy as it is, against all.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from pathlib import Path

from importlinter import api  # noqa: F401 - importing it sets the linter up
from importlinter.application import use_cases

OPTIONS = use_cases.read_user_options("pyproject.toml")
use_cases._register_contract_types(OPTIONS)
NAMES = {contract["name"]: contract["id"] for contract in OPTIONS.contracts_options}


def stub(module):
    """Let a module that a plant reaches for exist, so that a plant outlives the moving of its target."""
    path = Path(*module.split("."))
    if path.is_dir():
        (path / "__init__.py").touch()
    elif not path.with_suffix(".py").exists():
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.with_suffix(".py").touch()


@contextmanager
def planted(files):
    before = {path: path.read_bytes() if path.exists() else None for path in (Path("holdfast", f) for f, _ in files)}
    for file, lines in files:
        path = Path("holdfast", file)
        path.parent.mkdir(exist_ok=True)
        package = path.parent / "__init__.py"
        if not package.exists():
            package.touch()
            before[package] = None
        path.write_text((before[path] or b"").decode() + "\n" + lines + "\n")
    try:
        yield
    finally:
        for path, content in before.items():
            path.unlink() if content is None else path.write_bytes(content)


def broken(contracts):
    report = use_cases.create_report(OPTIONS, contracts, cache_dir=".cache")
    assert not report.invalid_contract_options, report.invalid_contract_options
    return [NAMES[contract.name] for contract, check in report.get_contracts_and_checks() if not check.kept]


verdicts = {}
for name, plant in json.loads(Path("plants.json").read_text()).items():
    for _, lines in plant["files"]:
        for module in re.findall(r"^import (holdfast\.\S+)", lines, re.MULTILINE):
            stub(module)
    with planted(plant["files"]):
        verdicts[name] = broken((plant["contract"],) if plant["contract"] else ())
Path("verdicts.json").write_text(json.dumps(verdicts))
