"""A small MCP server over standard input and output, for tests."""

from __future__ import annotations

import json
import os
import sys

NUMBERS = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]}
TOOLS = [{"name": "add", "description": "Add.", "inputSchema": NUMBERS}] + [
    {"name": n, "inputSchema": {"type": "object"}} for n in ("fail", "environment", "die")
]


def called(name, given):
    if name == "die":
        sys.exit("out of paper")
    if name == "fail":
        return {"content": [{"type": "text", "text": "no luck"}], "isError": True}
    text = json.dumps(sorted(os.environ)) if name == "environment" else str(given["a"] + given["b"])
    return {"content": [{"type": "text", "text": text}]}


def answer(asked):
    if asked["method"] == "initialize":
        version = asked["params"]["protocolVersion"]
        return {
            "protocolVersion": version,
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "sums", "version": "1"},
        }
    if asked["method"] == "tools/list":
        half = asked["params"].get("cursor")
        return {"tools": TOOLS[2:]} if half else {"tools": TOOLS[:2], "nextCursor": "more"}
    return called(asked["params"]["name"], asked["params"].get("arguments") or {})


if "--broken" in sys.argv:
    sys.exit("no settings")
print("starting, and saying so where it does not belong", flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if message.get("method") == "tools/call":
        print(json.dumps({"jsonrpc": "2.0", "id": "p", "method": "ping"}), flush=True)
    if "id" in message and "method" in message:
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": answer(message)}), flush=True)
