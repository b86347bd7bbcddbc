"""A power cut at any moment: what was acknowledged at `durable` is on the disk, and turns are whole.

A file system in between records every write and sync. An image holds of each file what was synced, and of what was not a part
that chance chose: in any order, and torn.
"""

from __future__ import annotations

import random
from pathlib import Path

import apsw
import pytest

from holdfast import _sqlite
from holdfast.errors import HoldfastError
from holdfast.model import Message, Session, Text, Transcript
from holdfast.stores import _log
from holdfast.stores.sqlite import SqliteStore

TURNS = 60
SECTOR = 512
ONE = Session(id="one", agent="a", native_id="one")


class Recorder(apsw.VFS):
    """The real file system, with a record of what was written and synced."""

    def __init__(self, name: str) -> None:
        self.done: list[tuple] = []
        super().__init__(name, "unix", makedefault=True)

    def xOpen(self, name, flags):  # noqa: N802
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        return Recorded(self.done, str(path), name, flags) if path else super().xOpen(name, flags)

    def xDelete(self, filename, syncdir):  # noqa: N802
        super().xDelete(filename, syncdir)
        self.done.append(("gone", filename))


class Recorded(apsw.VFSFile):
    def __init__(self, done, path, name, flags):
        self.done, self.path = done, path
        super().__init__("unix", name, flags)

    def xWrite(self, data, offset):  # noqa: N802
        self.done.append(("write", self.path, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize):  # noqa: N802
        self.done.append(("cut", self.path, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags):  # noqa: N802
        super().xSync(flags)
        self.done.append(("sync", self.path))


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """Give a function that appends turns to a recorded store and returns the record."""
    recorder = Recorder(f"recorder-{tmp_path.name}")

    def alone(connection):  # this library's files share no memory between processes
        connection.pragma("locking_mode", "exclusive")
        assert connection.pragma("journal_mode", "wal") == "wal"

    monkeypatch.setattr(_sqlite, "_use_wal", alone)
    monkeypatch.setattr(_sqlite, "LOG_PAGES", 30)

    def run(durability):
        path = tmp_path / "sessions.db"
        monkeypatch.setattr(_log, "_sync", lambda file: recorder.done.append(("sync", f"{path}-wal")))
        store = SqliteStore(path, durability=durability)
        for turn in range(TURNS):
            texts = (f"question {turn}", "answer " * (turn * 37 % 400))
            messages = tuple(
                Message(id=f"{turn}.{n}", role=("user", "assistant")[n], parts=(Text(t),)) for n, t in enumerate(texts)
            )
            store.put(Transcript(session=ONE, messages=messages))
            recorder.done.append(("acknowledged", turn))
        done = list(recorder.done)
        store.close()
        return done

    yield run
    recorder.unregister()


def image(done, end: int, chance: random.Random, folder: Path) -> None:
    """Write the files as a power cut after so many steps leaves them."""
    paths = {step[1] for step in done[:end] if step[0] in ("write", "sync", "cut")}
    folder.mkdir()
    for path in paths:
        steps = [step for step in done[:end] if step[1] == path]
        steps = steps[max((i + 1 for i, step in enumerate(steps) if step[0] == "gone"), default=0) :]
        if not steps:
            continue
        synced = max((i + 1 for i, step in enumerate(steps) if step[0] == "sync"), default=0)
        late = [step for step in steps[synced:] if chance.random() < 0.5]
        chance.shuffle(late)
        data = bytearray()
        for place, step in enumerate([*steps[:synced], *late]):
            if step[0] == "cut":
                del data[step[2] :]
            elif step[0] == "write":
                content = step[3]
                if place >= synced and chance.random() < 0.3:
                    content = content[: chance.randrange(0, len(content) + 1, SECTOR) if len(content) > SECTOR else 0]
                data.extend(bytes(max(0, step[2] + len(content) - len(data))))
                data[step[2] : step[2] + len(content)] = content
        (folder / Path(path).name).write_bytes(data)


def lost(done, count: int, tmp_path: Path, *, seed: int) -> int:
    """Open so many images; return in how many something acknowledged was missing."""
    found = 0
    tmp_path.mkdir()
    begun = next(i for i, step in enumerate(done) if step[0] == "acknowledged")
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        end = chance.randrange(begun, len(done) + 1)
        folder = tmp_path / f"image-{number}"
        image(done, end, chance, folder)
        try:
            store = SqliteStore(folder / "sessions.db")
            messages = list(store.messages("one"))
            assert [f.problem for f in store.verify()] == []
            store.close()
        except (HoldfastError, apsw.Error, AssertionError) as error:  # whatever an unsafe file does is a loss
            messages = []
            print(number, error)
        acknowledged = [step[1] for step in done[:end] if step[0] == "acknowledged"]
        assert len(messages) % 2 == 0
        assert [m.id for m in messages] == [f"{n // 2}.{n % 2}" for n in range(len(messages))]
        found += len(messages) < 2 * len(acknowledged)
    return found


def test_no_acknowledged_turn_is_lost_in_fifty_power_cuts(recorded, tmp_path, monkeypatch):
    done = recorded("durable")
    monkeypatch.undo()
    assert lost(done, 50, tmp_path / "images", seed=1) == 0


@pytest.mark.nightly
def test_no_acknowledged_turn_is_lost_in_a_thousand_power_cuts(recorded, tmp_path, monkeypatch):
    done = recorded("durable")
    monkeypatch.undo()
    assert lost(done, 1000, tmp_path / "images", seed=2) == 0


def test_without_the_sync_power_cuts_do_lose_turns(recorded, tmp_path, monkeypatch):
    """The judge can say no: `derived` promises a crash of the program, not a power cut."""
    done = recorded("derived")
    monkeypatch.undo()
    assert lost(done, 50, tmp_path / "images", seed=1) > 0
