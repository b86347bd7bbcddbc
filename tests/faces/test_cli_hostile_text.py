"""Stored text is data: whatever a transcript holds, no command lets it act on the terminal."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest

from tests.contracts.samples import claude_code

EVIL = (
    "\x1b]0;owned\x07\x1b[2J\x1b[31m\x9b31m\x1b]52;c;aGk=\x07\x1bP+q\x1b\\\x1b]8;;https://example.org\x07"
    "\u202egnp.exe\u202c\u200bzero\u2066\r\x08\x00\x7f[bold red]markup[/bold red] \ud800"
)
TYPED = EVIL.replace("\x00", "").replace("\ud800", "")
OWN = re.compile(r"\x1b\[[0-9;]*m")
HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
ID = "1b2e3f40-2222-4333-8444-555555555555"


def is_harmless(text: str) -> bool:
    return all(c == "\n" or unicodedata.category(c) not in HIDDEN for c in text)


@pytest.fixture
def hostile(empty):
    """Return a machine whose one session is hostile in every field that an agent writes."""
    call = {
        "type": "tool_use",
        "id": "t1",
        "name": f"Bash{EVIL}",
        "input": {"command": f"ls {EVIL}", EVIL: EVIL, "file_path": EVIL},
    }
    edit = {
        "type": "tool_use",
        "id": "t2",
        "name": "Edit",
        "input": {"file_path": f"/tmp/{EVIL}", "old_string": "a", "new_string": "b"},
    }
    run = {"type": "tool_use", "id": "t3", "name": "Bash", "input": {"command": f"make {EVIL}"}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": f"needle {EVIL}\n{EVIL}", "is_error": True}
    reply = claude_code.answer(
        "msg_1",
        [{"type": "text", "text": f"answer {EVIL}"}, {"type": "thinking", "thinking": EVIL}, call, edit, run],
        5,
    )
    reply["model"] = f"model-{EVIL}"
    common = {"session": ID, "cwd": f"/home/ada/{EVIL}", "gitBranch": EVIL}
    records = [
        claude_code.record("user", 1, message={"role": "user", "content": f"needle {EVIL}"}, **common),
        claude_code.record("assistant", 2, requestId="r1", message=reply, **common),
        claude_code.record("user", 3, message={"role": "user", "content": [result]}, **common),
        {"type": "ai-title", "aiTitle": f"title {EVIL}", "sessionId": ID},
        {"type": f"unknown{EVIL}", "sessionId": ID},
    ]
    path = empty.home / ".claude" / "projects" / "-x" / f"{ID}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"".join(json.dumps(r).encode() + b"\n" for r in records))
    answer = empty("sync")
    assert answer.exit_code == 0, answer.stderr
    assert is_harmless(answer.output)
    assert empty("describe", "-", f"about {TYPED}", "--name", f"name {TYPED}").exit_code == 0
    return empty


LINES = (
    ("list",),
    ("list", "--all"),
    ("list", "--expiring"),
    ("show", "-"),
    ("show", "-", "--all"),
    ("search", "needle", "--details"),
    ("usage", "--by", "session"),
    ("usage", "--by", "model"),
    ("usage", "--by", "project"),
    ("usage", "--explain", "-"),
    ("resume", "-"),
    ("restore", "-"),
    ("delete", "-", "--dry-run"),
    ("delete", "-"),
    ("purge", "-", "--dry-run"),
    ("set-project", "-", TYPED),
    ("show", f"no such {EVIL}"),
    ("tag", "-", EVIL),
    ("list", "--agent", EVIL),
    ("sync", "--agent", EVIL),
    ("config", "set", "usage.timezone", EVIL),
    (f"lis{EVIL}",),
    ("list", f"--{EVIL}"),
    ("purge", "-", "--yes"),
)


@pytest.mark.parametrize(
    "line",
    LINES,
    ids=lambda line: " ".join(w if w.isascii() and w.isprintable() else "EVIL" for w in line) + f" {len(line[-1])}",
)
@pytest.mark.parametrize("colour", ["never", "always"])
def test_nothing_stored_or_typed_acts_on_the_terminal(hostile, line, colour):
    answer = hostile(*line, "--color", colour)
    assert answer.exit_code in range(11), answer.output
    assert "Traceback" not in answer.output
    assert is_harmless(OWN.sub("", answer.output))


@pytest.mark.parametrize(
    "line", [("list",), ("show", "-"), ("search", "needle"), ("usage", "--by", "model")], ids=" ".join
)
def test_json_of_hostile_text_is_valid_and_holds_no_hidden_character(hostile, line):
    answer = hostile(*line, "--json")
    assert answer.exit_code == 0, answer.stderr
    assert json.loads(answer.stdout)
    assert is_harmless(answer.stdout)


def test_json_gives_the_text_back_unchanged(hostile):
    found = hostile.json("show", "-")
    assert found["messages"][0]["parts"][0]["text"].startswith("needle \x1b]0;owned\x07\x1b[2J")


def test_markup_is_shown_as_it_was_written(hostile):
    assert "[bold red]markup[/bold red]" in hostile("show", "-").stdout
