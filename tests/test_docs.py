"""Every link leads somewhere, every page can be reached, and every command and code block in the docs runs.

A fenced block is run by its info string:
`console` runs each line that begins with `$ ` and expects exit code 0 (`console exit=3` another one);
`console exact` compares what is printed too, where a line `...` stands for any lines;
`console norun` is only shown, and only where it changes the machine (installing, for example);
`python` runs as a program of its own. All blocks of one page share one home, prepared with the demo sessions.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
DOCS = REPOSITORY / "docs"
INDEX = DOCS / "index.md"
DECISIONS = DOCS / "explanation" / "decisions"
PAGES = sorted([*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")])
BLOCK = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```\s*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#+\s+(?P<text>.+?)\s*$", re.MULTILINE)
RUNNABLE = {"console", "python"}
KNOWN = {"", "bash", "json", "text", "toml", "yaml", "markdown", "diff", "sql", *RUNNABLE}


def name(path) -> str:
    return str(path.relative_to(REPOSITORY))


def text_of(page) -> str:
    return page.read_text(encoding="utf-8")


def blocks_of(text):
    """Yield (language, options, body) of each fenced block."""
    for block in BLOCK.finditer(text):
        language, *options = block["info"].split() or [""]
        yield language, options, block["body"]


def links_of(text):
    """Yield each link to a place in the repository, code left out."""
    prose = re.sub(r"`[^`\n]*`", "", BLOCK.sub("", text))
    for link in LINK.finditer(prose):
        if not re.match(r"[a-z]+:", link["target"]):
            yield link["target"]


def anchors_of(page) -> set[str]:
    return {re.sub(r"[^\w\- ]", "", h["text"].lower()).replace(" ", "-") for h in HEADING.finditer(text_of(page))}


def broken_links_of(page) -> list[str]:
    broken = []
    for link in links_of(text_of(page)):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors_of(target)):
            broken.append(link)
    return broken


def led_to_by(page) -> list[Path]:
    """Return the pages behind the links of a page; a link to a folder leads to all pages in it."""
    targets = [(page.parent / link.partition("#")[0]).resolve() for link in links_of(text_of(page))]
    return [found for target in targets for found in (sorted(target.glob("*.md")) if target.is_dir() else [target])]


def reachable_from(start) -> set[Path]:
    seen, waiting = set(), [start]
    while waiting:
        page = waiting.pop()
        if page not in seen and page.suffix == ".md" and page.exists():
            seen.add(page)
            waiting += led_to_by(page)
    return seen


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page):
    assert broken_links_of(page) == []


def test_every_page_can_be_reached_from_the_index():
    pages = set(DOCS.rglob("*.md"))
    assert [name(page) for page in sorted(pages - reachable_from(INDEX))] == []


def test_every_decision_is_named_in_the_index():
    index = text_of(INDEX)
    assert [page.name for page in sorted(DECISIONS.glob("*.md")) if page.name not in index] == []


def test_every_decision_has_a_number_of_its_own_and_the_four_parts():
    pages = sorted(DECISIONS.glob("*.md"))
    numbers = [page.name[:4] for page in pages]
    assert [a for a, b in pairwise(numbers) if a == b] == []
    parts = ("## Context", "## Choice", "## Price", "## When to revisit")
    assert {page.name: [p for p in parts if p not in text_of(page)] for page in pages} == {p.name: [] for p in pages}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_says_what_it_is(page):
    assert [language for language, _, _ in blocks_of(text_of(page)) if language not in KNOWN] == []


def prompts_of(body):
    """Yield (command, what is shown below it) of a console block."""
    command: str | None = None
    shown: list[str] = []
    for line in body.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield command, shown
            command, shown = line[2:], []
        else:
            shown.append(line)
    if command is not None:
        yield command, shown


def matches(shown, printed) -> bool:
    """Compare lines; a shown line `...` stands for any lines."""
    pattern = "\n".join(".*" if line.strip() == "..." else re.escape(line.rstrip()) for line in shown).strip()
    return (
        re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.splitlines()).strip(), re.DOTALL) is not None
    )


def shell(command, home):
    """Run one shown line in the prepared home, with `holdfast` being the one under test."""
    environment = {**os.environ, "HOME": str(home), "USERPROFILE": str(home), "COLUMNS": "100", "NO_COLOR": "1"}
    program = f'holdfast() {{ {shlex.quote(sys.executable)} -m holdfast "$@"; }}\n'
    return subprocess.run(
        ["bash", "-c", program + command],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def can_demo() -> bool:
    return find_spec("holdfast.faces.cli.main") is not None and hasattr(import_module("holdfast.testing"), "demo_home")


def expected_code(options) -> int:
    return next((int(option[5:]) for option in options if option.startswith("exit=")), 0)


def run_console(options, body, home):
    if "norun" in options:
        return
    for command, shown in prompts_of(body):
        answer = shell(command, home)
        assert answer.returncode == expected_code(options), f"$ {command}\n{answer.stdout}{answer.stderr}"
        if "exact" in options:
            assert matches(shown, answer.stdout), f"$ {command}\n{answer.stdout}"


def run_python(options, body, home):
    if "norun" not in options:
        answer = subprocess.run(
            [sys.executable, "-c", body],
            cwd=home,
            env={**os.environ, "HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr


RUN = {"console": run_console, "python": run_python}
RUNNING = [page for page in PAGES if any(language in RUNNABLE for language, _, _ in blocks_of(text_of(page)))]


@pytest.mark.parametrize("page", RUNNING, ids=name)
def test_every_block_runs(page, home):
    if not can_demo():
        return
    import_module("holdfast.testing").demo_home(home)
    for language, options, body in blocks_of(text_of(page)):
        if language in RUN:
            RUN[language](options, body, home)


def test_only_what_changes_the_machine_is_not_run():
    excused = re.compile(
        r"^\$ (pip|uv|git|just|curl|cp|tmux)\b|^[^$]|^\$ holdfast$"  # `holdfast` alone opens the dashboard
        r"|^\$ holdfast (resume|sync --watch|close|batch[ -]close|hooks (install|remove))",
        re.MULTILINE,
    )
    for page in PAGES:
        for language, options, body in blocks_of(text_of(page)):
            if language == "console" and "norun" in options:
                assert [c for c, _ in prompts_of(body) if not excused.match(f"$ {c}")] == [], name(page)


SAMPLE = """# One

```console exact
$ printf 'a\\nb\\nc\\n'
a
...
c
```
[gone](gone.md) and `[not](a-link.md)` and [far](https://example.org) and [here](#one) and [lost](#two)
"""


def test_the_checks_themselves_see_what_is_broken(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(SAMPLE)
    assert broken_links_of(page) == ["gone.md", "#two"]
    (_, options, body) = next(blocks_of(SAMPLE))
    run_console(options, body, tmp_path)
    with pytest.raises(AssertionError):
        run_console(options, body.replace("\nc\n", "\nd\n"), tmp_path)
    with pytest.raises(AssertionError):
        run_console([], "$ exit 3\n", tmp_path)
    run_console(["exit=3"], "$ exit 3\n", tmp_path)


def test_the_index_is_what_its_script_writes():
    command = [sys.executable, str(REPOSITORY / "scripts" / "make_docs_index.py"), "--check"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
