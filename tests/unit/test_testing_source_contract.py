"""The source contract catches what it promises to catch: each guard is tried on a source that breaks it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec.structs import replace

from holdfast.model import Losses
from holdfast.sources.base import Command
from holdfast.sources.claude_code import ClaudeCode
from holdfast.testing._mutations import mutated
from holdfast.testing.source_contract import SourceContract
from tests.contracts.samples import claude_code as sample


@dataclass
class Altered:
    """Claude Code's reader with one thing done wrong."""

    wrong: str
    inner: ClaudeCode = field(default_factory=ClaudeCode)

    @property
    def info(self):
        return self.inner.info

    def roots(self, env, home, platform):
        return () if self.wrong == "no roots" else self.inner.roots(env, home, platform)

    def discover(self, roots):
        for ref in self.inner.discover(roots):
            if ref.kind == "history":
                continue
            if self.wrong == "opens":
                Path(ref.path).read_bytes()
            yield ref

    def read(self, ref, cursor):
        path = Path(ref.path)
        if self.wrong == "raises" and b"\xff" in path.read_bytes():
            raise ValueError(ref.path)
        if self.wrong == "writes":
            path.with_suffix(".db-shm").touch()
        for reading in self.inner.read(ref, None if self.wrong == "forgets" else cursor):
            yield self._altered(reading, ref)

    def _altered(self, reading, ref):
        found = reading.transcript
        if self.wrong == "id by path":
            found = replace(found, session=replace(found.session, id=f"{hash(ref.path) & 0xFFFFFFFFFFFFFFF:016x}"))
        if self.wrong == "hides":
            found = replace(found, losses=Losses())
        if self.wrong == "drops" and found.losses.damaged:
            found = replace(found, messages=found.messages[:1])
        if self.wrong == "no raw":
            return replace(reading, raw=replace(reading.raw, data=reading.raw.data[:-5]) if reading.raw else None)
        if self.wrong == "never done":
            return replace(reading, cursor=replace(reading.cursor, done=False))
        return replace(reading, transcript=found)

    def usage(self, ref, cursor):
        for transcript in self.inner.usage(ref, cursor):
            yield replace(transcript, requests=transcript.requests[:-1]) if self.wrong == "undercounts" else transcript

    def resume_command(self, session):
        form = (
            ("claude", "--resume", session.native_id)
            if self.wrong == "options"
            else ("claude", f"--resume={session.native_id}")
        )
        return Command(argv=form, cwd=session.cwd)


def contract(wrong):
    class Tried(SourceContract):
        mutations = 30
        root_table = (({}, "linux", ".claude"),)
        expected: ClassVar = {
            **sample.EXPECTED,
            "sessions": sample.EXPECTED["sessions"][:2],
            "prompts": sample.EXPECTED["prompts"][:2],
        }

        def source(self):
            return Altered(wrong)

        def build(self, root):
            sample.build(root)

    return Tried()


GUARDS = {
    "opens": "test_discovering_opens_no_file",
    "no roots": "test_roots_are_known_for_every_platform",
    "id by path": "test_a_copy_of_the_home_gives_the_same_ids",
    "forgets": "test_a_second_reading_finds_nothing_new",
    "never done": "test_a_second_reading_finds_nothing_new",
    "no raw": "test_bytes_kept_are_the_bytes_of_the_file",
    "drops": "test_a_damaged_line_is_counted_and_its_neighbours_are_read",
    "hides": "test_an_unknown_record_is_counted_and_its_neighbours_are_read",
    "raises": "test_hostile_changes_never_raise_and_never_hang",
    "writes": "test_reading_changes_nothing_in_the_home",
    "undercounts": "test_the_fast_reader_counts_the_same_requests",
    "options": "test_the_resume_command_cannot_be_turned_into_options",
}


@pytest.mark.parametrize("wrong", GUARDS)
def test_a_source_that_breaks_a_promise_is_caught(wrong, tmp_path):
    with pytest.raises((AssertionError, ValueError)):
        getattr(contract(wrong), GUARDS[wrong])(tmp_path)


@pytest.mark.parametrize("promise", sorted({*GUARDS.values(), "test_the_sample_is_read_as_it_was_written"}))
def test_a_source_that_keeps_its_promises_passes(promise, tmp_path):
    getattr(contract(""), promise)(tmp_path)


def test_a_source_that_forgets_its_state_between_tails_is_caught(tmp_path):
    class Forgetful(Altered):
        def read(self, ref, cursor):
            yield from self.inner.read(ref, cursor and replace(cursor, state={}))

    tried = contract("")
    tried.source = lambda: Forgetful("")
    with pytest.raises(AssertionError):
        tried.test_reading_in_tails_gives_the_same_as_reading_at_once(tmp_path)


def test_changes_are_the_same_for_the_same_seed():
    from random import Random

    data = b'{"a":1}\n' * 10
    assert [mutated(data, Random(n)) for n in range(20)] == [mutated(data, Random(n)) for n in range(20)]
    assert len({mutated(data, Random(n)) for n in range(20)}) > 10
