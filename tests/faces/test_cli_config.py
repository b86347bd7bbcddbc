"""config and store."""

from __future__ import annotations

import stat

TITLE = "Fix the build"


def test_a_setting_is_changed_and_comments_around_it_stay(cli):
    path = cli.data / "config.yaml"
    path.write_text("# mine\ntrash:\n  days: 3  # short\nsources.exclude:\n  - aider\n# end\n")
    assert cli("config", "set", "trash.days", "9").exit_code == 0
    assert cli("config", "set", "sources.exclude", "[pi]").exit_code == 0
    assert cli("config", "set", "archive.capture", "never").exit_code == 0
    text = path.read_text()
    assert text.startswith("# mine\ntrash:\n  days: 9  # short\n")
    assert "# end\n" in text
    values = {s["name"]: (s["value"], s["origin"]) for s in cli.json("config", "show")["settings"]}
    assert values["trash.days"] == (9, "user")
    assert values["sources.exclude"] == (["pi"], "user")
    assert values["archive.capture"] == ("never", "user")


def test_the_place_that_wins_is_told(cli, monkeypatch):
    cli("config", "set", "trash.days", "9")
    monkeypatch.setenv("HOLDFAST_TRASH_DAYS", "4")
    assert "environment HOLDFAST_TRASH_DAYS" in cli("config", "show", "trash.days", "--origin").stdout
    assert cli("config", "show", "trash.days").stdout == "4\n"
    assert "wins over it" in cli("config", "set", "trash.days", "8").stderr


def test_a_project_sets_only_what_does_no_harm(cli):
    assert cli("config", "set", "usage.timezone", "UTC", "--project").exit_code == 0
    assert (cli.home / ".holdfast.yaml").read_text() == "usage.timezone: UTC\n"
    assert cli("config", "set", "store", "memory://", "--project").exit_code == 4


def test_a_new_config_file_explains_every_setting_and_sets_none(cli, monkeypatch):
    monkeypatch.delenv("HOLDFAST_MONITORING_AUTO_DISCOVER", raising=False)
    assert cli("config", "init").exit_code == 0
    assert {s["origin"] for s in cli.json("config", "show")["settings"]} == {"default"}
    assert stat.S_IMODE((cli.data / "config.yaml").stat().st_mode) == 0o600
    assert cli("config", "init").exit_code == 9


def test_a_copied_archive_holds_the_same(cli):
    target = f"sqlite:///{cli.home / 'copy' / 'sessions.db'}"
    before = cli.json("list", "agent:codex", "--no-sync")["sessions"]
    done = cli.json("store", "copy", f"sqlite:///{cli.data / 'sessions.db'}", target)
    assert done["sessions"] > len(before)
    assert cli.json("list", "agent:codex", "--no-sync", "--store", target)["sessions"] == before


def test_an_archive_that_reads_well_is_said_to(cli):
    assert cli.json("store", "verify")["faults"] == []
    assert "read back" in cli("store", "verify").stdout


def test_a_weight_is_changed_in_its_section_and_comments_stay(cli):
    path = cli.data / "config.yaml"
    path.write_text(
        "health_weights:\n  token_usage: 0.5 # mine\n  # a word\n\n# below\nthresholds:\n  token_warning: 0.7\n"
    )
    assert cli("config", "set", "health_weights.token_usage", "0.4").exit_code == 0
    assert cli("config", "set", "health_weights.errors", "0.1").exit_code == 0
    assert path.read_text() == (
        "health_weights:\n  token_usage: 0.4 # mine\n  errors: 0.1\n  # a word\n\n# below\nthresholds:\n  token_warning: 0.7\n"
    )
    shown = {s["name"]: s["value"] for s in cli.json("show-config", "health_weights")["settings"]}
    assert (shown["health_weights.token_usage"], shown["health_weights.errors"]) == (0.4, 0.1)
    assert len(shown) == 8


def test_a_section_in_a_file_without_an_end_of_line_is_added_to(cli):
    path = cli.data / "config.yaml"
    path.write_text("trash:\n    days: 3")
    assert cli("config", "set", "health_weights.errors", "0.1").exit_code == 0
    path.write_text("thresholds:\n    token_warning: 0.7")
    assert cli("config", "set", "thresholds.token_critical", "0.95").exit_code == 0
    assert path.read_text() == "thresholds:\n    token_warning: 0.7\n    token_critical: 0.95\n"


def test_what_the_older_tools_file_sets_is_shown_with_its_place(cli):
    path = cli.home / ".config" / "llm-session-manager" / "config.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("thresholds: {health_warning: 0.6, helth: 1}\n")
    answer = cli("config", "show", "thresholds", "--origin")
    assert "user /" in answer.stdout
    place = cli.json("config", "show", "thresholds.health_warning")["settings"][0]["place"]
    assert place.endswith("llm-session-manager/config.yaml")
    assert "left out" in answer.stderr
    assert cli("config", "show", "thresholds.health_warning").stdout == "0.6\n"


def test_a_new_config_file_names_every_setting_of_the_older_tool(cli):
    assert cli("init-config").exit_code == 0
    text = (cli.data / "config.yaml").read_text()
    for name in ("token_limits.claude_max20", "health_weights.errors", "thresholds.token_warning", "dashboard.show_tags",
                 "database.path", "monitoring.discovery_interval", "mcp.cache_ttl_seconds"):  # fmt: skip
        assert f"# {name}: " in text


def test_the_archive_lies_where_the_older_name_of_its_setting_says(unread):
    place = unread.home / "deep" / "my archive.db"
    assert unread("config", "set", "database.path", str(place)).exit_code == 0
    assert unread("sync").exit_code == 0
    assert place.is_file()
    assert not (unread.data / "sessions.db").exists()
    assert unread.json("list", "--no-sync")["sessions"]


def test_of_two_lines_that_set_the_same_the_one_that_holds_is_changed(cli):
    path = cli.data / "config.yaml"
    path.write_text("trash:\n  days: 3\ntrash.days: 4 # later\n")
    assert cli("config", "set", "trash.days", "9").exit_code == 0
    assert path.read_text() == "trash:\n  days: 3\ntrash.days: 9 # later\n"
    assert cli("config", "show", "trash.days").stdout == "9\n"


def test_an_empty_or_one_line_section_is_added_to_below(cli):
    path = cli.data / "config.yaml"
    for before in ("health_weights:\n# end\n", "health_weights: {errors: 0.3} # mine\n"):
        path.write_text(before)
        assert cli("config", "set", "health_weights.activity", "0.1").exit_code == 0
        assert path.read_text() == f"{before}health_weights.activity: 0.1\n"
        assert cli("config", "show", "health_weights.activity").stdout == "0.1\n"


def test_a_rule_that_keeps_nothing_out_is_refused_and_told_by_doctor(cli):
    answer = cli("config", "set", "sources.exclude", "[agent:gemini-cli]")
    assert (answer.exit_code, "did you mean gemini-cli" in answer.stderr) == (2, True)
    (cli.data / "config.yaml").write_text("sources.exclude: [q]\n")
    told = cli("doctor").stdout
    assert "'q' is no agent and no path" in told
