"""What reading other programs' databases promises, whatever their tables mean."""

from __future__ import annotations

import apsw
import pytest

from holdfast.model import Session, Transcript, observed_id
from holdfast.sources import _database as database
from holdfast.sources.base import Ref


class Shelf:
    agent = "shelf"
    parser = 1

    def __init__(self):
        self.read_natives = []

    def sessions(self, connection):
        listed = database.rows(connection, "sessions", ("id", "name"))
        return [database.Found(native=r["id"], row=r, mark=database.mark_of(r)) for r in listed]

    def read(self, connection, found, path):
        self.read_natives.append(found.native)
        session = Session(id=observed_id("shelf", found.native), agent="shelf", native_id=found.native)
        return Transcript(session=session), database.line_of("sessions", found.row)


@pytest.fixture
def db(tmp_path):
    opened = apsw.Connection(str(tmp_path / "a.db"))
    opened.execute("CREATE TABLE sessions (id TEXT PRIMARY KEY, name TEXT, data BLOB)")
    yield opened
    opened.close()


def fill(db, names):
    with db:
        db.executemany("INSERT INTO sessions (id, name) VALUES (?, 'x')", [(name,) for name in names])


def ref(tmp_path) -> Ref:
    found = database.described("shelf", tmp_path / "a.db", kind="", root=tmp_path)
    assert found is not None
    return found


def test_any_cursor_on_the_way_leads_to_every_session_that_is_missing(db, tmp_path):
    names = [f"s{n:03d}" for n in range(database.STEP * 2 + 3)]
    fill(db, names)
    whole = list(database.changed(ref(tmp_path), None, Shelf()))
    for taken in (1, 5, database.STEP, database.STEP + 1, len(names)):
        shelf = Shelf()
        rest = list(database.changed(ref(tmp_path), whole[taken - 1].cursor, shelf))
        assert set(names[taken:]) <= set(shelf.read_natives)
        assert rest[-1].cursor == whole[-1].cursor
        assert [r.cursor.done for r in rest].index(True) == len(rest) - 1


def test_a_session_that_is_gone_is_forgotten_and_the_others_are_not_read_again(db, tmp_path):
    fill(db, ["a", "b", "c"])
    cursor = list(database.changed(ref(tmp_path), None, Shelf()))[-1].cursor
    db.execute("DELETE FROM sessions WHERE id = 'b'")
    shelf = Shelf()
    (last,) = database.changed(ref(tmp_path), cursor, shelf)
    assert shelf.read_natives == []
    assert last.cursor.sessions == (observed_id("shelf", "a"), observed_id("shelf", "c"))


def test_another_parser_reads_everything_again(db, tmp_path):
    fill(db, ["a", "b"])
    cursor = list(database.changed(ref(tmp_path), None, Shelf()))[-1].cursor
    shelf = Shelf()
    shelf.parser = 2
    list(database.changed(ref(tmp_path), cursor, shelf))
    assert shelf.read_natives == ["a", "b"]


def test_a_file_that_is_no_database_is_counted_as_damaged(tmp_path):
    (tmp_path / "a.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    (reading,) = database.changed(ref(tmp_path), None, Shelf())
    assert reading.transcript.losses.damaged == 1
    assert reading.cursor.done


def test_the_rows_of_a_value_are_found_without_an_index_in_their_order(db):
    with db:
        db.executemany("INSERT INTO sessions VALUES (?, ?, NULL)", [("a", "x"), ("b", "y"), ("c", "x"), ("d", None)])
    places = database.Places(db)
    assert [r["id"] for r in places.rows("sessions", ("id",), where=("name", "x"))] == ["a", "c"]
    assert [r["id"] for r in places.rows("sessions", ("id",), where=("name", "z"))] == []


def test_bytes_that_look_like_a_text_stay_bytes_where_they_are_none(db):
    db.execute("INSERT INTO sessions VALUES ('a', 'x', ?)", (b"plain",))
    (row,) = database.rows(db, "sessions", ("id", "data"), blobs=("data",))
    assert row == {"id": "a", "data": b"plain"}
    assert database.line_of("sessions", row) == b'{"table":"sessions","row":{"id":"a","data":{"base64":"cGxhaW4="}}}\n'


def test_a_bad_byte_in_a_text_is_replaced_and_its_row_is_read(db):
    db.execute("INSERT INTO sessions (id, name) VALUES ('a', CAST(? AS TEXT))", (b"caf\xe9",))
    (row,) = database.rows(db, "sessions", ("id", "name"))
    assert row["name"] == "caf\ufffd"
