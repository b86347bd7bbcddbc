"""The one door to SQLite: private files, whole transactions, safe migrations, and copies of other programs' databases."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import apsw
import pytest

from holdfast import _sqlite
from holdfast._sqlite import files_with, foreign_copy, migrate, open_database, quoted, tables, writing
from holdfast.errors import Conflict, Unavailable, Unreadable

STEPS = ("CREATE TABLE a(x)", lambda db: db.execute("INSERT INTO a VALUES(1)"), "CREATE TABLE b(y)")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "folder" / "our.db"


@pytest.fixture
def db(path):
    found = open_database(path, durability="derived")
    yield found
    found.close()


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
def test_files_and_folders_are_private_from_their_creation_whatever_the_umask(path, umask):
    before = os.umask(umask)
    try:
        db = open_database(path, durability="durable")
        db.execute("CREATE TABLE t(x)")
    finally:
        os.umask(before)
    modes = {p.name: p.stat().st_mode & 0o777 for p in path.parent.iterdir()}
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
    assert path.parent.stat().st_mode & 0o077 == 0
    db.close()


@pytest.mark.parametrize(("durability", "synchronous"), [("durable", 2), ("derived", 1)])
def test_durability_is_what_sqlite_is_told(path, durability, synchronous):
    db = open_database(path, durability=durability)
    assert (db.pragma("synchronous"), db.pragma("journal_mode"), db.pragma("secure_delete")) == (synchronous, "wal", 1)
    db.close()


def test_a_transaction_is_kept_whole_or_not_at_all(db):
    db.execute("CREATE TABLE t(x UNIQUE)")
    with pytest.raises(apsw.ConstraintError), writing(db):
        db.executemany("INSERT INTO t VALUES(?)", [(1,), (1,)])
    assert (db.execute("SELECT count(*) FROM t").get, db.in_transaction) == (0, False)
    with writing(db):
        db.execute("INSERT INTO t VALUES(1)")
        with writing(db):
            db.execute("INSERT INTO t VALUES(2)")
        assert db.in_transaction
    assert db.execute("SELECT count(*) FROM t").get == 2


def test_a_locked_archive_is_a_conflict_and_no_crash(path, db):
    other = open_database(path, durability="derived")
    other.set_busy_timeout(1)
    with writing(db), pytest.raises(Conflict, match="locked"), writing(other):
        pass
    with writing(other):
        pass
    other.close()


def test_migrations_run_once_each_and_in_order(path, db):
    migrate(db, STEPS[:1])
    migrate(db, STEPS)
    migrate(db, STEPS)
    assert db.execute("SELECT count(*) FROM a").get == 1
    assert db.pragma("user_version") == 3
    assert set(tables(db)) == {"a", "b"}


def test_a_migration_that_fails_leaves_the_schema_as_it_was(db):
    migrate(db, STEPS[:1])
    with pytest.raises(apsw.SQLError):
        migrate(db, (*STEPS[:2], "CREATE NONSENSE"))
    assert (db.pragma("user_version"), db.execute("SELECT count(*) FROM a").get) == (1, 0)


def test_a_newer_schema_is_refused(db):
    migrate(db, STEPS)
    with pytest.raises(Unavailable, match="newer Holdfast"):
        migrate(db, STEPS[:2])


@pytest.mark.parametrize("round_", range(12))
def test_programs_that_open_a_new_file_at_once_migrate_it_once(path, round_):
    failures = []

    def work() -> None:
        try:
            db = open_database(path, durability="derived")
            migrate(db, STEPS)
            db.close()
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db = open_database(path, durability="derived")
    assert (failures, db.execute("SELECT count(*) FROM a").get) == ([], 1)
    db.close()


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "x.db"
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(Unreadable, match=r"x\.db"):
        open_database(path, durability="derived")


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path):
    with pytest.raises(Unavailable, match="cannot open"):
        open_database(tmp_path, durability="derived")


def test_an_old_sqlite_is_refused(monkeypatch, path):
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.45.1")
    with pytest.raises(Unavailable, match="lose rows"):
        open_database(path, durability="derived")


def foreign(path) -> apsw.Connection:
    """Write another program's database and leave its last rows in the log."""
    db = apsw.Connection(str(path))
    db.pragma("journal_mode", "wal")
    db.pragma("wal_autocheckpoint", 0)
    db.execute('CREATE TABLE "odd ""name"(x, "y z")')
    db.execute('INSERT INTO "odd ""name" VALUES(1, 2)')
    return db


def test_another_programs_database_is_read_with_its_log_and_left_alone(tmp_path):
    path = tmp_path / "theirs.db"
    theirs = foreign(path)
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir() if not p.name.endswith("-shm")}
    with foreign_copy(path) as copy:
        assert tables(copy) == {'odd "name': ("x", "y z")}
        name = next(iter(tables(copy)))
        assert copy.execute(f"SELECT * FROM {quoted(name)}").get == (1, 2)
        copy.execute("CREATE TABLE ours(x)")
    after = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir() if not p.name.endswith("-shm")}
    assert after == before
    theirs.execute('INSERT INTO "odd ""name" VALUES(3, 4)')
    theirs.close()


def test_a_copy_leaves_nothing_behind(tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    path = tmp_path / "theirs.db"
    foreign(path).close()
    with pytest.raises(RuntimeError), foreign_copy(path):
        raise RuntimeError
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(Unreadable), foreign_copy(path):
        pass
    with pytest.raises(FileNotFoundError), foreign_copy(tmp_path / "not there"):
        pass
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.fixture
def large(monkeypatch):
    """Let every database count as a large one, on a file system that cannot clone."""
    monkeypatch.setattr(_sqlite, "LARGE", 0)
    monkeypatch.setattr(_sqlite, "_cloned", lambda *_: False)


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_large_database_is_read_where_it_lies_while_its_program_goes_on_writing(tmp_path, large, mode):
    path = tmp_path / "theirs.db"
    theirs = apsw.Connection(str(path))
    theirs.pragma("journal_mode", mode)
    theirs.execute("CREATE TABLE t(x)")
    theirs.execute("INSERT INTO t VALUES(1)")
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir() if not p.name.endswith("-shm")}
    with foreign_copy(path) as found:
        assert found.execute("SELECT x FROM t").get == 1
        with pytest.raises(apsw.ReadOnlyError):
            found.execute("INSERT INTO t VALUES(7)")
        assert {
            p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in tmp_path.iterdir() if p.name in before
        } == before
        theirs.execute("BEGIN EXCLUSIVE")
        theirs.execute("INSERT INTO t VALUES(2)")
        theirs.execute("COMMIT")
    with foreign_copy(path) as found:
        assert found.execute("SELECT count(*) FROM t").get == 2
    theirs.close()


def test_no_byte_of_a_large_database_is_copied(tmp_path, large, monkeypatch):
    import shutil

    path = tmp_path / "theirs.db"
    theirs = foreign(path)
    copied = []
    monkeypatch.setattr(
        shutil, "copyfile", lambda source, target: copied.append((source.name, target.write_bytes(source.read_bytes())))
    )
    with foreign_copy(path) as found:
        assert len(tables(found)) == 1
    assert [name for name, _ in copied] == ["theirs.db-wal"]
    theirs.close()


def test_a_large_database_in_the_middle_of_a_change_is_copied_and_read_as_it_was_before(tmp_path, large):
    path = tmp_path / "theirs.db"
    theirs = apsw.Connection(str(path))
    theirs.execute("CREATE TABLE t(x)")
    theirs.pragma("cache_size", 1)
    theirs.execute("BEGIN")
    for number in range(200):
        theirs.execute("INSERT INTO t VALUES(?)", (f"{number}" * 500,))
    assert path.with_name("theirs.db-journal").stat().st_size
    with foreign_copy(path) as found:
        assert found.execute("SELECT count(*) FROM t").get == 0
    theirs.execute("COMMIT")
    assert theirs.execute("SELECT count(*) FROM t").get == 200
    theirs.close()


@pytest.mark.parametrize(
    ("name", "said"), [("SPARE", "MB are free in"), ("MOST_COPIED", "its program is writing to it")]
)
def test_a_copy_that_would_take_too_much_room_is_refused_with_what_to_do(tmp_path, monkeypatch, name, said):
    path = tmp_path / "theirs.db"
    foreign(path).close()
    monkeypatch.setattr(_sqlite, name, 1 << 60 if name == "SPARE" else 0)
    monkeypatch.setattr(_sqlite, "_cloned", lambda *_: False)
    with pytest.raises(Unavailable, match=said) as caught, foreign_copy(path):
        pass
    assert "TMPDIR" in caught.value.hint


def test_a_database_that_changes_while_it_is_copied_is_copied_again(tmp_path, monkeypatch):
    import shutil

    path = tmp_path / "theirs.db"
    theirs = apsw.Connection(str(path))
    theirs.execute("CREATE TABLE t(x)")
    times: list[str] = []
    copy = shutil.copyfile

    def slow(source, target):
        copy(source, target)
        if not times:
            theirs.execute("INSERT INTO t VALUES(1)")
        times.append(source.name)

    monkeypatch.setattr(shutil, "copyfile", slow)
    monkeypatch.setattr(_sqlite, "_cloned", lambda *_: False)
    with foreign_copy(path) as found:
        assert found.execute("SELECT count(*) FROM t").get == 1
    assert times == ["theirs.db"] * 2
    theirs.close()


def test_a_database_damaged_further_inside_is_named_when_it_is_read(tmp_path):
    path = tmp_path / "theirs.db"
    db = apsw.Connection(str(path))
    db.execute("CREATE TABLE t(x)")
    for number in range(500):
        db.execute("INSERT INTO t VALUES(?)", (f"{number}" * 50,))
    db.close()
    data = bytearray(path.read_bytes())
    data[4096 * 2 : 4096 * 4] = b"\xff" * 8192
    path.write_bytes(bytes(data))
    with pytest.raises(Unreadable, match="damaged"), foreign_copy(path) as copy:
        list(copy.execute("SELECT * FROM t"))


def test_bytes_are_looked_for_in_the_file_and_its_log_without_opening_it_here(path, db):
    db.execute("CREATE TABLE t(x)")
    db.pragma("wal_autocheckpoint", 0)
    db.execute("INSERT INTO t VALUES('a needle in the log')")
    assert files_with(path, [b"a needle in the log"]) == (f"{path}-wal",)
    db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    assert files_with(path, [b"not there", b"a needle in the log"]) == (str(path),)
    assert files_with(path, [b"not there"]) == files_with(path, []) == ()


LOCKED = """
import sys, apsw
db = apsw.Connection(sys.argv[1])
db.set_busy_timeout(0)
try:
    db.execute("BEGIN IMMEDIATE")
    print("free")
except apsw.BusyError:
    print("locked")
"""


def test_looking_for_bytes_drops_no_lock_of_this_process(path, db):
    db.execute("CREATE TABLE t(x)")
    with writing(db):
        files_with(path, [b"anything"])
        found = subprocess.run(
            [sys.executable, "-c", LOCKED, str(path)], capture_output=True, text=True, check=True, timeout=60
        )
        assert found.stdout.strip() == "locked"
