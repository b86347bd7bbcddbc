"""The suite's own ground: stand-ins carry the names they are given, pens write what readers read, gates hold and break."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.labels import DECOY, DONE, ENDED, WORKING, Label, Seen, Tally, Verdict, is_
from tests.live.pens import Pen
from tests.live.pens_of_editors import CopilotChat, CursorEditor
from tests.live.playbook import SCRIPTS
from tests.live.scripts import PENS
from tests.live.standins import SUPPORTED, start_ticks
from tests.live.world import World

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="stand-in processes are written for Linux on x86_64 and aarch64")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = World(tmp_path)
    yield found
    found.close()


def proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8")


def test_a_stand_in_carries_its_name_its_words_and_its_directory(world: World) -> None:
    place = world.directory("shop")
    pid = world.standins.start("claude", "--resume", "x", cwd=place, name="links/claude", real="versions/2.1.143")
    assert proc(pid, "comm") == "claude\n"
    assert proc(pid, "cmdline") == "claude\0--resume\0x\0"
    assert Path(f"/proc/{pid}/cwd").resolve() == place
    assert Path(f"/proc/{pid}/exe").resolve().name == "2.1.143"
    assert int(start_ticks(pid)) > 0


def test_a_killed_stand_in_is_gone_and_an_unreaped_one_is_a_zombie(world: World) -> None:
    one, two = (world.standins.start("claude", cwd=world.directory("shop")) for _ in range(2))
    world.standins.kill(one)
    world.standins.kill(two, reap=False)
    assert not Path(f"/proc/{one}").exists()
    assert Path(f"/proc/{two}").exists()


@pytest.mark.parametrize("kind", [*PENS, CopilotChat, CursorEditor], ids=lambda p: p.__name__)
def test_what_a_pen_writes_is_what_the_agents_reader_reads(kind: type[Pen], world: World) -> None:
    pen = kind(world, world.directory("shop"))
    pen.prompt()
    calls = pen.calls and kind in PENS
    if calls:
        pen.call()
        pen.result()
    pen.finish()
    world.workspace.sync.run()
    found = list(world.workspace.store.find())
    assert [s.agent for s in found] == [pen.agent]
    assert [s.native_id for s in found] == [pen.native] or kind.__name__ == "Aider"
    assert found[0].rollup.tool_calls == calls
    assert found[0].cwd == str(pen.cwd) or kind.__name__ == "CursorCli"


@pytest.mark.parametrize("step", ["prompt", "call", "result", "finish", "fail", "limit", "abort"])
@pytest.mark.parametrize("kind", PENS, ids=lambda p: p.__name__)
def test_every_record_a_pen_writes_is_known_to_the_reader(kind: type[Pen], step: str, world: World) -> None:
    pen = kind(world, world.directory("shop"))
    able = {"call": pen.calls, "result": pen.calls, "fail": pen.on_error, "limit": pen.on_limit, "abort": pen.aborts}
    if not able.get(step, True):
        return
    pen.prompt()
    if step == "result":
        pen.call()
    if step != "prompt":
        getattr(pen, step)()
    report = world.workspace.sync.run()
    assert not report.unknown, report.unknown
    assert not report.damaged


def judged(label: Label, seen: Seen, kind: str = "course") -> Tally:
    return Tally([Verdict("codex", kind, "a script", 1, label, seen)])


def test_the_gates_notice_what_is_wrong() -> None:
    done = Seen("done-unread", listed=True, joined=True)
    busy = Seen("working", listed=True, joined=True)
    assert judged(DONE, done).recall == 1
    assert judged(DONE, busy).recall == 0
    assert judged(DONE, Seen()).recall == 0
    assert judged(WORKING, done).false == 1
    assert judged(ENDED, busy).false_working
    assert judged(ENDED, Seen("ended")).right == 1
    assert judged(ENDED, Seen()).right == 1
    assert judged(DECOY, busy, "decoy").decoys_listed
    assert judged(WORKING, Seen("working", listed=True)).right == 0
    assert judged(is_("working", "waiting-permission"), done).judged == 0


def test_scripts_have_names_of_their_own() -> None:
    names = [s.name for s in SCRIPTS]
    assert len(names) == len(set(names))
