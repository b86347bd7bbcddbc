"""How rule files add, replace and disable, and how a bad one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import BadInput
from holdfast.redact import Redactor
from holdfast.redact.rules import CHECKS, load


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "mine.yaml"

    def write(text):
        path.write_text(text, encoding="utf-8")
        return path

    return write


ENGINES = ["re", "hyperscan"]


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param == "hyperscan":
        pytest.importorskip("hyperscan", reason="pip install 'holdfast[redact]'")
    return request.param


def test_the_shipped_rules_compile_and_have_names_of_their_own():
    shipped = load().rules
    assert len(shipped) >= 100
    assert all(rule.regex and rule.heads is not None and rule.check in CHECKS for rule in shipped)
    assert all(rule.prefixes or rule.literals for rule in shipped)


def test_a_file_adds_a_rule(rules, engine):
    path = rules("rules:\n  - name: badge\n    kind: internal\n    pattern: 'BADGE-\\d{6}'\n    literals: [badge-]\n")
    assert Redactor([path], engine=engine).mask("my BADGE-123456.")[0] == "my [REDACTED:badge]."


def test_a_rule_without_literals_is_always_tried(rules, engine):
    path = rules("rules: [{name: badge, pattern: '\\b\\d{3}-\\d{2}-\\d{4}\\b'}]")
    assert Redactor([path], engine=engine).mask("ssn 123-45-6789")[0] == "ssn [REDACTED:badge]"


def test_a_named_group_limits_what_is_masked(rules, engine):
    path = rules("rules: [{name: door, literals: [door], pattern: 'door code (?P<secret>\\d{4})'}]")
    assert Redactor([path], engine=engine).mask("door code 1234 ok")[0] == "door code [REDACTED:door] ok"


def test_a_file_replaces_a_rule_of_the_same_name(rules, engine):
    path = rules("rules: [{name: npm-token, prefixes: [npm_], pattern: 'npm_[a-z]{5}'}]")
    assert Redactor([path], engine=engine).mask("npm_abcde")[0] == "[REDACTED:npm-token]"


def test_a_file_disables_a_rule(rules, engine):
    key = "npm" + "_" + "aB3dE5gH7j" * 3 + "kL9mN1"
    assert Redactor(engine=engine).scan(key)
    assert not Redactor([rules("disable: [npm-token]")], engine=engine).scan(key)


def test_later_files_win(rules, tmp_path):
    last = tmp_path / "last.yaml"
    last.write_text("disable: [badge]\n")
    first = rules("rules: [{name: badge, pattern: 'BADGE'}]")
    assert Redactor([first, last], engine="re").scan("BADGE") == ()


def test_patterns_of_the_earlier_tool_are_read(rules):
    path = rules("sensitive_value_patterns:\n  - 'ACME-[0-9]{4}'\n  - {name: Acme Door, pattern: 'DOOR[0-9]{4}'}\n")
    assert Redactor([path], engine="re").mask("ACME-1234 DOOR9999")[0] == "[REDACTED:mine-1] [REDACTED:acme-door]"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("rules: [", "mine.yaml:2:1"),
        ("- a", "top level"),
        ("rulez: []", "'rulez'"),
        ("rules: {}\ndisable: [nothing-of-the-kind]", "nothing-of-the-kind"),
        ("rules: [{pattern: a}]", "rules[0].name"),
        ("rules: [{name: a b, pattern: a}]", "rules[0].name"),
        ("rules: [{name: ok, pattern: a}, {name: bad}]", "rules[1] (bad)"),
        (
            "rules: [{name: bad, pattern: '(a'}]",
            "rules[0] (bad): pattern: missing ), unterminated subpattern at character",
        ),
        ("rules: [{name: bad, pattern: 'a*'}]", "empty"),
        ("rules: [{name: bad, pattern: a, validate: luhn}]", "'luhn'"),
        ("rules: [{name: bad, pattern: a, prefix: [a]}]", "'prefix'"),
        ("rules: [{name: bad, pattern: ab, prefixes: [ab]}]", "3 characters"),
        ("rules: [{name: bad, pattern: 5}]", "rules[0] (bad)"),
        ("sensitive_keys: {secret: [a]}", "sensitive_keys"),
        ("sensitive_keys: {safe: a}", "safe"),
        ("sensitive_value_patterns: ['[']", "sensitive_value_patterns[0]"),
    ],
)
def test_a_bad_file_is_refused_with_its_place(rules, text, place):
    with pytest.raises(BadInput) as caught:
        Redactor([rules(text)])
    assert "mine.yaml" in str(caught.value)
    assert place in str(caught.value)


def test_a_missing_file_and_an_unknown_engine_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"none\.yaml"):
        Redactor([tmp_path / "none.yaml"])
    with pytest.raises(BadInput, match="pcre"):
        Redactor(engine="pcre")


def test_the_reference_page_names_every_shipped_rule():
    page = (Path(__file__).parents[2] / "docs" / "reference" / "redaction-rules.md").read_text(encoding="utf-8")
    assert [rule.name for rule in load().rules if f"`{rule.name}`" not in page] == []
    assert f"ships {len(load().rules)} rules" in page
