"""Errors: one table of names, exit codes and HTTP statuses."""

from __future__ import annotations

import pytest

from holdfast import errors
from holdfast.errors import EXIT_CODES, INTERRUPTED, Ambiguous, HoldfastError, NotFound

KINDS = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, HoldfastError)]


def test_every_kind_has_an_exit_code_of_its_own_that_the_table_explains():
    codes = [kind.exit_code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert set(codes) | {0, INTERRUPTED} == set(EXIT_CODES)


def test_the_docstring_shows_the_codes_that_the_classes_have():
    for kind in KINDS:
        if kind is not HoldfastError:
            (line,) = [ln for ln in errors.__doc__.splitlines() if f"+-- {kind.__name__} " in ln]
            assert f"exit {kind.exit_code} " in line
            assert line.endswith(f"HTTP {kind.http_status}")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_keeps_what_happened_and_what_to_do_apart(kind):
    error = kind("what happened", "what to do")
    assert (str(error), error.message, error.hint) == ("what happened", "what happened", "what to do")
    assert kind("what happened").hint == ""


def test_programs_read_a_name_in_snake_case():
    assert (NotFound("x").code, HoldfastError("x").code) == ("not_found", "holdfast_error")


def test_an_ambiguous_name_brings_its_candidates():
    assert Ambiguous("x", candidates=("a", "b")).candidates == ("a", "b")
    assert Ambiguous("x").candidates == ()
