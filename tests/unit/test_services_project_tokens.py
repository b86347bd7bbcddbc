"""The older tool's guess at tokens: a base, the messages, and the text files of a folder, three levels deep."""

from __future__ import annotations

import os

import pytest

from holdfast import tokens
from holdfast.services import _project_tokens
from holdfast.services._project_tokens import estimate


@pytest.fixture(autouse=True)
def no_vocabulary(monkeypatch):
    """Count four characters as a token, whatever is installed."""
    monkeypatch.setattr(tokens, "count", lambda text, model: (len(text), "estimated"))


def test_a_thousand_and_two_hundred_a_message_where_there_is_no_folder(tmp_path):
    assert [estimate("", 0), estimate("", 7), estimate(str(tmp_path / "gone"), 0), estimate("relative", 0)] == [
        1000, 2400, 1000, 1000]  # fmt: skip


def test_text_files_count_three_levels_deep_and_nothing_else(tmp_path):
    for path in (
        "a.py",
        "one/two/three/b.md",
        "one/two/three/four/deep.py",
        "node_modules/c.js",
        ".hidden/d.py",
        "e.png",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("x" * 400)
    (tmp_path / "link.py").symlink_to(tmp_path / "a.py")
    assert estimate(str(tmp_path), 0) == 1000 + 2 * 100


def test_a_file_is_counted_again_only_when_it_changed(tmp_path, monkeypatch):
    file = tmp_path / "a.py"
    file.write_text("x" * 400)
    assert estimate(str(tmp_path), 0) == 1100
    monkeypatch.setattr(_project_tokens, "_tokens", lambda text: 7)
    assert estimate(str(tmp_path), 0) == 1100
    file.write_text("y" * 404)
    os.utime(file, ns=(1, 1))
    assert estimate(str(tmp_path), 0) == 1007


def test_a_vocabulary_is_used_where_there_is_one(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text("one two three")
    monkeypatch.setattr(tokens, "count", lambda text, model: (3, "exact"))
    assert estimate(str(tmp_path), 0) == 1003
