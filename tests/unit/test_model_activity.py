"""Activity: files touched and commands run, for every agent's own names of tools."""

from __future__ import annotations

import pytest

from holdfast.model import Message, ToolCall, ToolResult, derive
from holdfast.model.activity import touched_by
from holdfast.model.toolnames import plain_tool


def message(*parts, ident: str = "m", at: int = 7) -> Message:
    return Message(id=ident, role="assistant", parts=parts, at=at)


def call(name: str, given) -> ToolCall:
    return ToolCall(id="c", name=name, input=given)


@pytest.mark.parametrize(
    ("name", "given", "path", "action"),
    [
        ("Read", {"file_path": "/a"}, "/a", "read"),
        ("read_file", {"absolute_path": "/a"}, "/a", "read"),
        ("fs/read_file", {"path": "/a"}, "/a", "read"),
        ("Write", {"file_path": "/a", "content": "x"}, "/a", "write"),
        ("fs_write", {"path": "/a"}, "/a", "write"),
        ("str_replace_editor", {"path": "/a"}, "/a", "edit"),
        ("mcp__files__edit", {"path": "/a"}, "/a", "edit"),
        ("replace", {"file_path": "/a"}, "/a", "edit"),
        ("NotebookEdit", {"notebook_path": "/a"}, "/a", "edit"),
        ("delete_file", {"filePath": "/a"}, "/a", "delete"),
        ("replace_in_file", {"path": "/a", "diff": ""}, "/a", "edit"),
        ("apply_diff", {"path": "/a"}, "/a", "edit"),
        ("insert_content", {"path": "/a", "line": "0", "content": "x"}, "/a", "edit"),
        ("search_and_replace", {"path": "/a"}, "/a", "edit"),
        ("editedExistingFile", {"path": "/a"}, "/a", "edit"),
        ("newFileCreated", {"path": "/a"}, "/a", "write"),
        ("edit_existing_file", {"filepath": "/a", "changes": "x"}, "/a", "edit"),
        ("builtin_create_new_file", {"filepath": "/a", "contents": "x"}, "/a", "write"),
        ("developer__text_editor", {"command": "view", "path": "/a"}, "/a", "read"),
        ("developer__text_editor", {"command": "write", "path": "/a"}, "/a", "write"),
        ("developer__text_editor", {"command": "str_replace", "path": "/a"}, "/a", "edit"),
        ("str_replace_editor", {"command": "create", "path": "/a"}, "/a", "write"),
        ("fs_write", {"command": "str_replace", "path": "/a"}, "/a", "edit"),
        ("read_file_v2", {"targetFile": "/a"}, "/a", "read"),
        ("edit_file_v2", {"relativeWorkspacePath": "/a"}, "/a", "edit"),
        ("StrReplaceFile", {"path": "/a"}, "/a", "edit"),
        ("get_file", {"filename": "/a"}, "/a", "read"),
        ("copilot_readFile", {"filePath": "/a"}, "/a", "read"),
        ("copilot_replaceString", {"filePath": "/a"}, "/a", "edit"),
        ("delete_path", {"path": "/a"}, "/a", "delete"),
    ],
)
def test_each_tool_touches_the_file_it_names(name, given, path, action):
    (touch,), runs = derive([message(call(name, given))])
    assert (touch.path, touch.action, touch.message, touch.at, runs) == (path, action, "m", 7, ())


def test_a_patch_names_its_files_in_its_text():
    patch = "*** Begin Patch\n*** Add File: new.py\n+x\n*** Update File: old.py\n@@\n*** Delete File: gone.py\n*** End Patch"
    expected = [("new.py", "write"), ("old.py", "edit"), ("gone.py", "delete")]
    for given in (patch, {"input": patch}, {"patchText": patch}, {"command": ["apply_patch", patch]}):
        touches, _ = derive([message(call("apply_patch", given))])
        assert [(t.path, t.action) for t in touches] == expected
    touches, _ = derive([message(call("anything", patch))])
    assert [(t.path, t.action) for t in touches] == expected


def test_lines_added_and_removed_are_counted_where_the_call_tells():
    (touch,), _ = derive([message(call("Edit", {"file_path": "/a", "old_string": "1\n2", "new_string": "1\n2\n3"}))])
    assert (touch.added, touch.removed) == (3, 2)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("read_files", {"paths": ["/a", "/b", "/a"]}),
        ("read_file", {"files": [{"path": "/a"}, {"path": "/b"}, 7]}),
        ("read", {"operations": [{"mode": "Line", "path": "/a"}, {"mode": "Line", "path": "/b"}]}),
        ("multi_replace_string_in_file", {"replacements": [{"filePath": "/a"}, {"filePath": "/b"}]}),
    ],
)
def test_a_call_that_names_several_files_touches_each_of_them_once(name, given):
    touches, _ = derive([message(call(name, given))])
    assert [t.path for t in touches] == ["/a", "/b"]


def test_lines_of_blocks_that_look_for_and_replace_are_counted():
    diff = (
        "<<<<<<< SEARCH\n:start_line:4\n-------\none\ntwo\n=======\nthree\n>>>>>>> REPLACE\n"
        "<<<<<<< SEARCH\nfour\n=======\nfive\nsix\n>>>>>>> REPLACE\n"
    )
    (touch,), _ = derive([message(call("apply_diff", {"path": "/a", "diff": diff}))])
    assert (touch.added, touch.removed) == (3, 3)


def test_lines_of_several_edits_are_added_up():
    edits = [{"old_string": "1", "new_string": "1\n2"}, {"old_string": "3\n4", "new_string": "5"}, 7]
    (touch,), _ = derive([message(call("MultiEdit", {"file_path": "/a", "edits": edits}))])
    assert (touch.added, touch.removed) == (3, 3)


def test_a_script_that_runs_commands_names_each_of_them():
    script = 'const a = await tools.exec_command({cmd:"printf \\"x\\"",workdir:"/w"}); await tools.exec_command({"cmd": "ls"});'
    _, runs = derive([message(call("exec", script))])
    assert [r.command for r in runs] == ['printf "x"', "ls"]


@pytest.mark.parametrize(
    "name",
    [
        "Bash", "shell", "exec_command", "run_shell_command", "execute_bash", "local_shell_call", "run_terminal_command",
        "run_terminal_cmd", "run_in_terminal", "run_command_in_terminal", "Execute", "developer__shell", "copilot_runInTerminal",
    ],
)  # fmt: skip
def test_each_shell_runs_its_command_with_its_result(name):
    given = {"command": ["ls", "-l"], "workdir": "/w"}
    result = ToolResult(call="c", text="x" * 5000, error=True, exit_code=2)
    _, (run,) = derive([message(call(name, given)), message(result, ident="r")])
    assert (run.command, run.cwd, run.exit, run.error, len(run.output)) == ("ls -l", "/w", 2, True, 2000)


def test_a_command_whose_result_is_not_known_yet_has_no_exit_code():
    _, (run,) = derive([message(call("Bash", {"command": "make"}))])
    assert (run.exit, run.error, run.output) == (None, False, "")


@pytest.mark.parametrize(
    "given", [None, 7, "text", [], {}, {"file_path": 7}, {"file_path": ""}, {"command": [1]}, {"command": {}}]
)
@pytest.mark.parametrize("name", ["Read", "Bash", "apply_patch", "", "///", "__"])
def test_odd_arguments_are_nothing_and_no_error(name, given):
    assert derive([message(call(name, given))]) == ((), ())


def test_the_paths_of_one_call_are_named():
    patch = "*** Begin Patch\n*** Add File: a\n+x\n*** Update File: b\n*** End Patch"
    assert touched_by(call("apply_patch", patch)) == ["a", "b"]
    assert touched_by(call("Read", {"path": "/a"})) == ["/a"]
    assert touched_by(call("Bash", {"command": "ls"})) == []


def test_names_of_tools_are_folded_to_letters():
    assert {plain_tool(n) for n in ("str_replace", "StrReplace", "fs/str-replace", "mcp__x__strReplace")} == {
        "strreplace"
    }


@pytest.mark.parametrize("piece", ["<<<<<<< SEARCH\n", "exec_command({", 'exec_command({cmd:"', "*** Add File: x\n"])
def test_endless_beginnings_take_no_time(piece):
    given = piece * 60_000
    derive(
        [message(call("apply_diff", {"path": "/a", "diff": given}), call("exec", given), call("apply_patch", given))]
    )
