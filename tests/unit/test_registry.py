"""The registry: names without imports, adapters by name, and those of other packages."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys

import pytest

from holdfast import registry
from holdfast.errors import BadInput
from holdfast.stores.inmemory import InMemoryStore
from holdfast.workspace import open_store


@pytest.fixture
def other_package(monkeypatch):
    """Register a store and a source as another package would."""

    def entry_points(*, group):
        entries = {
            "holdfast.stores": [("pigeon", "holdfast.stores.inmemory:InMemoryStore"), ("sqlite", "evil:Store")],
            "holdfast.sources": [("gone", "no_such_module:Source")],
        }
        return [importlib.metadata.EntryPoint(n, v, group) for n, v in entries.get(group, [])]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


@pytest.mark.parametrize("group", ["sources", "stores", "formats"])
def test_every_built_in_adapter_can_be_loaded(group):
    for name in registry.names(group):
        adapter = registry.load(group, name)
        own = adapter.info.slug if group == "sources" else getattr(adapter, "name", name)
        assert own == name


def test_a_misspelt_name_suggests_the_nearest():
    with pytest.raises(BadInput) as caught:
        registry.load("sources", "claude-cod")
    assert "claude-code" in caught.value.hint
    with pytest.raises(BadInput) as caught:
        registry.load("formats", "zzz")
    assert "json" in caught.value.hint


def test_other_packages_adapters_are_found_by_name(other_package):
    assert registry.third_party("stores") == ("pigeon", "sqlite")
    assert registry.load("stores", "pigeon") is InMemoryStore
    assert isinstance(open_store("pigeon://anywhere"), InMemoryStore)


def test_no_package_can_take_a_built_in_name(other_package):
    assert registry.load("stores", "sqlite").__module__ == "holdfast.stores.sqlite"


def test_an_adapter_that_cannot_be_imported_says_which(other_package):
    with pytest.raises(ImportError, match="no_such_module"):
        registry.load("sources", "gone")


def test_naming_adapters_imports_none_and_scans_no_package():
    program = """
import sys
from holdfast import registry
[registry.names(g) for g in ("sources", "stores", "formats")]
print([m for m in sys.modules if m.startswith(("holdfast.sources", "holdfast.stores", "importlib.metadata"))])
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "[]"


def test_adapters_by_name_are_loaded_when_they_are_asked_for():
    lazily = registry.Lazily("sources", ("codex", "nobody"))
    assert list(lazily) == ["codex", "nobody"]
    assert "codex" in lazily
    assert "claude-code" not in lazily
    assert lazily["codex"] is lazily["codex"]
    with pytest.raises(BadInput):
        lazily["nobody"]
    with pytest.raises(KeyError):
        lazily["claude-code"]
