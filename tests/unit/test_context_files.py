"""A project's files: what git would list, without opening what is ignored or following links out."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from holdfast.context import files
from holdfast.context.files import project_root, walk


def tree(root, *paths, **texts):
    for path in paths:
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"{path}\n")
    for name, text in texts.items():
        (root / name).write_text(text)


def names(root, **more):
    return [f.path for f in walk(root, **more).files]


def git(root, *arguments):
    return subprocess.run(
        ["git", "-c", "core.excludesFile=/dev/null", *arguments], cwd=root, capture_output=True, check=True
    ).stdout.decode()


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "shop"
    (root / ".git" / "info").mkdir(parents=True)
    return root


RULES = {
    "names": ("*.log\n", "a.log b/c.log b/c.txt log"),
    "folders alone": ("build/\n", "build/a src/build/b x/build"),
    "the root alone": ("/build\n", "build/a src/build/b"),
    "taking back": ("*.log\n!keep.log\n", "a.log keep.log b/keep.log"),
    "nothing is taken back below an ignored folder": ("out/\n!out/keep\n", "out/keep out/a b"),
    "taking back below a star": ("out/*\n!out/keep/\n", "out/keep/x out/a/y b"),
    "only some endings": ("*\n!*/\n!*.py\n", "a.py b/c.py b/d.txt e"),
    "two stars": ("a/**/z\n**/q\nlib/**\n!lib/k\n", "a/z a/b/z a/b/c/z d/q q lib/j lib/k lib/m/n"),
    "a slash within": ("doc/*.txt\n", "doc/a.txt doc/b/a.txt x/doc/a.txt"),
    "classes, escapes and comments": ("[ab].c\n\\#x\n# y\n\\!z\n", "a.c b.c d.c #x y !z"),
    "spaces at the end": ("a.txt   \nb\\ \n", "a.txt b"),
}


@pytest.mark.parametrize("case", RULES)
@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_files_are_those_that_git_lists(tmp_path, case):
    rules, paths = RULES[case]
    git(tmp_path, "init", "-q")
    tree(tmp_path, *paths.split())
    (tmp_path / ".gitignore").write_text(rules)
    expected = sorted(filter(None, git(tmp_path, "ls-files", "-co", "--exclude-standard", "-z").split("\0")))
    assert names(tmp_path) == expected


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_rules_of_inner_folders_and_of_this_machine_count_as_in_git(tmp_path):
    git(tmp_path, "init", "-q")
    tree(tmp_path, "a/x.tmp", "a/y.txt", "a/b/x.tmp", "a/b/only", "secret.txt", "c/only", "x.tmp")
    (tmp_path / ".gitignore").write_text("*.tmp\n")
    (tmp_path / "a" / ".gitignore").write_text("!x.tmp\n/b/only\n")
    (tmp_path / ".git" / "info" / "exclude").write_text("secret.txt\n")
    expected = sorted(filter(None, git(tmp_path, "ls-files", "-co", "--exclude-standard", "-z").split("\0")))
    assert names(tmp_path) == expected
    assert "secret.txt" not in expected
    assert "a/x.tmp" in expected


def test_ignored_folders_are_never_opened(project, monkeypatch):
    tree(project, "src/a.py", "src/b.py")
    for n in range(300):
        tree(project, f"node_modules/p{n}/index.js")
    (project / ".gitignore").write_text("node_modules/\n")
    opened = []
    scandir = os.scandir

    def counted(place):
        opened.append(place)
        return scandir(place)

    monkeypatch.setattr(os, "scandir", counted)
    found = walk(project)
    assert len(opened) == found.opened == 2
    assert found.ignored == (".git", "node_modules")
    assert [f.path for f in found.files] == [".gitignore", "src/a.py", "src/b.py"]


def test_links_are_not_followed(project, tmp_path):
    tree(tmp_path, "outside/secret.py")
    tree(project, "a.py")
    (project / "out").symlink_to(tmp_path / "outside")
    (project / "loop").symlink_to(project)
    (project / "secret.py").symlink_to(tmp_path / "outside" / "secret.py")
    assert names(project) == ["a.py"]


def test_a_file_of_rules_for_models_hides_more(project):
    tree(project, "a.py", "private/b.py")
    (project / ".anyllmignore").write_text("private/\n")
    assert names(project) == [".anyllmignore", "a.py"]


def test_rules_of_the_person_are_weaker_than_the_project_s(project, tmp_path):
    tree(project, "a.swp", "b.swp")
    own = tmp_path / "ignore"
    own.write_text("*.swp\n")
    (project / ".gitignore").write_text("!b.swp\n")
    assert names(project, also=[own]) == [".gitignore", "b.swp"]


def test_where_no_git_is_what_tools_make_is_left_out(tmp_path):
    tree(tmp_path, "a.py", "node_modules/x/i.js", "__pycache__/a.pyc", ".venv/bin/python")
    assert names(tmp_path) == ["a.py"]


def test_rules_that_are_no_pattern_or_not_readable_hide_nothing(project):
    tree(project, "a.py")
    (project / ".gitignore").write_bytes(b"\xff\xfe\n[\n!\n/\n\\\n")
    assert "a.py" in names(project)


def test_too_many_files_are_cut_and_it_is_said(project):
    tree(project, *(f"f{n}" for n in range(9)))
    found = walk(project, most=5)
    assert (len(found.files), found.cut) == (5, True)


def test_binary_and_huge_files_count_and_are_not_read(project):
    tree(project, "logo.png", "a.py")
    (project / "huge.py").write_bytes(b"x" * (files.LARGEST + 1))
    read = {f.path: f.is_read for f in walk(project).files}
    assert read == {"logo.png": False, "a.py": True, "huge.py": False}


def test_a_project_begins_at_its_git_or_its_mark(tmp_path, project):
    inner = project / "src" / "deep"
    inner.mkdir(parents=True)
    assert project_root(inner) == project
    (tmp_path / "other" / "sub").mkdir(parents=True)
    assert project_root(tmp_path / "other" / "sub") == tmp_path / "other" / "sub"
    (tmp_path / "other" / "pyproject.toml").touch()
    assert project_root(tmp_path / "other" / "sub") == tmp_path / "other"
