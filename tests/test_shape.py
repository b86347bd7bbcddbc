"""The house style that a linter cannot see, in numbers."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import cast

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGE = REPOSITORY / "src" / "holdfast"
MODULES = sorted(PACKAGE.rglob("*.py"))
TEXTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 40
MOST_POSITIONAL = 4
LINES_THAT_NEED_A_TEST = 40
MOST_LINES_OF_THE_README = 150
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|commons?|managers?|handlers?)($|_)")
SEED_NAMES = {"SessionManager", "ContextManager"}  # names that people's programs already use
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\ufe0f]")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def place(path, node=None) -> str:
    line = f":{node.lineno}" if node else ""
    return f"{path.relative_to(REPOSITORY)}{line}"


def nodes(*kinds, outside=None):
    for path in MODULES:
        if outside is None or outside not in path.parents:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, kinds):
                    yield path, node


def lines_of(function) -> int:
    """Count the lines of a function without its docstring and decorators."""
    first = function.body[0]
    has_docstring = ast.get_docstring(function, clean=False) is not None
    docstring = first.end_lineno - first.lineno + 1 if has_docstring else 0
    return function.end_lineno - function.lineno + 1 - docstring


def positional_of(function) -> int:
    names = [a.arg for a in [*function.args.posonlyargs, *function.args.args]]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def test_no_file_is_longer_than_400_lines():
    lines = {place(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_no_function_is_longer_than_40_lines():
    found = {place(p, f): lines_of(f) for p, f in nodes(ast.FunctionDef, ast.AsyncFunctionDef)}
    assert {name: count for name, count in found.items() if count > MOST_LINES_OF_A_FUNCTION} == {}


def is_excused(path, node, rule) -> bool:
    """Tell whether the line says why it may, for example because its caller gives the signature."""
    return f"noqa: {rule} - " in path.read_text(encoding="utf-8").splitlines()[node.lineno - 1]


def test_no_function_takes_more_than_four_positional_parameters():
    found = [(p, f) for p, f in nodes(ast.FunctionDef, ast.AsyncFunctionDef) if positional_of(f) > MOST_POSITIONAL]
    assert [place(p, f) for p, f in found if not is_excused(p, f, "PLR0917")] == []


def catches_everything(handler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or getattr(kind, "id", "") in {"Exception", "BaseException"} for kind in kinds)


def passes_it_on(handler) -> bool:
    """Tell a clean-up, which ends in a bare raise, from a catch."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def may_carry(path, handler) -> bool:
    """Tell whether a failure is carried whole (BaseException, with its reason) to where it can be raised."""
    return getattr(handler.type, "id", "") == "BaseException" and is_excused(path, handler, "BLE001")


def test_nothing_below_a_face_catches_every_exception():
    catches = [(p, h) for p, h in nodes(ast.ExceptHandler, outside=PACKAGE / "faces") if catches_everything(h)]
    assert [place(p, h) for p, h in catches if not passes_it_on(h) and not may_carry(p, h)] == []


def test_nothing_is_left_for_later_in_a_comment():
    unfinished = [
        f"{place(path)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert unfinished == []


def test_modules_and_classes_are_named_by_what_they_are():
    modules = [place(path) for path in MODULES if BANNED_NAMES.search(path.stem)]
    classes = [
        f"{place(path, node)} {node.name}"
        for path, node in nodes(ast.ClassDef)
        if node.name not in SEED_NAMES and BANNED_NAMES.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name).lower())
    ]
    assert modules + classes == []


def test_every_module_says_what_it_knows():
    silent = [
        place(path)
        for path in MODULES
        if path.read_text(encoding="utf-8").strip()
        and ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None
    ]
    assert silent == []


def test_nothing_is_imported_from_the_other_sqlite():
    imports = nodes(ast.Import, ast.ImportFrom)
    names = [(p, n, getattr(n, "module", None) or n.names[0].name) for p, n in imports]
    assert [place(p, n) for p, n, name in names if name.partition(".")[0] == "sqlite3"] == []


def names_with_tests() -> set[str]:
    """Return what the names of test files speak of, for example `codex` and `jsonl` for test_codex_jsonl.py."""
    files = list((REPOSITORY / "tests").rglob("test_*.py"))
    stems = {p.stem.removeprefix("test_") for p in files}
    return stems | {part for p in files for part in p.relative_to(REPOSITORY / "tests").parts[1:-1]}


def has_a_test(path, tested) -> bool:
    own = path.parent.name.strip("_") if path.stem == "__init__" else path.stem.strip("_")
    names = {own, path.parent.name.strip("_")} - {"holdfast", "commands", "services"}
    return any(name in stem or name.removesuffix("s") == stem for name in names for stem in tested)


def test_every_module_of_some_size_has_a_test_named_after_it_or_its_package():
    tested = names_with_tests()
    sizeable = [p for p in MODULES if len(p.read_text(encoding="utf-8").splitlines()) > LINES_THAT_NEED_A_TEST]
    assert [place(path) for path in sizeable if not has_a_test(path, tested)] == []


def test_the_readme_fits_on_one_page():
    assert len((REPOSITORY / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES_OF_THE_README


def test_no_emoji_is_used():
    assert [place(path) for path in [*TEXTS, *MODULES] if EMOJI.search(path.read_text(encoding="utf-8"))] == []


def parsed(source):
    return ast.parse(source).body[0]


CATCH_ALL = cast("ast.Try", parsed("try: ...\nexcept (OSError, Exception): ..."))
CLEAN_UP = cast("ast.Try", parsed("try: ...\nexcept BaseException:\n    a = 1\n    raise"))
GUARDS = {
    lines_of: (parsed("def f():\n    '''Two\n    lines.'''\n    a = 1\n    return a"), 3),
    positional_of: (parsed("def f(self, a, b, *, c): ..."), 2),
    catches_everything: (CATCH_ALL.handlers[0], True),
    passes_it_on: (CLEAN_UP.handlers[0], True),
}


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.__name__)
def test_the_measures_themselves_measure(guard):
    node, expected = GUARDS[guard]
    assert guard(node) == expected
