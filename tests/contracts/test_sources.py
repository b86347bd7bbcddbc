"""Every built-in source keeps the contract, each on a small home written to its agent's format."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import pytest

from holdfast import registry
from holdfast.testing.source_contract import SourceContract

SAMPLES = "tests.contracts.samples"


def module_of(slug: str) -> str:
    return slug.replace("-", "_")


def is_there(slug: str) -> bool:
    return find_spec(registry.SOURCES[slug].partition(":")[0]) is not None


def has_sample(slug: str) -> bool:
    return find_spec(f"{SAMPLES}.{module_of(slug)}") is not None


def contract(slug: str) -> type[SourceContract]:
    sample = import_module(f"{SAMPLES}.{module_of(slug)}")
    given = {
        n: getattr(sample, n.upper())
        for n in ("root_table", "append_only", "json_lines", "unknown_record")
        if hasattr(sample, n.upper())
    }
    body = {
        **given,
        "expected": sample.EXPECTED,
        "source": lambda _: registry.load("sources", slug)(),
        "build": lambda _, root: sample.build(root),
        "__module__": __name__,
    }
    return type(f"Test{module_of(slug).title().replace('_', '')}", (SourceContract,), body)


for found in registry.SOURCES:
    if is_there(found) and has_sample(found):
        kept = contract(found)
        globals()[kept.__name__] = kept


@pytest.mark.parametrize("slug", list(registry.SOURCES))
def test_every_source_has_a_sample_home(slug):
    assert has_sample(slug) == is_there(slug)
