"""Settings: which place wins, what is refused, and where files lie."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from holdfast import config
from holdfast.config import KEYS, checked, data_dir, key_of, load, parsed, user_file
from holdfast.errors import BadInput, Denied


@pytest.fixture
def place(tmp_path):
    """Return (environment, project folder) with files that a test may write."""
    (tmp_path / "project" / "deep" / "down").mkdir(parents=True)
    return {"HOLDFAST_HOME": str(tmp_path)}, tmp_path / "project"


def user(env, text: str) -> None:
    Path(env["HOLDFAST_HOME"], "config.yaml").write_text(text, encoding="utf-8")


def test_flag_goes_before_environment_before_project_before_user_before_default(place):
    env, project = place
    name, variable = "usage.timezone", "HOLDFAST_USAGE_TIMEZONE"

    def now(flags=None):
        found = load(flags, env=env, cwd=project / "deep" / "down").origin(name)
        return found.value, found.origin

    assert now() == ("", "default")
    user(env, "usage: {timezone: Europe/Berlin}")
    assert now() == ("Europe/Berlin", "user")
    (project / ".holdfast.yaml").write_text("usage.timezone: Asia/Tokyo")
    assert now() == ("Asia/Tokyo", "project")
    env[variable] = "Africa/Cairo"
    assert now() == ("Africa/Cairo", "environment")
    assert now({name: "UTC"}) == ("UTC", "flag")
    assert now({name: None}) == ("Africa/Cairo", "environment")


def test_the_place_of_a_setting_can_be_told(place):
    env, project = place
    user(env, "trash: {days: 7}")
    found = load(env=env, cwd=project)
    assert (found["trash.days"], found.origin("trash.days").place) == (7, f"{env['HOLDFAST_HOME']}/config.yaml")
    assert found.files == (f"{env['HOLDFAST_HOME']}/config.yaml",)
    assert found["sync.auto"] is True


@pytest.mark.parametrize(
    "text", ["store: sqlite:////tmp/x", "prices.file: /x", "redact: {rules: [/x]}", "sources: {exclude: [codex]}",
             "archive: {capture: never}", "output.pager: rm -rf", "sync.memory_mb: 1", "trash: {days: 0}"],
)  # fmt: skip
def test_a_project_may_set_nothing_that_chooses_a_store_a_command_or_a_path(place, text):
    env, project = place
    (project / ".holdfast.yaml").write_text(text)
    with pytest.raises(Denied, match=r"\.holdfast\.yaml"):
        load(env=env, cwd=project)


def test_what_a_project_may_set_is_harmless():
    assert {k.name for k in KEYS if k.project} == {"usage.timezone", "output.color"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("trash: {days: soon}", "trash.days must be of type int"),
        ("trash: {days: true}", "trash.days must be of type int"),
        ("archive: {capture: sometimes}", "one of always, expiring, never"),
        ("trahs: {days: 3}", "did you mean: trash.days"),
        ("- a list", "must hold keys and values"),
        ("a: [", "cannot be read"),
        ("!!python/object/apply:os.system ['true']", "cannot be read"),
        ("sources: {exclude: codex}", "sources.exclude must be of type list"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(place, text, part):
    env, project = place
    user(env, text)
    with pytest.raises(BadInput) as caught:
        load(env=env, cwd=project)
    assert part in f"{caught.value.message} {caught.value.hint}"
    assert "config.yaml" in caught.value.message


def test_a_file_that_is_no_text_is_named(place):
    env, project = place
    Path(env["HOLDFAST_HOME"], "config.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="cannot be read"):
        load(env=env, cwd=project)


def test_an_empty_file_sets_nothing(place):
    env, project = place
    user(env, "# nothing\n")
    assert load(env=env, cwd=project).settings == {}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("trash.days", "7", 7), ("sync.auto", "no", False), ("sync.auto", "true", True),
     ("sync.auto", "false", False), ("sources.exclude", "[a, /b/*]", ("a", "/b/*")),
     ("sources.roots", "{aider: [/x]}", {"aider": ["/x"]}), ("store", "memory://", "memory://"), ("output.pager", "yes", "yes")],
)  # fmt: skip
def test_what_is_typed_becomes_the_settings_type(name, text, value):
    assert parsed(name, text, "flag") == value


@pytest.mark.parametrize(
    ("name", "text"), [("trash.days", "x"), ("sync.auto", "7"), ("sources.exclude", "[a"), ("nonsense", "x")]
)
def test_what_is_typed_wrong_is_an_error(name, text):
    with pytest.raises(BadInput):
        parsed(name, text, "flag")


def test_every_setting_has_a_help_an_example_that_fits_and_a_variable():
    for key in KEYS:
        assert key.help
        assert key.env.isupper()
        if key.example:
            parsed(key.name, key.example, "example")
        checked(key.name, key.default, "default")


def test_an_unknown_setting_suggests_a_near_one():
    with pytest.raises(BadInput) as caught:
        key_of("trash.day")
    assert caught.value.hint == "did you mean: trash.days"


def test_one_variable_moves_everything(tmp_path):
    env = {"HOLDFAST_HOME": str(tmp_path)}
    assert (data_dir(env), user_file(env)) == (tmp_path, tmp_path / "config.yaml")


def test_without_it_files_lie_where_the_system_wants_them(home):
    assert home in data_dir({}).parents
    assert home in user_file({}).parents
    assert config.APP in str(data_dir({}))


@pytest.mark.skipif(sys.platform != "linux", reason="the rule of other systems is the library's: run this on Linux")
@pytest.mark.parametrize(
    "moved", [{}, {"XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/settings"}, {"XDG_DATA_HOME": "relative"}]
)
def test_the_folders_are_those_that_the_library_for_them_names(monkeypatch, tmp_path, moved):
    import platformdirs

    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "HOLDFAST_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in moved.items():
        monkeypatch.setenv(name, value)
    if moved.get("XDG_DATA_HOME") != "relative":
        assert str(config.data_dir()) == platformdirs.user_data_dir("holdfast", appauthor=False)
    assert str(config.user_file()) == platformdirs.user_config_dir("holdfast", appauthor=False) + "/config.yaml"
    assert config.data_dir().is_absolute()


def test_sizes_are_read_as_people_write_them():
    found = [config.parsed_size(t) for t in ("", "20 GB", "500M", "1.5k", " 7 ")]
    assert found == [None, 20_000_000_000, 500_000_000, 1500, 7]
    for text in ("much", "1.2.3", "5 apples", "-1 GB"):
        with pytest.raises(BadInput, match="no size"):
            config.parsed_size(text)


OLDER = """
token_limits:
  claude_pro: 200000
  claude_max5: 350000
  claude_max20: 1400000
  cursor_default: 50000
  github_copilot: 8000
health_weights: {token_usage: 0.4, duration: 0.2, activity: 0.2, errors: 0.2}
thresholds: {token_warning: 0.8, token_critical: 0.9, health_warning: 0.7, health_critical: 0.4, idle_timeout_minutes: 45}
dashboard: {refresh_interval: 5, color_scheme: dark, show_tags: true, show_project: true}
database: {path: data/sessions.db, auto_cleanup_days: 90}
monitoring: {auto_discover: true, discovery_interval: 10}
mcp: {server_name: mine, db_path: data/sessions.db, memory_path: data/memories, enable_session_servers: true,
  enable_memory_search: true, enable_git_analysis: true, max_sessions_exposed: 100, max_memory_results: 10,
  max_file_size_mb: 10, cache_ttl_seconds: 60, enable_resource_caching: true, server_version: "1.0"}
"""


@pytest.fixture
def older(home):
    """Write the older tool's config file, and return its path as a text."""

    def write(text: str = OLDER) -> str:
        path = home / ".config" / "llm-session-manager" / "config.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_the_defaults_are_those_of_the_older_tool():
    found = load(env={"HOLDFAST_HOME": "/nowhere"})
    limits = {"claude_pro": 200_000, "claude_max5": 350_000, "claude_max20": 1_400_000, "cursor_default": 100_000,
              "github_copilot": 8_000, "plan": "claude_pro"}  # fmt: skip
    assert found.section("token_limits") == limits
    weights = found.section("health_weights")
    assert [weights[n] for n in ("token_usage", "duration", "activity", "errors")] == [0.4, 0.2, 0.2, 0.2]
    thresholds = found.section("thresholds")
    assert [thresholds[n] for n in ("token_warning", "token_critical", "health_warning", "health_critical")] == [
        0.8, 0.9, 0.7, 0.4]  # fmt: skip
    assert thresholds["idle_timeout_minutes"] == 30
    assert found.section("dashboard") == {
        "refresh_interval": 5, "color_scheme": "dark", "show_tags": True, "show_project": True}  # fmt: skip
    assert found.section("database") == {"path": "data/sessions.db", "auto_cleanup_days": 30}
    assert found.section("monitoring") == {"auto_discover": True, "discovery_interval": 10}
    assert len(found.section("mcp")) == 12


def test_the_older_tools_file_is_read_below_the_users_own(place, older):
    env, project = place
    path = older()
    user(env, "thresholds.idle_timeout_minutes: 20")
    found = load(env=env, cwd=project)
    assert found["thresholds.idle_timeout_minutes"] == 20
    assert found["token_limits.cursor_default"] == 50_000
    assert found.origin("token_limits.cursor_default").place == path
    assert found["mcp.server_name"] == "mine"
    assert (found.files[0], found.ignored) == (path, ())


def test_the_older_tools_file_is_never_written(place, older):
    env, project = place
    path = Path(older())
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    load(env=env, cwd=project)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_what_is_wrong_in_the_older_tools_file_is_left_out_and_told(place, older):
    env, project = place
    older("thresholds: {token_warning: much, token_critcal: 0.5, health_warning: 0.6}")
    found = load(env=env, cwd=project)
    assert (found["thresholds.token_warning"], found["thresholds.health_warning"]) == (0.8, 0.6)
    assert len(found.ignored) == 2
    assert "did you mean: thresholds.token_critical" in found.ignored[1]
    older("a: [")
    assert "cannot be read" in load(env=env, cwd=project).ignored[0]


def test_the_trash_is_kept_as_long_as_the_older_name_says(place, older):
    env, project = place
    older()
    assert load(env=env, cwd=project)["trash.days"] == 90
    assert load(env=env, cwd=project).origin("trash.days").place.endswith("database.auto_cleanup_days")
    user(env, "trash.days: 7")
    assert load(env=env, cwd=project)["trash.days"] == 7


@pytest.mark.parametrize(
    ("path", "store"),
    [
        ("/deep/my archive.db", "sqlite:////deep/my%20archive.db"),
        ("kept/mine.db", "sqlite:///HOME/kept/mine.db"),
        ("data/sessions.db", ""),
    ],
)
def test_the_archive_lies_where_the_older_name_says(place, path, store):
    env, project = place
    user(env, f"database: {{path: {path}}}")
    assert load(env=env, cwd=project)["store"] == store.replace("HOME", env["HOLDFAST_HOME"])
    env["HOLDFAST_STORE"] = "memory://"
    assert load(env=env, cwd=project)["store"] == "memory://"


def test_the_older_tools_own_database_is_never_taken_for_the_archive(place, older):
    env, project = place
    older("database: {path: /deep/sessions.db}")
    assert load(env=env, cwd=project)["store"] == "sqlite:////deep/holdfast-sessions.db"


@pytest.mark.parametrize(
    ("agent", "known", "limit"),
    [
        ("claude-code", None, 350_000),
        ("claude-code", 1_000_000, 350_000),
        ("cursor", None, 100_000),
        ("cursor", 272_000, 272_000),
        ("copilot-cli", None, 8_000),
        ("codex", None, None),
        ("codex", 272_000, 272_000),
    ],
)
def test_a_limit_that_a_person_changed_holds_and_a_default_only_fills_a_gap(place, agent, known, limit):
    env, project = place
    user(env, "token_limits: {plan: claude_max5, claude_max5: 350001}")
    found = load(env=env, cwd=project).token_limit(agent, known, fill=True)
    assert found == (350_001 if limit == 350_000 else limit)


def test_without_a_change_a_recorded_limit_holds(place):
    env, project = place
    assert load(env=env, cwd=project).token_limit("claude-code", 1_000_000) == 1_000_000
    assert load(env=env, cwd=project).token_limit("claude-code", None) is None


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("health_weights: {token_usage: -1}", "must be at least 0"),
        ("health_weights: {token_usage: .nan}", "must be at least 0"),
        ("health_weights: {token_usag: 1}", "did you mean: health_weights.token_usage"),
        ("thresholds: {token_warning: 80}", "must be at most 1"),
        ("thresholds: {idle_timeout_minutes: 0}", "must be at least 1"),
        ("alerts: {rules: [needs-you]}", "must be one of needs-me"),
        ("dashboard: {refresh_interval: 2.5}", "must be of type int"),
    ],
)
def test_numbers_and_names_outside_their_bounds_are_refused(place, text, part):
    env, project = place
    user(env, text)
    with pytest.raises(BadInput) as caught:
        load(env=env, cwd=project)
    assert part in f"{caught.value.message} {caught.value.hint}"


def test_a_whole_number_is_a_weight_too(place):
    env, project = place
    user(env, "health_weights: {token_usage: 1}")
    assert load(env=env, cwd=project)["health_weights.token_usage"] == 1.0


def test_a_section_without_a_line_sets_nothing(place):
    env, project = place
    user(env, "health_weights:\n  # token_usage: 0.5\n")
    assert load(env=env, cwd=project).settings == {}
    user(env, "helth_weights:\n")
    with pytest.raises(BadInput, match="helth_weights"):
        load(env=env, cwd=project)
