"""What could not be read is remembered by file, added up over tails, and forgotten when a file is read anew."""

from __future__ import annotations

import json

import pytest

from holdfast.model import Losses
from holdfast.services._losses import losses_of
from holdfast.testing import demo_home
from holdfast.workspace import Workspace

ODD = json.dumps({"type": "hologram", "uuid": "u-odd"}).encode() + b"\n"
TORN = b'{"type": "user", "mess\n'


@pytest.fixture
def workspace(tmp_path):
    demo_home(tmp_path, now=1_790_000_000)
    with Workspace(env={"HOLDFAST_HOME": str(tmp_path / "data")}, home=tmp_path) as found:
        yield found


def transcript_of(workspace):
    return next(workspace.home.glob(".claude/projects/*/5f0c1d7e*.jsonl"))


def append(path, data):
    with path.open("ab") as stream:
        stream.write(data)


def test_a_sync_that_lost_nothing_keeps_no_document(workspace):
    workspace.sync.run()
    assert losses_of(workspace.store) == {}


def test_losses_of_later_tails_are_added_to_those_before(workspace):
    path = transcript_of(workspace)
    append(path, ODD + TORN)
    workspace.sync.run()
    append(path, ODD)
    workspace.sync.run()
    (found,) = losses_of(workspace.store).values()
    assert (found.unknown, found.damaged) == ({"record:hologram": 2}, 1)


def test_a_file_read_again_from_its_start_is_not_counted_twice(workspace):
    path = transcript_of(workspace)
    append(path, ODD)
    workspace.sync.run()
    workspace.store.put_docs("cursor", dict.fromkeys(workspace.store.docs("cursor")))
    workspace.sync.run()
    assert [f.unknown for f in losses_of(workspace.store).values()] == [{"record:hologram": 1}]


def test_losses_are_forgotten_when_the_file_is_whole_again(workspace):
    path = transcript_of(workspace)
    whole = path.read_bytes()
    path.write_bytes(TORN + whole)
    workspace.sync.run()
    assert [f.damaged_lines for f in losses_of(workspace.store).values()] == [(1,)]
    path.write_bytes(whole + b"\n")
    workspace.sync.run()
    assert losses_of(workspace.store) == {}


def test_a_file_without_any_session_still_tells_what_was_lost(workspace):
    lonely = workspace.home / ".claude/projects/-home-ada/00000000-0000-4000-8000-000000000000.jsonl"
    lonely.parent.mkdir(parents=True)
    lonely.write_bytes(TORN)
    workspace.sync.run()
    (found,) = losses_of(workspace.store).values()
    assert found == Losses(damaged=1, damaged_lines=(1,))
