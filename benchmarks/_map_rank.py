"""Answers "which files matter for this request?" line by line, with the very map that chat injects.

Reads JSON lines `{"root", "query", "files", "budgets"}` and writes `{"files": ranked paths, "maps": {budget: text}, "ms"}`; the
files given are ignored: the map is made of everything that git does not ignore. `--cache DIR` keeps words between runs.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from holdfast.context.files import walk
from holdfast.context.index import Index
from holdfast.context.projectmap import build
from holdfast.context.ranking import Scene, rank


def answer(request: dict, index: Index) -> dict:
    began = time.perf_counter()
    tree = walk(index.root)
    ranked = rank(Scene(tree, index.refresh(tree), index.history), request["query"])
    maps = {str(b): build(tree, ranked, budget=b).text for b in request.get("budgets") or [1000]}
    return {"files": [r.path for r in ranked], "maps": maps, "ms": (time.perf_counter() - began) * 1000}


def main() -> None:
    cache = Path(sys.argv[sys.argv.index("--cache") + 1]) if "--cache" in sys.argv else None
    indexes: dict[str, Index] = {}
    for line in sys.stdin:
        request = json.loads(line)
        root = request["root"]
        index = indexes.setdefault(root, Index(Path(root), cache))
        print(json.dumps(answer(request, index)), flush=True)


if __name__ == "__main__":
    main()
