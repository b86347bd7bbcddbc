"""A small tree with Aider histories: a repository with three sessions, one of them empty, and another repository."""

from __future__ import annotations

from pathlib import Path
from typing import Any

EXPECTED: dict[str, Any] = {
    "sessions": 3,
    "prompts": [
        "Reply with exactly: ok",
        "/model gpt-5",
        "Create hello.txt\n\nThen reply: done",
        "Say why",
        "Fix the build",
    ],
    "tools": ["edit", "write", "shell"],
    "requests": {"requests": 4, "input": 6488, "cache_read": 1000, "cache_write": 500, "output": 430, "reasoning": 0},
}
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ""),
    ({}, "linux", "code"),
    ({}, "darwin", "Developer"),
    ({}, "win32", "source/repos"),
    ({"AIDER_CHAT_HISTORY_FILE": "~/kept/history.md"}, "linux", "kept/history.md"),
)
APPEND_ONLY = (".md",)
JSON_LINES: tuple[str, ...] = ()
UNKNOWN_RECORD = None


def header(stamp: str) -> str:
    return f"\n# aider chat started at {stamp}\n\n"


def own(*lines: str) -> str:
    """Write lines of the program's own: quoted, with two blanks at their ends."""
    return "".join(f"> {line}  \n" for line in lines)


def prompt(words: str) -> str:
    return "\n" + "".join(f"#### {line}  \n" for line in words.split("\n"))


def answer(words: str) -> str:
    return f"\n{words}\n\n"


LAUNCH = own(
    "/usr/bin/aider --no-auto-commits",
    "Aider v0.86.2",
    "Model: gpt-5-nano with diff edit format",
    "Git repo: .git with 1 files",
)
HEADINGS = "Two steps:\n\n#### First\n\n> a quote in the answer\n\nDone."
THOUGHT = "<thinking-content-7bbeb8e1441453ad>\nThey want a file.\n</thinking-content-7bbeb8e1441453ad>\n\nhello.txt"


def shop() -> str:
    return (
        header("2026-01-05 10:00:00")
        + LAUNCH
        + prompt("Reply with exactly: ok")
        + answer("ok")
        + own("Tokens: 2.5k sent, 1 received. Cost: $0.00013 message, $0.00013 session.")
        + prompt("/model gpt-5")
        + own("Main model: gpt-5 with diff edit format", "Weak model: gpt-5-nano")
        + prompt("Create hello.txt\n\nThen reply: done")
        + answer(THOUGHT)
        + own(
            "Tokens: 788 sent, 225 received.",
            "hello.txt",
            "Create new file? (Y)es/(N)o [Yes]: y",
            "Applied edit to hello.txt",
            "Creating empty file empty.txt",
            "Running make",
        )
        + header("2026-01-05 11:00:00")
        + header("2026-01-05 11:00:00")
        + LAUNCH
        + prompt("Say why")
        + answer(HEADINGS)
        + own("Tokens: 4.5k sent, 500 cache write, 1.0k cache hit, 200 received. Cost: $0.02 message, $0.02 session.")
    )


def site() -> str:
    failed = own("litellm.BadRequestError: OpenAIException - model not found.", "Tokens: 200 sent, 4 received.")
    return header("2026-01-05 12:00:00") + LAUNCH + prompt("Fix the build") + failed


def build(root: Path) -> None:
    """Write two repositories below `root`, which stands for a folder with code."""
    for name, history in (("shop", shop()), ("group/site", site())):
        folder = root / name
        (folder / ".git").mkdir(parents=True)
        (folder / ".aider.chat.history.md").write_text(history, encoding="utf-8")
