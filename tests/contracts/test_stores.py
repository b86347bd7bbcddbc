"""Every store keeps the same promises."""

from __future__ import annotations

import pytest

from holdfast.stores.inmemory import InMemoryStore
from holdfast.stores.sqlite import SqliteStore
from holdfast.testing.store_contract import StoreContract


class TestSqliteFile(StoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    def make(self):
        return SqliteStore(self.folder / "data" / "sessions.db", durability="derived")


class TestSqliteInMemory(StoreContract):
    def make(self):
        return SqliteStore(None)


class TestInMemory(StoreContract):
    def make(self):
        return InMemoryStore()
