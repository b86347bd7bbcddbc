"""What every source must keep to: a class of tests that a built-in or third party's source subclasses.

Knows the source protocol; refuses to know any agent's format: the subclass brings a small sample home.

    class TestMyAgent(SourceContract):
        def source(self): return MyAgent()
        def build(self, root): ...          # writes at least two sessions below `root`
        expected = {"sessions": 2, "prompts": ["hello"], "tools": ["bash"], "requests": {"requests": 1, "input": 10}}
"""

# ruff: noqa: S311 - the names are sentences; chance is seeded

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from unittest.mock import patch

from msgspec.structs import replace

from holdfast.errors import HoldfastError
from holdfast.model import ToolCall
from holdfast.sources.base import Source, SupportsResume, SupportsUsage
from holdfast.testing._mutations import mutated
from holdfast.testing._readings import Gathered, said, sound, totals, unplaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from holdfast.sources.base import Cursor, Reading, Ref

SECONDS = 2.0
HOSTILE_IDS = ("--help", "-rf", "$(touch x)", "a;b", "a b", "..", "\u202e\x1b[31m", "x" * 200)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class SourceContract:
    """Subclass it, name the class Test..., give it a source and a sample home; plain pytest runs it."""

    expected: ClassVar[Mapping[str, Any]] = {}
    """`sessions` (how many, or their native ids), `prompts` and `tools` (in any order), `requests` (totals by name)."""
    append_only: ClassVar[tuple[str, ...]] = (".jsonl",)
    """Endings of files that their agent only ever appends to."""
    json_lines: ClassVar[tuple[str, ...]] = (".jsonl",)
    """Endings of files with one JSON record a line."""
    unknown_record: ClassVar[bytes | None] = (
        b'{"type":"never-heard-of-it","timestamp":"2026-01-05T10:00:00.000Z","data":{}}\n'
    )
    """A record of a type the agent does not have; None where records have no types."""
    root_table: ClassVar[tuple[tuple[Mapping[str, str], str, str], ...]] = ()
    """Rows of (environment, platform, a path below the home that must be among the roots)."""
    mutations: ClassVar[int] = 200

    def source(self) -> Source:
        """Return the source under test."""
        raise NotImplementedError

    def build(self, root: Path) -> None:
        """Write the sample home."""
        raise NotImplementedError

    # -- finding ---------------------------------------------------------------------------------------------------

    def test_discovering_opens_no_file(self, tmp_path: Path) -> None:
        root = self._home(tmp_path)
        with _opened() as opened:
            refs = self._refs(root)
        assert refs, "nothing was found in the sample home"
        assert [name for name, _ in opened if name.startswith(str(root))] == []

    def test_discovering_tells_size_and_time_of_each_file_once(self, tmp_path: Path) -> None:
        refs = self._refs(self._home(tmp_path))
        assert len({r.key for r in refs}) == len(refs)
        for ref in refs:
            assert ref.agent == self.source().info.slug
            assert Path(ref.path).stat().st_ino == ref.inode or not ref.inode

    def test_a_root_that_does_not_exist_holds_nothing(self, tmp_path: Path) -> None:
        assert list(self.source().discover([tmp_path / "nowhere"])) == []
        (tmp_path / "file").write_bytes(b"no folder")
        assert list(self.source().discover([tmp_path / "file"])) == []

    def test_roots_are_known_for_every_platform(self, tmp_path: Path) -> None:
        for platform in ("linux", "darwin", "win32"):
            assert all(isinstance(p, Path) for p in self.source().roots({}, tmp_path, platform))
        for env, platform, below in self.root_table:
            found = self.source().roots({k: v.replace("~", str(tmp_path)) for k, v in env.items()}, tmp_path, platform)
            assert tmp_path / below in found, (env, platform, found)

    # -- reading ---------------------------------------------------------------------------------------------------

    def test_the_sample_is_read_as_it_was_written(self, tmp_path: Path) -> None:
        found = self._read(self._home(tmp_path))
        assert found.damaged == 0
        assert found.unknown == {}
        sessions = self.expected.get("sessions", 2)
        native = sorted(s.native_id for s in found.sessions.values())
        assert len(native) == sessions if isinstance(sessions, int) else native == sorted(sessions)
        assert sorted(m.text for m in found.all_messages if m.is_prompt) == sorted(self.expected.get("prompts", ()))
        calls = [p.name for m in found.all_messages for p in m.parts if isinstance(p, ToolCall)]
        assert sorted(calls) == sorted(self.expected.get("tools", ()))
        billed = totals(found.requests.values())
        assert {k: billed[k] for k in self.expected.get("requests", ())} == dict(self.expected.get("requests", {}))

    def test_sessions_say_who_they_are(self, tmp_path: Path) -> None:
        for session in self._read(self._home(tmp_path)).sessions.values():
            assert session.agent == self.source().info.slug
            assert len(session.id) == 16
            assert session.native_id
            assert session.source_path

    def test_messages_and_requests_have_keys_of_their_own(self, tmp_path: Path) -> None:
        found = self._read(self._home(tmp_path))
        assert all(m.id for m in found.all_messages)
        assert all(r.key and r.path for r in found.requests.values())
        assert found.messages_read == len(found.all_messages), "two messages of a session share an id"

    def test_a_sub_agent_that_its_parent_pays_for_has_no_requests_of_its_own(self, tmp_path: Path) -> None:
        if not self.source().info.bills_parent:
            return
        for ref in self._refs(self._home(tmp_path)):
            for reading in self.source().read(ref, None):
                parent = reading.transcript.session.parent
                assert parent is None or parent.kind != "subagent" or not reading.transcript.requests

    def test_reading_twice_gives_the_same(self, tmp_path: Path) -> None:
        root = self._home(tmp_path)
        assert self._read(root).facts == self._read(root).facts

    def test_a_copy_of_the_home_gives_the_same_ids(self, tmp_path: Path) -> None:
        root = self._home(tmp_path)
        other = tmp_path / "elsewhere" / "deep" / root.name
        shutil.copytree(root, other)
        one, two = self._read(root), self._read(other)
        assert list(one.sessions) == list(two.sessions)
        assert {k: list(v) for k, v in one.messages.items()} == {k: list(v) for k, v in two.messages.items()}
        assert list(one.requests) == list(two.requests)

    def test_reading_in_tails_gives_the_same_as_reading_at_once(self, tmp_path: Path) -> None:
        root = self._home(tmp_path)
        whole = self._read(root)
        rng = random.Random(7)
        for ref in self._growing(root):
            path = Path(ref.path)
            data = path.read_bytes()
            for _ in range(12):
                cuts = sorted(rng.sample(range(len(data) + 1), min(3, len(data) + 1)))
                found = self._in_tails(root, path, data=data, cuts=cuts)
                assert found.facts == whole.facts, f"{path.name} read in tails at {cuts}"

    def test_bytes_kept_are_the_bytes_of_the_file(self, tmp_path: Path) -> None:
        root = self._home(tmp_path)
        for ref in self._growing(root):
            path = Path(ref.path)
            data = path.read_bytes()
            for torn in (data, data[: len(data) * 2 // 3], data + b'{"type":"torn'):
                path.write_bytes(torn)
                raw = Gathered().take(self._read_one(root, path, None)).raw
                assert all(kept == torn for name, kept in raw.items() if name == ref.path)
            path.write_bytes(data)
            raw = self._in_tails(root, path, data=data, cuts=[len(data) // 3, len(data) // 2]).raw
            assert all(kept == data for name, kept in raw.items() if name == ref.path)

    def test_a_second_reading_finds_nothing_new(self, tmp_path: Path) -> None:
        source = self.source()
        for ref in self._refs(self._home(tmp_path)):
            cursor = Gathered().take(source.read(ref, None)).cursor
            assert cursor is not None
            assert cursor.done
            assert cursor.covers(ref, source.info.parser)
            if ref.path.endswith(self.append_only):
                again = Gathered().take(source.read(ref, cursor))
                assert again.all_messages == []
                assert again.requests == {}

    def test_a_cursor_survives_being_stored(self, tmp_path: Path) -> None:
        for ref in self._refs(self._home(tmp_path)):
            cursor = Gathered().take(self.source().read(ref, None)).cursor
            assert cursor is not None
            assert json.loads(json.dumps(cursor.state)) == cursor.state

    # -- damage ----------------------------------------------------------------------------------------------------

    def test_a_damaged_line_is_counted_and_its_neighbours_are_read(self, tmp_path: Path) -> None:
        root = self._home(tmp_path)
        whole = self._read(root)
        for ref in self._lined(root):
            path = Path(ref.path)
            data = path.read_bytes()
            lines = data.splitlines(keepends=True)
            for place in {0, len(lines) // 2, len(lines)}:
                bad = b'{"type":"user",\xff\xfe broken\n'
                path.write_bytes(b"".join([*lines[:place], bad, *lines[place:]]))
                found = self._read(root)
                assert found.damaged == whole.damaged + 1, f"{path.name} line {place + 1}"
                assert said(found) == said(whole)
                assert totals(found.requests.values()) == totals(whole.requests.values())
            path.write_bytes(data)

    def test_an_unknown_record_is_counted_and_its_neighbours_are_read(self, tmp_path: Path) -> None:
        if self.unknown_record is None:
            return
        root = self._home(tmp_path)
        whole = self._read(root)
        counted = 0
        for ref in self._lined(root):
            path = Path(ref.path)
            data = path.read_bytes()
            path.write_bytes(data + self.unknown_record)
            found = self._read(root)
            counted += sum(found.unknown.values())
            assert said(found) == said(whole)
            path.write_bytes(data)
        assert counted or not self._lined(root)

    def test_hostile_changes_never_raise_and_never_hang(self, tmp_path: Path) -> None:
        root = self._home(tmp_path)
        rng = random.Random(11)
        paths = [Path(r.path) for r in self._refs(root)]
        for number in range(self.mutations):
            path = paths[number % len(paths)]
            data = path.read_bytes()
            path.write_bytes(mutated(data, rng))
            started = time.process_time()
            for ref in self._refs(root):
                if ref.path == str(path):
                    sound(Gathered().take(self.source().read(ref, None)))
            assert time.process_time() - started < SECONDS
            path.write_bytes(data)

    def test_hostile_native_ids_are_harmless(self, tmp_path: Path) -> None:
        names = [s.native_id for s in self._read(self._home(tmp_path / "plain")).sessions.values()]
        for number, hostile in enumerate(HOSTILE_IDS):
            root = self._home(tmp_path / str(number))
            for native in names:
                _rename(root, native.rpartition("/")[2], hostile)
            before = _tree(tmp_path)
            sound(self._read(root))
            assert _tree(tmp_path) == before

    # -- other people's files --------------------------------------------------------------------------------------

    def test_reading_changes_nothing_in_the_home(self, tmp_path: Path) -> None:
        root = self._home(tmp_path)
        before = _tree(tmp_path)
        with _opened() as opened:
            self._read(root)
        assert [name for name, writing in opened if writing and name.startswith(str(root))] == []
        assert _tree(tmp_path) == before, "bytes, times or names changed (a -wal or -shm file?)"

    # -- second protocols ------------------------------------------------------------------------------------------

    def test_the_fast_reader_counts_the_same_requests(self, tmp_path: Path) -> None:
        source = self.source()
        if not isinstance(source, SupportsUsage):
            return
        for ref in self._refs(self._home(tmp_path)):
            full, fast = Gathered().take(source.read(ref, None)), Gathered()
            for transcript in source.usage(ref, None):
                assert transcript.messages == ()
                fast.add(transcript)
            assert unplaced(fast.requests) == unplaced(full.requests)
            billed = {i for i, m in full.messages.items() if m} if full.requests else set()
            assert not full.requests or set(fast.sessions) >= billed

    def test_the_resume_command_cannot_be_turned_into_options(self, tmp_path: Path) -> None:
        source = self.source()
        if not isinstance(source, SupportsResume):
            return
        for session in self._read(self._home(tmp_path)).sessions.values():
            try:
                plain = source.resume_command(session)
            except HoldfastError:  # an agent cannot go on with what it has lost
                continue
            assert isinstance(plain.argv, tuple)
            assert plain.cwd == session.cwd
            for hostile in HOSTILE_IDS:
                with contextlib.suppress(HoldfastError):  # refusing is fine too
                    argv = source.resume_command(replace(session, native_id=hostile)).argv
                    assert argv[0] == plain.argv[0]
                    assert len(argv) == len(plain.argv)
                    _no_new_options(argv, plain.argv)

    # -- the works -------------------------------------------------------------------------------------------------

    def _home(self, folder: Path) -> Path:
        root = folder / "agent-home"
        root.mkdir(parents=True, exist_ok=True)
        self.build(root)
        for path in sorted(root.rglob("*")):
            os.utime(path, ns=(1_767_600_000_000_000_000, 1_767_600_000_000_000_000))
        return root

    def _refs(self, root: Path) -> list[Ref]:
        return list(self.source().discover([root]))

    def _growing(self, root: Path) -> list[Ref]:
        return [r for r in self._refs(root) if r.path.endswith(self.append_only)]

    def _lined(self, root: Path) -> list[Ref]:
        return [r for r in self._refs(root) if r.path.endswith(self.json_lines)]

    def _read(self, root: Path) -> Gathered:
        found = Gathered()
        for ref in self._refs(root):
            found.take(self.source().read(ref, None))
        return found

    def _read_one(self, root: Path, path: Path, cursor: Cursor | None) -> Iterator[Reading]:
        os.utime(path, ns=(1_767_600_000_000_000_000, 1_767_600_000_000_000_000))
        for ref in self._refs(root):
            if ref.path == str(path):
                yield from self.source().read(ref, cursor)

    def _in_tails(self, root: Path, path: Path, *, data: bytes, cuts: list[int]) -> Gathered:
        """Read a file as it grows, everything else in its place in order."""
        tails = Gathered()
        for cut in [*cuts, len(data)]:
            path.write_bytes(data[:cut])
            tails.take(self._read_one(root, path, tails.cursor))
        found = Gathered()
        for ref in self._refs(root):
            if ref.path == str(path):
                tails.lay_over(found)
            else:
                found.take(self.source().read(ref, None))
        return found


def _no_new_options(argv: tuple[str, ...], plain: tuple[str, ...]) -> None:
    for place, word in enumerate(argv):
        fixed = word == plain[place]
        joined = "=" in word and word.partition("=")[0] == plain[place].partition("=")[0]
        assert fixed or joined or not word.startswith("-") or "--" in argv[:place], argv


def _rename(root: Path, native: str, hostile: str) -> None:
    """Put a hostile id wherever the sample has its own, in file names as far as a file system takes it."""
    written = json.dumps(hostile)[1:-1].encode()
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_file() and not path.read_bytes().startswith(b"SQLite format 3"):
            path.write_bytes(path.read_bytes().replace(native.encode(), written))
        if native in path.name and hostile != "..":
            target = path.with_name(path.name.replace(native, hostile))
            if not target.exists():
                path.rename(target)


def _tree(root: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(p): (p.stat().st_mode, p.stat().st_mtime_ns if p.is_file() else 0, p.read_bytes() if p.is_file() else b"")
        for p in sorted(root.rglob("*"))
    }


@contextlib.contextmanager
def _opened() -> Iterator[list[tuple[str, bool]]]:
    """List every file that Python opens meanwhile, and whether for writing."""
    seen: list[tuple[str, bool]] = []
    plain_open, plain_os_open = open, os.open

    def noted_open(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:  # noqa: ANN401 - as builtins.open
        seen.append((os.fsdecode(file) if not isinstance(file, int) else "", bool(set(mode) & set("wax+"))))
        return plain_open(file, mode, *rest, **more)

    def noted_os_open(path: Any, flags: int, *rest: Any, **more: Any) -> int:  # noqa: ANN401 - as os.open
        seen.append((os.fsdecode(path), bool(flags & _WRITING)))
        return plain_os_open(path, flags, *rest, **more)

    with patch("builtins.open", noted_open), patch("io.open", noted_open), patch("os.open", noted_os_open):
        yield seen
