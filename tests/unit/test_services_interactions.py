"""Interactions are found by their words, and files of preLLM are read once and left alone."""

from __future__ import annotations

import pytest

from holdfast.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    with Workspace.of_memory(tmp_path / "pool.db") as opened:
        yield opened


def test_those_with_all_words_stand_before_those_with_one(workspace):
    pool = workspace.interactions
    pool.add("deploy the website", "done", at=1.0)
    pool.add("which firmware is newest", "v2", at=2.0)
    pool.add("deploy the new firmware", "done", at=3.0)
    assert next(i["query"] for i in pool.near("Deploy firmware?", 5)) == "deploy the new firmware"
    assert len(pool.near("Deploy firmware?", 5)) == 3
    assert len(pool.near("Deploy firmware?", 1)) == 1


def test_words_that_everybody_uses_find_nothing(workspace):
    workspace.interactions.add("what is the weather", "fine")
    assert workspace.interactions.near("what is the", 5) == []
    assert workspace.interactions.near("?!", 5) == []


def test_the_answers_words_are_found_too(workspace):
    workspace.interactions.add("how to flash it", "use PlatformIO", at=5.0)
    (found,) = workspace.interactions.near("platformio", 5)
    assert found == {"query": "how to flash it", "response_summary": "use PlatformIO", "metadata": {}, "timestamp": 5.0}


def test_two_interactions_of_one_moment_and_text_are_both_kept_from_a_file(workspace):
    twice = [{"query": "q", "response_summary": "a", "timestamp": 1.0}] * 2
    assert workspace.interactions.take(twice) == 2
    assert workspace.interactions.take(twice) == 0
    assert len(workspace.interactions.listed()) == 2


def test_a_folder_of_chromas_is_served_by_a_store_of_ours_in_it(tmp_path):
    with Workspace.of_memory(tmp_path / "chroma_db", folder=True) as opened:
        opened.interactions.add("q", "a")
    assert (tmp_path / "chroma_db" / "holdfast.db").exists()


def test_clearing_erases_and_counts(workspace):
    workspace.interactions.add("q", "a")
    workspace.preferences.set("k", "v")
    assert workspace.clear_memory() == 1
    assert (workspace.interactions.listed(), workspace.preferences.values()) == ([], {})
