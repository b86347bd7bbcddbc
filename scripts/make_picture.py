"""Draw the README's picture: what the real commands print on the demo's sessions, as SVG. Run it after output changed.

python scripts/make_picture.py [-o docs/pictures/demo.svg]
"""

from __future__ import annotations

import argparse
import io
import os
import re
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from holdfast.services.demo import SEARCHED, Step, run_command, terminal_of, write_home

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "demo.svg"
WIDTH = 100
SHOWN = (("list",), ("search", SEARCHED), ("usage", "--by", "agent"))
MOST_LINES = 18
# rich's own frame, without the fonts that it would fetch from another host
FRAME = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-family: ui-sans-serif, system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" /></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def steps() -> list[Step]:
    """Run the shown commands in a home of their own, each on a terminal."""
    with tempfile.TemporaryDirectory(prefix="holdfast-picture-") as folder:
        home = Path(folder).resolve()
        write_home(home)
        variables = terminal_of(home, os.environ, width=WIDTH, colour=True)
        run_command("", ("sync",), home, variables)
        return [run_command("", command, home, variables) for command in SHOWN]


def drawn(shown: list[Step]) -> str:
    """Return the SVG."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for step in shown:
        console.print(Text.assemble(("$ ", "dim"), (step.line, "bold")))
        shown_lines = "\n".join(step.output.splitlines()[:MOST_LINES]).rstrip()
        for line in shown_lines.splitlines():
            console.print(Text.from_ansi(line), no_wrap=True, crop=True, overflow="ellipsis")
        console.print()
    svg = console.export_svg(title="holdfast", theme=MONOKAI, code_format=FRAME, unique_id="demo")
    return re.sub(r"[ \t]+\n", "\n", svg)


def main() -> None:
    """Write the picture."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    options.add_argument("-o", "--output", type=Path, default=PICTURE)
    chosen = options.parse_args()
    found = steps()
    failed = [step.line for step in found if step.exit_code]
    if failed:
        raise SystemExit(f"these failed: {', '.join(failed)}")
    chosen.output.parent.mkdir(parents=True, exist_ok=True)
    chosen.output.write_text(drawn(found), encoding="utf-8")
    print(chosen.output)


if __name__ == "__main__":
    main()
