"""health, as a person and a program read it."""

from __future__ import annotations

import pytest

from holdfast import processes

TITLE = "Fix the build"


@pytest.fixture(autouse=True)
def nothing_runs(monkeypatch):
    """Hide the processes of this machine."""
    monkeypatch.setattr(processes, "snapshot", lambda *_, **__: ())


def test_health_shows_a_bar_and_the_evidence_of_each_factor(cli):
    answer = cli("health", cli.id_of(TITLE), "--scoring", "classic")
    assert answer.exit_code == 0
    for name in ("token usage", "duration", "activity", "errors"):
        assert name in answer.stdout
    assert answer.stdout.count("█") > 10
    assert "Session has been idle" in answer.stdout


def test_the_two_scorings_have_factors_of_their_own(cli):
    found = [cli.json("health", cli.id_of(TITLE), "--scoring", s) for s in ("default", "classic")]
    assert [[f["name"] for f in d["factors"]] for d in found] == [
        ["context_pressure", "context_rot", "stall", "progress"],
        ["token_usage", "duration", "activity", "errors"],
    ]
    assert [d["scoring"] for d in found] == ["default", "classic"]


def test_a_weight_that_is_set_changes_the_health(cli):
    before = cli.json("health", cli.id_of(TITLE), "--scoring", "classic")["score"]
    assert cli("config", "set", "health_weights.activity", "0.9").exit_code == 0
    assert cli.json("health", cli.id_of(TITLE), "--scoring", "classic")["score"] < before


def test_a_scoring_nobody_knows_and_a_session_nobody_knows_are_refused(cli):
    assert cli("health", "-", "--scoring", "best").exit_code == 2
    assert cli("health", "nobody-here").exit_code == 3
