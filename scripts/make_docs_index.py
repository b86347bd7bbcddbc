"""Write docs/index.md from the pages that are there: their folders give the sections, their headings the names.

Run it after adding a page; `--check` only tells whether the index is current.
"""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
HEAD = """# Holdfast

Holdfast keeps the sessions of every AI agent a person runs. Start with the [README](../README.md): two commands, three
examples, and what is kept where.
"""
SECTIONS = (
    ("Tutorial", "tutorial"),
    ("How to", "how-to"),
    ("Reference", "reference"),
    ("Commands", "reference/cli"),
    ("What is read of each agent, on what evidence, and what is not recovered", "reference/sources"),
    ("Export formats", "reference/formats"),
    ("Explanation", "explanation"),
    ("Decisions", "explanation/decisions"),
)


def heading(page: Path) -> str:
    """Return a page's first heading."""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            return line[2:].strip().replace("`", "")
    return page.stem


def text() -> str:
    """Return the index as it should be."""
    parts = [HEAD]
    for title, folder in SECTIONS:
        pages = sorted((DOCS / folder).glob("*.md"))
        if pages:
            lines = "\n".join(f"- [{heading(p)}]({p.relative_to(DOCS).as_posix()})" for p in pages)
            parts.append(f"## {title}\n\n{lines}\n")
    return "\n".join(parts)


def main() -> int:
    """Write the index, or check it."""
    index = DOCS / "index.md"
    if "--check" in sys.argv[1:]:
        current = index.read_text(encoding="utf-8") == text()
        print(
            "docs/index.md is current" if current else "docs/index.md is not current: python scripts/make_docs_index.py"
        )
        return 0 if current else 1
    index.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
