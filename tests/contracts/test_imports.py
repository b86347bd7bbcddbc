"""Every reader of other programs' exports keeps the contract."""

from __future__ import annotations

from importlib import import_module

from holdfast import registry
from holdfast.testing.import_contract import ImportContract


def contract(name: str) -> type[ImportContract]:
    sample = import_module(f"tests.contracts.samples.{name.replace('-', '_')}_export")
    body = {"name": name, "sample": sample.SAMPLE, "said": sample.SAID, "structure": sample.STRUCTURE}
    body["hollow"] = sample.HOLLOW
    return type(f"Test{name.title().replace('-', '')}Import", (ImportContract,), body)


ONE_SESSION = {"session-context"}
"""Files that hold no list; tests/unit/test_interchange_session_context.py covers them."""
ORIGINALS = {"agentry", "anyllm-project", "prellm", "prellm-snapshot", "chroma", "llm-session-manager"}
"""Files of the systems that Holdfast replaces: databases and texts of their own; tests/unit/test_interchange_*.py cover them."""

for _name in sorted({*registry.names("imports")} - ONE_SESSION - ORIGINALS):
    globals()[f"Test{_name.title().replace('-', '')}Import"] = contract(_name)
