"""A small Cursor home: editor and command line in one folder, with sessions that two and three of the stores hold.

The first conversation stands in the editor's database and in a transcript; the second in the command line's database and in
a transcript; the third only in a transcript, with a sub-agent; the fourth only in a transcript of plain text.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import apsw

Record = dict[str, Any]

EDITOR = "11111111-aaaa-4aaa-8aaa-111111111111"
CHAT = "22222222-aaaa-4aaa-8aaa-222222222222"
SCRIPT = "33333333-aaaa-4aaa-8aaa-333333333333"
AGENT = "44444444-aaaa-4aaa-8aaa-444444444444"
PLAIN = "55555555-aaaa-4aaa-8aaa-555555555555"
PANEL = "66666666-aaaa-4aaa-8aaa-666666666666"
CWD = "/home/ada/shop"
SLUG = "home-ada-shop"
START = 1_767_600_000_000
EXPECTED = {
    "sessions": [EDITOR, CHAT, SCRIPT, AGENT, PLAIN, PANEL],
    "prompts": ["Why does the build fail?", "List the files", "Fix the login bug", "Look at the tests", "Zażółć gęślą jaźń",
                "What is a monad?"],
    "tools": ["run_terminal_cmd", "Shell", "Read", "Grep", "Glob"],
    "requests": {"requests": 1, "input": 1200, "cache_read": 0, "cache_write": 0, "output": 80, "reasoning": 0},
}  # fmt: skip
ROOT_TABLE: tuple[tuple[dict[str, str], str, str], ...] = (
    ({}, "linux", ".cursor"),
    ({}, "linux", ".config/Cursor/User"),
    ({}, "linux", ".config/cursor"),
    ({"XDG_CONFIG_HOME": "~/xdg"}, "linux", "xdg/Cursor/User"),
    ({"XDG_CONFIG_HOME": "~/xdg"}, "linux", "xdg/cursor"),
    ({"CURSOR_CONFIG_DIR": "~/moved"}, "linux", "moved"),
    ({}, "darwin", "Library/Application Support/Cursor/User"),
    ({}, "darwin", ".cursor"),
    ({}, "win32", "AppData/Roaming/Cursor/User"),
    ({"APPDATA": "~/roaming"}, "win32", "roaming/Cursor/User"),
)


def database(path: Path, *tables: str) -> apsw.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    db = apsw.Connection(str(path))
    for table in tables:
        db.execute(f"CREATE TABLE {table}(key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)")
    return db


def put(db: apsw.Connection, key: str, value: Any, *, table: str = "cursorDiskKV") -> None:
    given = value if value is None or isinstance(value, str | bytes) else json.dumps(value, ensure_ascii=False)
    db.execute(f"INSERT INTO {table} VALUES (?, ?)", (key, given))


def bubble(name: str, kind: int, text: str = "", **more: Any) -> Record:
    return {"_v": 3, "type": kind, "bubbleId": name, "text": text, **more}


def composer(*names: str, **more: Any) -> Record:
    headers = [{"bubbleId": n} for n in names]
    facts = {"_v": 10, "createdAt": START, "lastUpdatedAt": START + 9000, "unifiedMode": "agent"}
    return {**facts, "fullConversationHeadersOnly": headers, **more}


def conversation(db: apsw.Connection, native: str, bubbles: list[Record], **more: Any) -> None:
    """Write a conversation of the editor."""
    put(db, f"composerData:{native}", composer(*(b["bubbleId"] for b in bubbles), **more))
    for one in bubbles:
        put(db, f"bubbleId:{native}:{one['bubbleId']}", one)


def called(name: str, arguments: Record, result: Any, **more: Any) -> Record:
    given = json.dumps(result) if result is not None else ""
    former = {"toolCallId": "call_1", "name": name, "rawArgs": json.dumps(arguments), "result": given}
    return {**former, "status": "completed", **more}


def bubbles() -> list[Record]:
    at = "2026-01-05T08:00:0{}.000Z"
    run = called("run_terminal_cmd", {"command": "make"}, {"output": "Error 2", "exitCode": 2})
    return [
        bubble(name(1), 1, "Why does the build fail?", modelInfo={"modelName": "claude-4.5-sonnet"}),
        bubble(name(2), 2, thinking={"text": "I will run it."}, createdAt=at.format(2)),
        bubble(name(3), 2, toolFormerData=run, createdAt=at.format(3)),
        bubble(name(4), 2, "It lacks a rule.", createdAt=at.format(4), tokenCount={"inputTokens": 1200, "outputTokens": 80}),
    ]  # fmt: skip


def name(number: int) -> str:
    return f"0000000{number}-bbbb-4bbb-8bbb-bbbbbbbbbbbb"


def editor(root: Path) -> None:
    db = database(root / "globalStorage" / "state.vscdb", "ItemTable", "cursorDiskKV")
    facts = {"contextTokensUsed": 1280, "contextTokenLimit": 200_000, "createdOnBranch": "main"}
    conversation(db, EDITOR, bubbles(), name="Build fails", **facts)
    put(db, "composerData:empty", composer())
    put(db, f"bubbleId:{EDITOR}:{name(9)}", None)
    put(db, "cursorAuth/accessToken", "never read", table="ItemTable")
    db.close()


def workspace(root: Path) -> None:
    folder = root / "workspaceStorage" / "0123abcd"
    db = database(folder / "state.vscdb", "ItemTable")
    listed = [{"composerId": EDITOR, "name": "Build fails"}, {"composerId": "gone", "name": "Gone"}]
    put(db, "composer.composerData", {"allComposers": listed}, table="ItemTable")
    said = [{"type": "user", "id": "u", "text": "What is a monad?"}, {"type": "ai", "id": "a", "rawText": "A burrito."}]
    tab = {"tabId": PANEL, "chatTitle": "Monads", "lastSendTime": START, "bubbles": said}
    put(db, "workbench.panel.aichat.view.aichat.chatdata", {"tabs": [tab]}, table="ItemTable")
    db.close()
    (folder / "workspace.json").write_text(json.dumps({"folder": f"file://{CWD}"}))


def field(number: int, data: bytes) -> bytes:
    """Return a protobuf field of bytes."""
    size = len(data)
    length = bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])
    return bytes([number << 3 | 2]) + length + data


def chat(root: Path, native: str, messages: list[Record], **more: Any) -> None:
    """Write a session of the command line: messages as blobs, and a root that lists them."""
    db = database(root / "chats" / "0f0f" / native / "store.db", "meta")
    db.execute("CREATE TABLE blobs(id TEXT PRIMARY KEY, data BLOB)")
    listed = b""
    for message in messages:
        data = json.dumps(message, ensure_ascii=False).encode()
        key = hashlib.sha256(data)
        db.execute("INSERT OR REPLACE INTO blobs VALUES (?, ?)", (key.hexdigest(), data))
        listed += field(1, key.digest())
    listed += field(5, b"\x08\xd0\x0f\x10\xc0\x9a\x0c") + field(9, f"file://{CWD}".encode())
    db.execute("INSERT INTO blobs VALUES (?, ?)", ("root", listed))
    facts = {
        "agentId": native,
        "name": "Files",
        "createdAt": START,
        "lastUsedModel": "gpt-5.2",
        "latestRootBlobId": "root",
    }
    put(db, "0", json.dumps({**facts, **more}).encode().hex(), table="meta")
    db.close()


def chat_messages() -> list[Record]:
    call = {"type": "tool-call", "toolCallId": "c1", "toolName": "Shell", "args": {"command": "ls"}}
    given = {"type": "tool-result", "toolCallId": "c1", "toolName": "Shell", "result": "Makefile"}
    return [
        {"role": "system", "content": "You are an agent."},
        {"role": "user", "content": [{"type": "text", "text": "<user_info>\nOS: linux\n</user_info>"}]},
        {"role": "user", "content": [{"type": "text", "text": "<user_query>\nList the files\n</user_query>"}]},
        {"role": "assistant", "id": "1", "content": [{"type": "reasoning", "text": "I list them."}, call]},
        {"role": "tool", "id": "c1", "content": [given]},
        {"role": "assistant", "id": "1", "content": [{"type": "text", "text": "There is a Makefile."}]},
    ]


def said(role: str, *content: Record) -> Record:
    return {"role": role, "message": {"content": list(content)}}


def asked(words: str) -> Record:
    return said("user", {"type": "text", "text": f"<user_query>\n{words}\n</user_query>"})


def answer(words: str, *calls: Record) -> Record:
    return said("assistant", {"type": "text", "text": words}, *calls)


def use(tool: str, **arguments: str) -> Record:
    return {"type": "tool_use", "name": tool, "input": arguments}


def transcript(root: Path, native: str, *records: Record, below: str = "") -> Path:
    folder = root / "projects" / SLUG / "agent-transcripts"
    path = folder / below / "subagents" / f"{native}.jsonl" if below else folder / native / f"{native}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(json.dumps(r, ensure_ascii=False).encode() + b"\n" for r in records))
    return path


TEXT = """user:
<user_query>
Zażółć gęślą jaźń
</user_query>

assistant:
[Thinking] Where is it?
[Tool call] Glob
  pattern: *.py

[Tool result] Glob
  shop.py

Gotowe.
"""


def build(root: Path) -> None:
    ended = {"type": "turn_ended", "status": "success"}
    transcript(root, EDITOR, asked("Why does the build fail?"), answer("It lacks a rule."), ended)
    transcript(root, CHAT, asked("List the files"), answer("There is a Makefile."), ended)
    read = use("Read", path=f"{CWD}/src/login.py")
    transcript(root, SCRIPT, asked("Fix the login bug"), answer("I look.", read), answer("Done."), ended)
    transcript(
        root, AGENT, asked("Look at the tests"), answer("All pass.", use("Grep", pattern="def test")), below=SCRIPT
    )
    plain = root / "projects" / SLUG / "agent-transcripts" / f"{PLAIN}.txt"
    plain.write_text(TEXT, encoding="utf-8")
    chat(root, CHAT, chat_messages())
    editor(root)
    workspace(root)
