"""Preferences name their source, are masked, and are revoked at once."""

from __future__ import annotations

import pytest

from holdfast.errors import BadInput
from holdfast.model.knowledge import Preference, Provenance
from holdfast.workspace import Workspace


@pytest.fixture
def wishes():
    with Workspace.of_url("memory://") as opened:
        yield opened.preferences


def test_what_a_person_states_is_kept_with_its_source(wishes):
    wishes.set("editor", "vim")
    (held,) = wishes.held()
    assert (held.preference.provenance.writer, held.preference.provenance.trust) == ("person", "person")
    assert wishes.values() == {"editor": "vim"}


def test_what_is_learned_names_session_message_and_words(wishes):
    (held,) = wishes.learn("Well. I always use Python.", session="s", message="m")
    assert (held.preference.provenance.session, held.preference.provenance.message) == ("s", "m")
    assert held.quote == "I always use Python."
    assert wishes.learn("I always use Python.") == ()


def test_what_a_file_brings_is_counted_once(wishes):
    found = [Preference(key="lang", value="pl", provenance=Provenance(writer="x", trust="import", at=1))]
    assert wishes.take(found, writer="import:a.json") == 1
    assert wishes.take(found, writer="import:a.json") == 0
    assert wishes.held()[0].preference.provenance.writer == "import:a.json"


def test_forgetting_is_true_or_false(wishes):
    wishes.set("editor", "vim")
    assert [wishes.forget("editor"), wishes.forget("editor")] == [True, False]
    wishes.set("a", "1")
    wishes.set("b", "2")
    assert wishes.clear() == 2
    assert wishes.values() == {}


def test_secrets_are_masked_in_values_and_words(wishes):
    secret = "sk-ant-" + "api03-" + "Zx9Yw8Vu" * 11 + "-AAAA"
    assert secret not in wishes.set("key", f"token {secret}").preference.value
    assert secret not in str(wishes.learn(f"I always use {secret}"))


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "x" * 3000])
def test_what_is_no_name_is_refused(wishes, key):
    with pytest.raises(BadInput):
        wishes.set(key, "v")
