"""Small sessions, messages and transcripts for tests, with every kind of part and with hostile text.

Knows the model alone; the same arguments always build the same values.
"""

from __future__ import annotations

from msgspec.structs import replace

from holdfast.model import (
    Attachment,
    Bucket,
    Context,
    Json,
    Losses,
    Message,
    Parent,
    Part,
    Request,
    Role,
    Rollup,
    Session,
    Summary,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Transcript,
    Usage,
    observed_id,
)

NOON = 1_790_000_000_123
"""A moment in 2026, in Unix ms, where builders begin to count."""
HOSTILE_TEXTS: tuple[str, ...] = (
    "",
    " ",
    " leading and trailing ",
    "\ttab\t",
    "\n",
    "two\nlines",
    "ends with breaks\n\n\n",
    "\n  begins with a break and spaces",
    "trailing space \nin a line\t\n",
    "carriage\r\nreturn\rand bare",
    "no", "Yes", "on", "y", "null", "~", "true", "=", "<<", "0o17", "017", "1_000", "1:30", "2026-11-20", "1e3", ".nan",
    "-", "---", "--- text", "a\n---\nb",
    "...\n", "a\n...\nb", "- item", "? key", "key: value", "# heading", "a # comment",
    "{flow}", "[flow]", "&anchor", "*alias", "!tag", "|", ">", "%directive", "@at", "`tick`", "'single", '"double"',
    "next\x85line", "line\u2028separator", "paragraph\u2029separator", "\ufeffmark", "not\ufffea\uffffcharacter",
    "nul\x00byte", "bell\x07 escape \x1b[31mred\x1b[0m \x1b]0;title\x07", "c1 \x9b31m", "del\x7f",
    "lone \ud800 surrogate", "wrong order \udc80\ud83d", "apart \ud83d\ude00 pair", "back\\slash \\ud800 written",
    "emoji \U0001f600 and \U0010ffff", "\u0142\u00f3d\u017a \u6771\u4eac \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "right-to-left \u202e override", "combining e\u0301",
    "# Title\n## User\n\nSetext\n===\nother\n---\n",
    "---\nid: forged\nagent: forged\n---\n",
    "```\nunclosed fence", "````python\n```\nnested\n```\n````", "~~~\ntilde", "- list\n\n  ```\n<b>after</b>",
    "<script>alert(1)</script>", "<!-- unclosed", "</details>", "![pixel](http://example.invalid/p.png)",
    "| a | b |\n|---|---|\n",
    '{"$holdfast": "text", "value": "x"}', "</holdfast>", "x" * 1500,
)  # fmt: skip


def usage(**fields: Json) -> Usage:
    """Build a usage with every count set."""
    given = {"input": 10, "cache_read": 2000, "cache_write": 300, "output": 40, "reasoning": 5, "cost": 12_345}
    return Usage(**{**given, **fields})


def request(number: int = 0, **fields: Json) -> Request:
    """Build one billed request."""
    given: dict[str, Json] = {
        "key": f"request-{number}", "at": NOON + number * 1000, "model": "model-large", "usage": usage(),
        "line": number + 1, "path": "/home/ada/.agent/session.jsonl",
    }  # fmt: skip
    return Request(**{**given, **fields})


def session(name: str = "one", **fields: Json) -> Session:
    """Build a session with every field set; `name` makes it another one."""
    given: dict[str, Json] = {
        "id": observed_id("claude-code", name), "agent": "claude-code", "native_id": name, "name": f"name of {name}",
        "title": f"title of {name}", "project": "/home/ada/shop", "cwd": "/home/ada/shop/api", "branch": "main",
        "models": ("model-large", "model-small"),
        "parent": Parent(id=observed_id("claude-code", "older"), kind="fork"),
        "status": "ended", "started": NOON, "active": NOON + 60_000, "tags": ("api", "login"),
        "description": "about login",
        "expires": NOON + 10**10, "source_expires": NOON + 10**9, "source_path": "/home/ada/.agent/session.jsonl",
        "captured": True, "trashed": NOON + 5, "partial": True,
        "context": Context(used=2350, limit=200_000, source="recorded"), "rollup": rollup(),
        "revision": 7, "version": "2.1.0",
        "extra": {"permission": "ask", "nested": {"list": [1, 2.5, None, True]}},
    }  # fmt: skip
    return Session(**{**given, **fields})


def rollup(**fields: Json) -> Rollup:
    """Build counts with two buckets, one of them without a cost."""
    buckets = (
        Bucket(model="model-large", band=1, requests=2, usage=usage(), recorded=2),
        Bucket(model="model-small", band=0, requests=1, usage=usage(cost=None), kind="estimated"),
    )
    given = {
        "messages": 3,
        "user_messages": 1,
        "tool_calls": 1,
        "errors": 1,
        "usage": buckets,
        "requests": 3,
        "files": ("a.py",),
    }
    return Rollup(**{**given, **fields})


def message(text: str = "hello", *, role: Role = "user", number: int = 0, **fields: Json) -> Message:
    """Build a message that says `text`; give `parts` for anything else."""
    given = {
        "id": f"message-{number}",
        "seq": number,
        "parts": (Text(text),),
        "at": NOON + number * 1000,
        "line": number + 1,
    }
    return Message(role=role, **{**given, **fields})


def every_part(text: str = "some text", value: Json = None) -> tuple[Part, ...]:
    """Return one part of each kind, with `text` wherever a part has text and `value` as a tool's input."""
    return (
        Text(text),
        Thinking(text),
        ToolCall(id="call-1", name="Bash", input={"command": text, "value": value}),
        ToolCall(id="call-2", name=text, input=value),
        ToolResult(call="call-1", text=text, error=True, exit_code=2),
        ToolResult(call="call-2"),
        Attachment(media="image/png", name=text, size=68, text=text),
        Summary(text),
    )


def transcript(name: str = "one", *texts: str, **fields: Json) -> Transcript:
    """Build a session of user and assistant turns that say `texts`, by default one with every kind of part."""
    if texts:
        roles: tuple[Role, Role] = ("user", "assistant")
        messages = tuple(message(t, role=roles[n % 2], number=n) for n, t in enumerate(texts))
    else:
        messages = _every_kind()
    given = {
        "session": session(name), "messages": messages,
        "requests": (request(0), request(1, main=False, kind="estimated")),
        "dropped": ("gone-1",), "losses": Losses(unknown={"odd": 2}, damaged=1, damaged_lines=(9,)), "replaces": True,
    }  # fmt: skip
    return Transcript(**{**given, **fields})


def hostile(name: str = "hostile") -> Transcript:
    """Build a transcript with every hostile text in every kind of part, and hostile values in tool inputs."""
    values = hostile_values()
    messages = [
        message(number=n, role="assistant", parts=every_part(text, {text: text}), extra={text: [text]})
        for n, text in enumerate(HOSTILE_TEXTS)
    ]
    start = len(messages)
    messages += [message(number=start + n, parts=every_part("x", value)) for n, value in enumerate(values)]
    text = "\n---\n# title | \x1b[31m `x` <b> \ud800"
    owner = replace(
        session(name), title=text, name=text, tags=(text,), description=text, cwd=text, extra={"$holdfast": text}
    )
    return Transcript(session=owner, messages=tuple(messages), losses=Losses(unknown={text: 1}))


def hostile_values() -> tuple[Json, ...]:
    """Return values that some readers of JSON or YAML change or refuse."""
    deep: Json = "bottom"
    for level in range(300):
        deep = [deep, level] if level % 2 else {"down": deep, "$holdfast": level}
    return (
        float("nan"), float("inf"), float("-inf"), -0.0, 1e300, 1e-300, 5e-324, 1e16, 0.1, 123456789.125,
        2**53 + 1, 2**64, -(2**200), 10**5000, 0, True, None, [], {}, [[]], [{}], {"": ""}, {"a": {"b": []}},
        {"$holdfast": "float", "value": "nan"}, {"$holdfast": None}, {"k" * 2000: 1},
        {"no": "no", "1": 1, "null": None},
        {"\ud800": "\udfff"}, "text that is no JSON", ["a", ["b", {"c": ["d"]}]], deep,
    )  # fmt: skip


def _every_kind() -> tuple[Message, ...]:
    return (
        message("please fix the login", number=0),
        message(role="assistant", number=1, parts=every_part(), model="model-large", parent="message-0"),
        message("and more", role="assistant", number=2, continues=True, model="model-large", extra={"stop": "end"}),
        message("a note", role="system", number=3, at=None),
        message(role="tool", number=4, parts=(ToolResult(call="call-1", text="done", exit_code=0),)),
        message("taken back", number=5, live=False),
    )
