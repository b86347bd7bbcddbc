"""Tool calls and results that models and programs of the family write as markup inside of texts."""

from __future__ import annotations

import re

from msgspec import Struct

from holdfast.model import Json

_TOOLS = (
    "access_mcp_resource", "act_mode_respond", "apply_diff", "apply_patch", "ask_followup_question", "attempt_completion",
    "browser_action", "codebase_search", "condense", "delete_file", "edit_file", "execute_command", "fetch_instructions",
    "focus_chain", "generate_explanation", "generate_image", "insert_content", "list_code_definition_names", "list_files",
    "load_mcp_documentation", "new_rule", "new_task", "plan_mode_respond", "read_command_output", "read_file",
    "replace_in_file", "report_bug", "run_slash_command", "search_and_replace", "search_files", "search_replace", "skill",
    "summarize_task", "switch_mode", "update_todo_list", "use_mcp_tool", "use_skill", "web_fetch", "web_search",
    "write_to_file",
)  # fmt: skip
_OPEN = re.compile(rf"<({'|'.join((*_TOOLS, 'thinking'))})>")
_TAG = re.compile(r"<([a-z_]{1,40})>")
_RESULT = re.compile(r"\s*\[(\w{1,40})(?:[ ].{0,20000}?)?\] Result:[ \t]*\n*", re.DOTALL)
_SAID = re.compile(r"<(task|feedback|user_message|answer|new_task)>")
_WORDS = re.compile(r"</?(?:task|feedback|user_message|answer|new_task)>")
_CONTEXT = re.compile(
    r"\s*(?:<environment_details>|<explicit_instructions|<file_content|<folder_content|<system-reminder>|<hook_context"
    r"|# task_progress|\[ERROR\]|\[TASK RESUMPTION\]|\[NOTE\]|Tool \[|New instructions for task continuation:)"
)
_EXIT = re.compile(r"[Ee]xit code:? \(?(-?\d{1,9})\b")
_FAILED = re.compile(r"\s*(?:The tool execution failed|<error>|Error: |\{\"status\":\"error\")")
MOST = 200
"""More calls or arguments than this in one text are no model's."""
HEAD = 400


class Marked(Struct, frozen=True, kw_only=True):
    """A piece of an answer: plain text, thinking, or a tool call with its arguments."""

    kind: str
    text: str = ""
    input: Json = None


def answer(text: str) -> list[Marked]:
    """Take an answer apart into its text and the tool calls in it."""
    found: list[Marked] = []
    place = 0
    for _ in range(MOST):
        opened = _OPEN.search(text, place)
        if opened is None:
            break
        found.append(Marked(kind="text", text=text[place : opened.start()].strip()))
        closing = f"</{opened[1]}>"
        end = text.find(closing, opened.end())
        body = text[opened.end() : end] if end >= 0 else text[opened.end() :]
        place = end + len(closing) if end >= 0 else len(text)
        if opened[1] == "thinking":
            found.append(Marked(kind="thinking", text=body.strip()))
        else:
            found.append(Marked(kind="call", text=opened[1], input=_arguments(body)))
    found.append(Marked(kind="text", text=text[place:].strip()))
    return [f for f in found if f.kind == "call" or f.text]


def result_of(text: str) -> tuple[str, str] | None:
    """Return the tool and the text of a result that is written as `[tool for ...] Result:`, None for other texts."""
    found = _RESULT.match(text)
    return (found[1], text[found.end() :]) if found else None


def spoken(text: str) -> tuple[list[str], str]:
    """Return what a person said inside of a text, and the rest of it."""
    said: list[str] = []
    rest: list[str] = []
    place = kept = 0
    for _ in range(MOST):
        opened = _SAID.search(text, place)
        if opened is None:
            break
        closing = f"</{opened[1]}>"
        end = text.find(closing, opened.end())
        place = opened.end()
        if end >= 0:
            said.append(text[opened.end() : end].strip())
            rest.append(text[kept : opened.start()])
            place = kept = end + len(closing)
    return said, "".join([*rest, text[kept:]]).strip()


def plain(text: str) -> str:
    """Return a person's words without the tags around them."""
    return _WORDS.sub("", text).strip()


def is_context(text: str) -> bool:
    """Tell whether the program wrote a text, not a person."""
    return _CONTEXT.match(text) is not None


def outcome(tool: str, text: str) -> tuple[bool, int | None]:
    """Return whether a tool failed, and the exit code of a command."""
    found = _EXIT.search(text[:HEAD]) if tool == "execute_command" else None
    code = int(found[1]) if found else None
    return bool(code) or _FAILED.match(text) is not None, code


def _arguments(body: str) -> dict[str, Json]:
    """Read `<name>value</name>` one after another; a value may hold anything but its own closing tag."""
    found: dict[str, Json] = {}
    place = 0
    for _ in range(MOST):
        opened = _TAG.search(body, place)
        if opened is None:
            break
        closing = f"</{opened[1]}>"
        end = body.rfind(closing) if opened[1] in ("content", "diff") else body.find(closing, opened.end())
        if end < opened.end():
            place = opened.end()
            continue
        found.setdefault(opened[1], body[opened.end() : end].strip("\n"))
        place = end + len(closing)
    inner = found.get("args")
    if isinstance(inner, str) and "path" not in found:
        found.update({k: v for k, v in _arguments_of_file(inner).items() if v})
    return found


def _arguments_of_file(inner: str) -> dict[str, Json]:
    path = inner.partition("<path>")[2].partition("</path>")[0].strip()
    return {"path": path}
