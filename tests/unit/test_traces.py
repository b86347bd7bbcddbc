"""Whether an agent left anything is told without loading its reader, and never wrongly denied."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast import _traces, registry

HOME = Path("/home/ada")
ELSEWHERE = "/mnt/elsewhere"
MOVERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA")
KNOWN = [name for name in registry.SOURCES if name in _traces.FOLDERS]


def roots_of(agent, env, platform):
    return registry.load("sources", agent)().roots(env, HOME, platform)


def covered(root, agent):
    folders = [Path(HOME, folder) for folder in _traces.FOLDERS[agent]]
    return any(root.is_relative_to(folder) for folder in folders)


@pytest.mark.parametrize("agent", KNOWN)
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_every_root_of_an_agent_lies_in_a_folder_that_tells_of_it(agent, platform):
    assert [str(r) for r in roots_of(agent, {}, platform) if not covered(r, agent)] == []


@pytest.mark.parametrize("agent", KNOWN)
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_variable_that_moves_an_agents_files_is_known(agent, platform):
    asked = {*MOVERS, *registry.load("sources", agent)().info.env}
    usual = roots_of(agent, {}, platform)
    moving = {name for name in asked if roots_of(agent, {name: ELSEWHERE}, platform) != usual}
    assert moving <= set(_traces.VARIABLES.get(agent, ()))


def test_only_a_reader_without_traces_is_always_asked():
    assert set(registry.SOURCES) - set(_traces.FOLDERS) == {"aider"}


def test_an_agent_is_told_by_its_folder_or_its_variable(tmp_path):
    def left(**env):
        return _traces.left("codex", env=env, home=tmp_path, platform="linux")

    assert not left()
    assert left(CODEX_HOME=ELSEWHERE)
    (tmp_path / ".codex").mkdir()
    assert left()


def test_an_unknown_agent_may_always_be_there(tmp_path):
    assert _traces.left("newcomer", env={}, home=tmp_path, platform="linux")
