"""Turns of VS Code's chat: a prompt, the answer as it was shown, and what the turn used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from holdfast.model import Attachment, Json, Message, Request, Text, Thinking, ToolCall, ToolResult, Usage
from holdfast.sources._content import entries, inside, millis, number, text
from holdfast.sources._vscode import tools

if TYPE_CHECKING:
    from holdfast.model import Part

SLUG = "vscode-copilot-chat"
UUID = 36
_QUIET = frozenset({
    "prepareToolInvocation", "undoStop", "codeblockUri", "textEditGroup", "textEdit", "notebookEditGroup", "notebookEdit",
    "workspaceEdit", "progressMessage", "progressTask", "progressTaskResult", "progressTaskSerialized", "command",
    "confirmation", "elicitation", "elicitation2", "elicitationSerialized", "extensions", "pullRequest", "multiDiffData",
    "treeData", "mcpServersStarting", "clearToPreviousToolInvocation", "references", "reference", "codeCitation",
    "usedContext", "contentReference", "move", "hook", "usage", "questionCarousel", "externalEdit", "externalToolInvocationUpdate",
    "autoModeResolution", "disabledClaudeHooks", "planReview", "tokenUsage",
})  # fmt: skip


class Draft(Struct, kw_only=True):
    """A session in the making."""

    native: str
    path: str
    messages: list[Message] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    unknown: dict[str, int] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)
    folder: str = ""
    used: int | None = None


class Answer(Struct, kw_only=True):
    """An answer in the making: `parts` and `results` of the message that is not finished yet."""

    name: str
    at: int | None
    model: str
    line: int
    messages: list[Message] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    results: list[ToolResult] = field(default_factory=list)

    def say(self, part: Part) -> None:
        """Add words or thoughts; what follows a call is a message of its own."""
        if any(isinstance(p, ToolCall) for p in self.parts):
            self.finish()
        last = self.parts[-1] if self.parts else None
        if isinstance(part, Text) and isinstance(last, Text):
            self.parts[-1] = Text(last.text + part.text)
        else:
            self.parts.append(part)

    def finish(self) -> None:
        """Close the message, with the results of its calls after it."""
        parts = tuple(p for p in self.parts if not isinstance(p, Text) or p.text.strip())
        name = f"{self.name}:{len(self.messages)}"
        if parts:
            self.messages.append(
                Message(id=name, role="assistant", parts=parts, at=self.at, model=self.model, line=self.line)
            )
        if self.results:
            given = tuple(self.results)
            self.messages.append(Message(id=f"{name}:results", role="tool", parts=given, at=self.at, line=self.line))
        self.parts, self.results = [], []


def add(draft: Draft, turn: dict[str, Json], *, line: int, live: bool = True) -> None:
    """Add one turn; `live` is False for one that was cut off or undone."""
    first = len(draft.messages)
    name = text(turn.get("requestId")) or f"turn:{line}"
    model = model_of(turn)
    if inside(turn, "result"):  # before it is over, only the chosen model is known, not the one that answers
        draft.models.append(model)
    at = millis(turn.get("timestamp"))
    asked = _asked(turn)
    if asked:
        role = "system" if turn.get("isSystemInitiated") is True else "user"
        draft.messages.append(Message(id=name, role=role, parts=asked, at=at, line=line))  # type: ignore[arg-type]
    answer = Answer(name=f"{name}:answer", at=_ended(turn, at), model=model, line=line)
    _answer(draft, turn, answer)
    draft.messages += _marked(answer.messages, turn, answer)
    live = live and not turn.get("shouldBeRemovedOnSend") and turn.get("isHidden") is not True
    if not live:
        draft.messages[first:] = [replace(m, live=False) for m in draft.messages[first:]]
    _bill(draft, turn, name, line=line, live=live)


def model_of(turn: dict[str, Json]) -> str:
    """Return the model that answered: as it was resolved, else as it was chosen."""
    resolved = text(inside(inside(turn, "result"), "metadata").get("resolvedModel"))
    return resolved or text(turn.get("modelId")).removeprefix("copilot/")


def _asked(turn: dict[str, Json]) -> tuple[Part, ...]:
    words = text(turn.get("message")) or text(inside(turn, "message").get("text"))
    listed = entries(inside(turn, "variableData").get("variables"))
    files = [Attachment(media=text(v.get("kind")), name=text(v.get("name"))) for v in listed if _is_file(v)]
    return (*((Text(words),) if words.strip() else ()), *files)


def _is_file(variable: dict[str, Json]) -> bool:
    return variable.get("kind") in ("file", "image", "directory") and variable.get("automaticallyAdded") is not True


def _ended(turn: dict[str, Json], at: int | None) -> int | None:
    """Return when an answer came: its own time, or the turn's with what it took."""
    own = millis(turn.get("responseTimestamp")) or millis(inside(turn, "modelState").get("completedAt"))
    took = number(inside(inside(turn, "result"), "timings").get("totalElapsed"))
    return own or (at + took if at is not None and took < 1 << 32 else at)


def _answer(draft: Draft, turn: dict[str, Json], answer: Answer) -> None:
    items = turn.get("response")
    items = items if isinstance(items, list) else []
    called = tools.calls_of(turn)
    shown = [i for i in entries(items) if i.get("kind") == tools.SHOWN]
    pairs = iter(tools.paired(shown, called))
    if called and not shown:
        _rounds(turn, called, answer)
    else:
        for item in items:
            kind = item.get("kind") if isinstance(item, dict) else "?"
            if kind == tools.SHOWN:
                _tool(item, next(pairs), answer)
            else:
                _item(draft, item, answer)
    answer.finish()


def _rounds(turn: dict[str, Json], called: list[tools.Called], answer: Answer) -> None:
    """Take an answer from the model's rounds: older versions show no calls."""
    rest = iter(called)
    for one in tools.rounds_of(turn):
        for part in (Thinking(_thoughts(one.get("thinking"))), Text(text(one.get("response")))):
            if part.text:
                answer.say(part)
        for _ in entries(one.get("toolCalls")):
            _tool({}, next(rest), answer)
        answer.finish()


def _tool(shown: dict[str, Json], called: tools.Called | None, answer: Answer) -> None:
    name = text(shown.get("toolCallId")) or (called.id if called else "") or f"call:{len(answer.messages)}"
    answer.parts.append(tools.call(shown, called, name))
    given = tools.result(shown, called, name)
    answer.results += [given] if given else []


def _item(draft: Draft, item: Json, answer: Answer) -> None:
    if not isinstance(item, dict):
        if isinstance(item, str):
            answer.say(Text(item))
        return
    match item.get("kind"):
        case None | "markdownContent" | "markdownVuln" | "warning":
            said = text(item.get("value")) or text(item.get("content")) or text(inside(item, "content").get("value"))
            draft.folder = draft.folder or path_of(item.get("baseUri"))
            answer.say(Text(said or text(inside(item, "value").get("value"))))
        case "thinking":
            thought = _thoughts(item.get("value"))
            if thought:
                answer.say(Thinking(thought))
        case "inlineReference":
            found = text(item.get("name")) or _reference(item.get("inlineReference"))
            answer.say(Text(f"`{found}`" if found else ""))
        case kind if kind not in _QUIET:
            name = f"block:{str(kind)[:40]}"
            draft.unknown[name] = draft.unknown.get(name, 0) + 1


def _thoughts(value: Json) -> str:
    if isinstance(value, list):
        return "\n".join(v for v in value if isinstance(v, str))
    return text(value) or text(inside({"v": value}, "v").get("text"))


def _reference(value: Json) -> str:
    if not isinstance(value, dict):
        return ""
    return (
        text(value.get("name"))
        or path_of(value)
        or path_of(value.get("uri"))
        or path_of(inside(value, "location").get("uri"))
    )


def path_of(uri: Json) -> str:
    """Return the path of an address as the editor writes it down, Windows drives without the leading slash."""
    if not isinstance(uri, dict):
        return ""
    path = text(uri.get("fsPath")) or text(uri.get("path"))
    path = path[1:] if len(path) > 2 and path[0] == "/" and path[2] == ":" else path
    return path.rstrip("/") or path


def _marked(messages: list[Message], turn: dict[str, Json], answer: Answer) -> list[Message]:
    """Mark a turn that failed, or that a person stopped, on its last message."""
    wrong = inside(inside(turn, "result"), "errorDetails")
    said = text(wrong.get("message"))
    if turn.get("isCanceled") is True or wrong.get("code") == "canceled":
        extra: dict[str, Json] = {"aborted": True}
    elif wrong:
        extra = {"error": True, "message": said}
    else:
        return messages
    last = next((n for n, m in reversed(list(enumerate(messages))) if m.role == "assistant"), None)
    if last is not None:
        messages[last] = replace(messages[last], extra=extra)
        return messages
    parts = (Text(said),) if said else ()
    return [Message(id=answer.name, role="system", parts=parts, at=answer.at, line=answer.line, extra=extra)]


def _bill(draft: Draft, turn: dict[str, Json], name: str, *, line: int, live: bool) -> None:
    found = inside(turn, "result")
    places = (inside(found, "metadata"), found, inside(turn, "usage"), turn)
    prompt = next((n for p in places if (n := number(p.get("promptTokens")))), 0)
    names = ("outputTokens", "completionTokens")
    output = next((n for p in places for key in names if (n := number(p.get(key)))), 0)
    usage = Usage(input=prompt, output=output)
    if not usage.total:
        return
    key = f"{SLUG}:{name}" if len(name) >= UUID else f"{SLUG}:{draft.native}:{name}"
    at = millis(turn.get("timestamp"))
    draft.requests.append(Request(key=key, at=at, model=model_of(turn), usage=usage, path=draft.path, line=line))
    draft.used = usage.context if live else draft.used
