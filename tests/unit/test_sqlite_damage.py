from __future__ import annotations

import pytest

from holdfast.errors import Unreadable
from holdfast.model import Transcript
from holdfast.stores.sqlite import SqliteStore
from holdfast.testing.store_contract import said, session


def test_a_damaged_archive_is_named_instead_of_failing_anyhow(tmp_path):
    path = tmp_path / "sessions.db"
    store = SqliteStore(path)
    store.put(Transcript(session=session(), messages=tuple(said(i, "words " * 300) for i in range(400))))
    store.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(Unreadable, match=r"sessions\.db is damaged"):
        read_all(path)


def read_all(path):
    return list(SqliteStore(path).find())
