"""The text of the map: whole paths of what matters, true counts of the rest, within its budget."""

from __future__ import annotations

import pytest

from holdfast import tokens
from holdfast.context.files import walk
from holdfast.context.index import Index
from holdfast.context.projectmap import build
from holdfast.context.ranking import Scene, rank


@pytest.fixture
def root(tmp_path):
    project = tmp_path / "shop"
    for folder, count in (
        ("src/auth", 3),
        ("src/pages", 4),
        ("legacy/old/older", 30),
        ("legacy/new", 12),
        ("media", 6),
    ):
        (project / folder).mkdir(parents=True)
        for n in range(count):
            name = "pic{}.png" if folder == "media" else "part{}.py"
            (project / folder / name.format(n)).write_text("")
    (project / "src/auth/login_controller.py").write_text("class LoginController: ...\n")
    return project


def made(root, query="fix the login controller", budget=60):
    tree = walk(root)
    return build(tree, rank(Scene(tree, Index(root).refresh(tree), Index(root).history), query), budget=budget)


def test_what_matters_is_shown_whole_and_the_rest_is_counted_truly(root):
    found = made(root, budget=90)
    assert found.text.split("\n")[:2] == ["shop: 56 files, the likeliest first", "src/auth/login_controller.py"]
    counts = {f.path: f.files for f in found.folded}
    assert counts["media"] == 6
    for path, count in counts.items():
        assert sum(1 for p in (root / path).rglob("*") if p.is_file()) == count
        assert f"{path}/ ({count} files)" in found.text


@pytest.mark.parametrize("budget", [1, 12, 30, 100, 1000, 100_000])
def test_the_budget_holds(root, budget):
    found = made(root, budget=budget)
    assert found.tokens == tokens.count(found.text)[0]
    assert found.tokens <= budget or not found.shown


def test_with_room_enough_every_file_that_can_be_read_is_shown(root):
    found = made(root, budget=10_000)
    assert len(found.shown) == 50
    assert [(f.path, f.files) for f in found.folded] == [("media", 6)]


def test_a_folder_of_a_similar_name_is_not_opened(root):
    (root / "src" / "authority").mkdir()
    (root / "src" / "authority" / "x.png").touch()
    assert "src/authority" in {f.path for f in made(root, budget=10_000).folded}


def test_no_files_make_no_map(tmp_path):
    found = made(tmp_path)
    assert (found.text, found.tokens, found.files) == ("", 0, 0)
