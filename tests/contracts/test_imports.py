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

for _name in sorted({*registry.names("imports")} - ONE_SESSION):
    globals()[f"Test{_name.title().replace('-', '')}Import"] = contract(_name)
