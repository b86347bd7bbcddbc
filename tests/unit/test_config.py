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
    [("trash.days", "7", 7), ("sync.auto", "no", False), ("sources.exclude", "[a, /b/*]", ("a", "/b/*")),
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
