"""Aider when it runs: its command, and the end of a history, which has no times but the file's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from holdfast.sources._live import Launch, arguments, plain_claim
from holdfast.sources._turns import Fold, last_lines, written_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from holdfast.model.live import Claim, Tail
    from holdfast.model.process import Process

LAUNCH = Launch(
    names=("aider",), scripts=("/bin/aider",), modules=("aider",),
    never=("--list-models", "--models", "--gui", "--browser", "--install-main-branch", "--upgrade"),
)  # fmt: skip
TAIL_BYTES = 64 << 10
_ERROR = re.compile(r"^> (?:litellm\.|openai\.|anthropic\.)?\w*(?:Error|Exception)\b")
_ASKING = ("#### /ask ", "#### /code ", "#### /architect ", "#### /context ")
"""Commands that ask the model; others are done at once."""
_COUNT = re.compile(r"^> Tokens: ")


def claims(process: Process) -> tuple[Claim, ...]:
    """Say which session the command line names."""
    given = arguments(process, LAUNCH)
    if given is None:
        return ()
    claim = plain_claim(process, given, by_id=(), go_on=("--restore-chat-history",))
    return (replace(claim, cwd=_root(process.cwd, given)),)


def _root(cwd: str, given: Sequence[str]) -> str:
    """Return where the history lies: at the root of the repository, else in the folder itself."""
    if not cwd or "--no-git" in given:
        return cwd
    folder = Path(cwd)
    try:
        return next((str(f) for f in (folder, *folder.parents) if (f / ".git").exists()), cwd)
    except OSError:
        return cwd


def tail(path: str) -> Tail:
    """Say where the last turn of a history's newest session stands."""
    fold = Fold()
    for line in last_lines(path, TAIL_BYTES):
        text = line.decode("utf-8", "replace").rstrip()
        if text.startswith("# aider chat started at "):
            fold = Fold()
        elif text.startswith("#### "):
            if not text.startswith("#### /") or text.startswith(_ASKING):
                fold.prompt(None)
        elif _ERROR.match(text):
            fold.failed(text.removeprefix("> "), None)
        elif _COUNT.match(text):
            fold.done(None)
        elif text.startswith("> ^C") and fold.turn in ("open", "said"):
            fold.interrupted(None)
        elif text and not text.startswith(">") and fold.turn != "none":
            fold.said(None)
    return fold.tail(written=written_at(path))
