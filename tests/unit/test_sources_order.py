"""Files of one home say the same of its sessions in whatever order they are read: newest first is a matter of clocks."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.unit.homes import AGENTS, build, workspace


def picture(ws) -> dict:
    return {
        s.id: (
            replace(s, revision=0, models=tuple(sorted(s.models)), rollup=_ordered(s.rollup)),
            sorted((m.id, m.live, m.text) for m in ws.store.messages(s.id)),
        )
        for s in ws.store.find()
    }


def _ordered(rollup):
    return replace(rollup, usage=tuple(sorted(rollup.usage, key=repr)), files=tuple(sorted(rollup.files)))


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("capture", ["always", "never"])
def test_the_order_in_which_files_are_read_makes_no_difference(tmp_path, agent, capture):
    roots = build(tmp_path, agent)
    found = []
    for name in ("there", "back"):
        with workspace(tmp_path / name, roots, **{"archive.capture": capture}) as ws:
            plan = ws.sync.plan()
            ws.sync.run(plan if name == "there" else replace(plan, stale=tuple(reversed(plan.stale))))
            found.append(picture(ws))
    assert found[0] == found[1]
