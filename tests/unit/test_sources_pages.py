"""What the sources say of themselves is what the documentation says of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast import registry

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs" / "reference"
INFOS = {name: registry.load("sources", name).info for name in registry.names("sources")}


def page(name: str) -> str:
    return (DOCS / "sources" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", INFOS)
def test_the_page_of_a_reader_that_read_no_real_file_says_so(name):
    assert ("**Unverified**" in page(name)) is not INFOS[name].verified


@pytest.mark.parametrize("name", INFOS)
def test_every_reader_has_a_name_and_names_its_evidence(name):
    assert INFOS[name].slug == name
    assert INFOS[name].evidence


def test_the_list_of_agents_is_current():
    command = [sys.executable, str(REPOSITORY / "scripts" / "make_agents_page.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_read_me_says_how_many_agents_are_read():
    found = re.search(r"sessions of (\d+) agents", (REPOSITORY / "README.md").read_text(encoding="utf-8"))
    assert found is not None
    assert int(found[1]) == len(INFOS)


def test_no_agent_is_listed_twice():
    assert len(set(registry.SOURCES.values())) == len(registry.SOURCES)
