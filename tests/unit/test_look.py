from __future__ import annotations

from holdfast._look import files_with


def test_a_byte_string_is_found_in_the_file_or_in_its_log(tmp_path):
    path = tmp_path / "a.db"
    path.write_bytes(b"one two")
    log = tmp_path / "a.db-wal"
    log.write_bytes(b"three")
    assert files_with(path, [b"two"]) == (str(path),)
    assert files_with(path, [b"three"]) == (str(log),)
    assert files_with(path, [b"four"]) == files_with(path, []) == ()
