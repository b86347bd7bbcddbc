"""Tool calls of VS Code's chat: what the editor showed of a call, and what the model's own rounds say of it."""

from __future__ import annotations

from msgspec import Struct

from holdfast.model import Json, ToolCall, ToolResult
from holdfast.sources._content import entries, inside, text
from holdfast.sources._jsonl import loads

DEEPEST = 32
SHOWN = "toolInvocationSerialized"


class Called(Struct):
    """One call of the model's rounds: its arguments, and what it was given back."""

    id: str
    name: str
    arguments: Json = None
    result: str | None = None


def rounds_of(turn: dict[str, Json]) -> list[dict[str, Json]]:
    """Return the model's rounds of a turn, which are written when it is over."""
    return entries(inside(inside(turn, "result"), "metadata").get("toolCallRounds"))


def calls_of(turn: dict[str, Json]) -> list[Called]:
    """Return the calls of a turn's rounds in order, with their results."""
    results = inside(inside(inside(turn, "result"), "metadata"), "toolCallResults")
    found: list[Called] = []
    for one in rounds_of(turn):
        for call in entries(one.get("toolCalls")):
            key = text(call.get("id"))
            given = words(inside(results, key).get("content")) if key in results else None
            found.append(Called(key, text(call.get("name")), _decoded(call.get("arguments")), given))
    return found


def paired(shown: list[dict[str, Json]], called: list[Called]) -> list[Called | None]:
    """Pair what was shown with what was called: by id, else by place where there are as many, else by the tool's name."""
    by_id = {c.id.partition("__vscode")[0]: c for c in called}
    found = [by_id.get(text(s.get("toolCallId")).partition("__vscode")[0]) for s in shown]
    if any(found):
        return found
    if len(shown) == len(called):
        return list(called)
    named: dict[str, list[Called]] = {}
    for one in reversed(called):
        named.setdefault(_plain(one.name), []).append(one)
    waiting = (named.get(_plain(text(s.get("toolId")))) for s in shown)
    return [w.pop() if w else None for w in waiting]


def _plain(name: str) -> str:
    """Make `copilot_readFile` and `read_file` the same name."""
    return name.removeprefix("copilot_").replace("_", "").lower()


def call(shown: dict[str, Json], called: Called | None, name: str) -> ToolCall:
    """Return a call under the name by which the editor knows the tool."""
    data = inside(shown, "toolSpecificData")
    given = called.arguments if called is not None else None
    if given is None:
        given = _decoded(inside(shown, "resultDetails").get("input")) or data.get("rawInput")
    command = inside(data, "commandLine")
    line = text(command.get("userEdited")) or text(command.get("original")) or text(data.get("command"))
    if line and not (isinstance(given, dict) and "command" in given):
        given = {**(given if isinstance(given, dict) else {}), "command": line}
    if given is None:
        told = message(shown)
        given = {"message": told} if told else None
    return ToolCall(id=name, name=text(shown.get("toolId")) or (called.name if called else "") or "?", input=given)


def result(shown: dict[str, Json], called: Called | None, name: str) -> ToolResult | None:
    """Return what a call gave back, None where nothing of it was written down."""
    data, details = inside(shown, "toolSpecificData"), inside(shown, "resultDetails")
    printed = text(inside(data, "terminalCommandOutput").get("text"))
    code = inside(data, "terminalCommandState").get("exitCode")
    code = code if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 1 << 31 else None
    wrong = details.get("isError") is True or bool(code)
    said = (called.result if called else None) or printed or _shown(details.get("output"))
    if not said and code is None and not wrong and (called is None or called.result is None):
        return None
    return ToolResult(call=name, text=said or "", error=wrong, exit_code=code)


def _shown(output: Json) -> str:
    """Return the first text of an output: the same content is often shown twice, in two forms."""
    texts = (text(o.get("value")) for o in entries(output) if o.get("isText") is not False)
    return next((t for t in texts if t), "")


def message(shown: dict[str, Json]) -> str:
    """Return how the editor put a call into words."""
    for name in ("pastTenseMessage", "invocationMessage"):
        said = shown.get(name)
        found = text(said) or text(inside(shown, name).get("value"))
        if found:
            return found
    return ""


def words(content: Json, depth: int = DEEPEST) -> str:
    """Return the words of a result: plain values, or the texts of the tree that the editor renders prompts from."""
    if isinstance(content, str):
        return content
    if not depth:
        return ""
    if isinstance(content, list):
        return "\n".join(t for t in (words(c, depth - 1) for c in content) if t)
    if isinstance(content, dict):
        return text(content.get("text")) or next(
            (t for n in ("value", "node", "children", "content") if (t := words(content.get(n), depth - 1))), ""
        )
    return ""


def _decoded(value: Json) -> Json:
    if not isinstance(value, str):
        return value
    found = loads(value.encode("utf-8", "replace"))
    return (value or None) if found is None else found
