"""Every registered format keeps the contract."""

from __future__ import annotations

from holdfast import registry
from holdfast.testing.format_contract import FormatContract


def contract(name: str) -> type[FormatContract]:
    return type(f"Test{name.title()}Format", (FormatContract,), {"name": name, "__doc__": f"The format {name}."})


for _name in (*registry.names("formats"), *registry.third_party("formats")):
    globals()[f"Test{_name.title()}Format"] = contract(_name)
