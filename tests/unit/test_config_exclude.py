"""Rules of `sources.exclude`: agents in any case and by glob, folders with all below them, and what is neither."""

from __future__ import annotations

import pytest

from holdfast.config.exclude import check_exclusion, exclusion
from holdfast.errors import BadInput
from tests.unit.homes import Claude, build, said, workspace

AGENTS = ("claude-code", "codex", "gemini-cli")


@pytest.mark.parametrize(("rule", "agent"), [("Claude-Code", "claude-code"), ("gemini-*", "gemini-cli")])
def test_agents_are_named_in_any_case_and_by_globs(rule, agent):
    found = exclusion([rule], AGENTS)
    assert (set(found.agents), found.unknown) == ({agent}, ())


@pytest.mark.parametrize("rule", ["~/q", "~/q/", "~/q*", "/home/ada/q"])
def test_a_folder_is_kept_out_with_all_below_it(rule, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    found = exclusion([rule], AGENTS)
    assert found.covers("/home/ada/q")
    assert found.covers("", "/home/ada/q/api")
    assert not found.covers("/home/ada/other", "/home/bob/q")


@pytest.mark.parametrize(
    ("rule", "hint"),
    [("agent:gemini-cli", "mean gemini-cli"), ("claud-code", "mean claude-code"), ("q", "by its path")],
)
def test_a_rule_that_is_neither_is_refused(rule, hint):
    with pytest.raises(BadInput) as error:
        check_exclusion(["codex", rule], AGENTS)
    assert hint in error.value.hint


def test_a_sync_leaves_out_what_the_rules_mean(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    claude = Claude(tmp_path)
    claude.write("aaaa", said("private", 1))
    claude.write("bbbb", said("public", 1) | {"cwd": "/home/ada/open"})
    roots = claude.roots | build(tmp_path / "more", "codex", "pi")
    with workspace(tmp_path, roots, **{"sources.exclude": ["~/shop", "Codex", "p?"]}) as ws:
        ws.sync.run()
        assert [s.native_id for s in ws.store.find() if s.agent != "gemini-cli"] == ["bbbb"]
