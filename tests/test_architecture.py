"""The contracts hold, each of them can fail, and what a static graph cannot see is checked on sys.modules."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "src" / "holdfast"
LINTER = Path(__file__).parent / "architecture_plants" / "lint.py"
SETTINGS = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())

# (file to write into, lines to add, contract that must break)
PLANTS: dict[str, tuple] = {
    "the model reaches up to a service": ("model/session.py", "import holdfast.services", "floors"),
    "the model reaches sideways to a part": ("model/session.py", "import holdfast.redact", "floors"),
    "the model reads configuration": ("model/session.py", "import holdfast.registry", "model"),
    "the model knows another library": ("model/message.py", "import yaml", "model"),
    "the ground knows a noun": ("registry.py", "import holdfast.model.session", "floors"),
    "an error knows the registry": ("errors.py", "import holdfast.registry", "floors"),
    "a source knows the store protocol": ("sources/base.py", "import holdfast.stores.base", "floors"),
    "a store knows the index": ("stores/base.py", "import holdfast.index", "floors"),
    "a format masks by itself": ("interchange/base.py", "import holdfast.redact", "floors"),
    "the index prices tokens": ("index/__init__.py", "import holdfast.pricing", "floors"),
    "a service knows the workspace": ("services/__init__.py", "import holdfast.workspace", "floors"),
    "a deferred import reaches up too": (
        "stores/base.py",
        "def reach():\n    from holdfast.services import sync\n    return sync",
        "floors",
    ),
    "a module without a floor": ("leftovers.py", '"""Nobody gave me a floor."""', "floors"),
    "a source imports its neighbour": ("sources/codex.py", "import holdfast.sources.claude_code", "sources"),
    "a source's base knows an adapter": ("sources/base.py", "import holdfast.sources.codex", "sources"),
    "a source nobody listed": ("sources/newcomer.py", '"""Not listed."""', "sources"),
    "a store imports its neighbour": ("stores/inmemory.py", "import holdfast.stores.sqlite", "stores"),
    "a store nobody listed": ("stores/newcomer.py", '"""Not listed."""', "stores"),
    "a format imports its neighbour": ("interchange/json.py", "import holdfast.interchange.native", "formats"),
    "a format nobody listed": ("interchange/newcomer.py", '"""Not listed."""', "formats"),
    "a service picks SQLite": ("services/sync.py", "import holdfast.stores.sqlite", "adapters-by-name"),
    "a service picks a source": ("services/sync.py", "import holdfast.sources.codex", "adapters-by-name"),
    "a face goes round the workspace": ("faces/cli/main.py", "import holdfast.services", "faces-see"),
    "a face opens a store": ("faces/cli/main.py", "import holdfast.stores.base", "faces-see"),
    "a face masks by itself": ("faces/cli/main.py", "import holdfast.redact", "faces-see"),
    "a face asks the registry": ("faces/cli/main.py", "import holdfast.registry", "faces-see"),
    "another face reaches for the CLI": ("faces/web/app.py", "import holdfast.faces.cli.main", "faces"),
    "a face nobody listed": ("faces/newcomer.py", '"""Not listed."""', "faces"),
    "a renderer asks for more": ("faces/cli/render.py", "import holdfast.workspace", "render"),
    "a service parses a command line": ("services/sync.py", "import click", "edge-terminal"),
    "a source draws": ("sources/codex.py", "from rich.text import Text", "edge-terminal"),
    "a service opens a database": ("services/sync.py", "import apsw", "edge-sqlite"),
    "a source opens a database": ("sources/opencode.py", "import apsw", "edge-sqlite"),
    "the other SQLite": ("stores/sqlite.py", "import sqlite3", "edge-sqlite"),
    "a source watches files": ("sources/codex.py", "import watchfiles", "edge-extras"),
    "the index knows the secrets engine": ("index/__init__.py", "import hyperscan", "edge-extras"),
    "the core brings pydantic back": ("workspace.py", "import pydantic", "edge-extras"),
    "two modules need each other": (
        "services/first.py",
        "import holdfast.services.second",
        "acyclic",
        ("services/second.py", "import holdfast.services.first"),
    ),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[str, list[str]]:
    """Lint a copy of the package as it is, then once per plant; return the contracts that broke."""
    root = tmp_path_factory.mktemp("plants")
    shutil.copytree(PACKAGE, root / "holdfast", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    plants: dict[str, dict] = {"as it is": {"contract": "", "files": []}}
    for name, (file, lines, contract, *more) in PLANTS.items():
        plants[name] = {"contract": contract, "files": [(file, lines), *more]}
    (root / "plants.json").write_text(json.dumps(plants))
    answer = subprocess.run(
        [sys.executable, str(LINTER)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads((root / "verdicts.json").read_text())


def test_every_contract_is_kept(verdicts):
    assert verdicts["as it is"] == [], "run `uv run lint-imports` to see the chains"


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_violation_breaks_its_contract(verdicts, name):
    assert PLANTS[name][2] in verdicts[name]


def test_every_contract_has_a_plant():
    contracts = {contract["id"] for contract in SETTINGS["tool"]["importlinter"]["contracts"]}
    assert contracts == {plant[2] for plant in PLANTS.values()}


SHARED_BY_SOURCES = ("_content", "_database", "_files", "_jsonl", "_live", "_toolnames", "_turns")


FAMILIES = {
    "claude": ("claude_code", "iflow"),
    "cline": ("cline", "roo_code", "kilo"),
    "codex": ("codex", "traex"),
    "continue": ("continue_dev",),
    "copilot": ("copilot_cli",),
    "droid": ("factory_droid",),
    "gemini": ("gemini_cli",),
    "kiro": ("kiro_cli",),
    "opencode": ("opencode", "kilo"),
    "lmstudio": ("lm_studio",),
    "openwebui": ("open_webui",),
    "qwen": ("qwen_code",),
    "vibe": ("mistral_vibe",),
    "vs": ("visualstudio_copilot",),
    "vscode": ("vscode_copilot_chat",),
}
"""Which sources use a private folder, where that is not the one source of the same name."""


def test_what_one_family_of_sources_keeps_private_is_used_by_that_family_alone():
    strangers = [
        f"{path.name} uses _{name}"
        for path in (PACKAGE / "sources").rglob("*.py")
        for name in re.findall(r"holdfast\.sources(?:\.| import )_(\w+)", path.read_text(encoding="utf-8"))
        if f"_{name}" not in SHARED_BY_SOURCES
        and path.parent.name != f"_{name}"
        and path.stem not in FAMILIES.get(name, (name,))
    ]
    assert strangers == []


HEAVY = ("rich", "watchfiles", "psutil", "genai_prices", "splintr", "hyperscan", "asyncio", "textual", "pydantic")
NEVER = ("sqlite3", "_sqlite3")


def loaded(code) -> set[str]:
    """Return the top-level modules that a fresh interpreter holds after running code."""
    report = "import sys, atexit; atexit.register(lambda: sys.stderr.write(chr(10) + ' '.join(sys.modules)))\n"
    answer = subprocess.run(
        [sys.executable, "-c", report + code], capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return {name.partition(".")[0] for name in answer.stderr.splitlines()[-1].split()}


def command(*arguments) -> str:
    return f"import sys; sys.argv[1:] = {list(arguments)!r}; from holdfast.faces.cli.main import main; main()"


def test_a_loaded_library_is_seen():
    assert {"rich", "sqlite3"} <= loaded("import rich, sqlite3")


def test_importing_holdfast_loads_nothing_heavy():
    assert loaded("import holdfast") & {*HEAVY, *NEVER, "yaml", "zstandard", "click", "apsw", "msgspec"} == set()


def test_the_door_of_the_library_loads_nothing_heavy():
    if "open_store" not in (PACKAGE / "__init__.py").read_text():
        return
    assert loaded("from holdfast import open_store") & {*HEAVY, *NEVER, "yaml", "click"} == set()


def test_listing_adapters_imports_none():
    names = loaded("from holdfast import registry; [registry.names(g) for g in ('sources', 'stores', 'formats')]")
    assert names & {*HEAVY, *NEVER, "apsw", "zstandard", "yaml"} == set()


def test_help_loads_nothing_heavy():
    assert loaded(command("--help")) & {*HEAVY, *NEVER, "yaml", "zstandard", "apsw"} == set()


@pytest.mark.parametrize("arguments", [("list", "--json"), ("search", "word", "--json"), ("usage", "--json")])
def test_a_command_on_a_pipe_loads_no_extra_and_never_the_other_sqlite(arguments):
    unwanted = {"rich", "watchfiles", "genai_prices", "splintr", "hyperscan", "asyncio", "textual", "pydantic"}
    assert loaded(command(*arguments)) & {*unwanted, *NEVER} == set()
