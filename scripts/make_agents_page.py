"""Write docs/reference/agents.md from what the sources say of themselves: which agents are read, and on what evidence.

Run it after adding a source or changing what one says; `--check` only tells whether the page is current.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast import registry

if TYPE_CHECKING:
    from holdfast.sources.base import SourceInfo

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "agents.md"
HEAD = """# Agents

Holdfast reads the sessions of {all} agents. {verified} of their readers were checked against real files of the agent, or
against what its own program wrote or tests itself with; the other {rest} are `unverified` until a real file was read: they
rest on data made by hand and on published source or descriptions. `holdfast doctor` says the same of each. A name leads to
the page that tells what is read and what is not.
"""
SECTIONS = (("Verified", True), ("Unverified", False))


def row(info: SourceInfo) -> str:
    """Return an agent's row."""
    usage = "recorded" if info.records_usage else "counted or estimated"
    return f"| [{info.name}](sources/{info.slug}.md) | `{info.slug}` | {usage} | {info.evidence} |"


def text() -> str:
    """Return the page as it should be."""
    infos = [registry.load("sources", name).info for name in registry.names("sources")]
    verified = sum(i.verified for i in infos)
    parts = [HEAD.format(all=len(infos), verified=verified, rest=len(infos) - verified)]
    for title, wanted in SECTIONS:
        rows = "\n".join(row(i) for i in sorted(infos, key=lambda i: i.name.lower()) if i.verified is wanted)
        parts.append(f"## {title}\n\n| Agent | Name | Tokens | Evidence |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def main() -> int:
    """Write the page, or check it."""
    if "--check" in sys.argv[1:]:
        current = PAGE.read_text(encoding="utf-8") == text()
        print("agents.md is current" if current else "agents.md is not current: python scripts/make_agents_page.py")
        return 0 if current else 1
    PAGE.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
