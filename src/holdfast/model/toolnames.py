"""The names that agents give their tools and arguments, folded to what the tools do.

Knows names as recordings, samples and the agents' own source have them; refuses to know what a call does with its arguments.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

Action = Literal["read", "write", "edit", "delete", "search"]
_PREFIXES = ("copilot_", "builtin_", "default_api:", "functions.")

ACTIONS: dict[str, Action] = {
    "read": "read", "view": "read", "readfile": "read", "cat": "read", "fsread": "read", "viewfile": "read",
    "readmanyfiles": "read", "readfiles": "read", "readmultiplefiles": "read", "readfilev": "read", "getfile": "read",
    "getfilecontents": "read", "openfile": "read", "readfilerange": "read", "readmediafile": "read",
    "write": "write", "writefile": "write", "create": "write", "createfile": "write", "writetofile": "write", "fswrite": "write",
    "createnewfile": "write", "newfilecreated": "write", "savefile": "write", "fsappend": "edit",
    "edit": "edit", "multiedit": "edit", "strreplace": "edit", "replace": "edit", "applypatch": "edit", "searchreplace": "edit",
    "strreplaceeditor": "edit", "strreplacebasededittool": "edit", "notebookedit": "edit", "replacefilecontent": "edit",
    "patch": "edit", "replaceinfile": "edit", "applydiff": "edit", "insertcontent": "edit", "searchandreplace": "edit",
    "editexistingfile": "edit", "editfile": "edit", "editfilev": "edit", "editedexistingfile": "edit", "applieddiff": "edit",
    "singlefindandreplace": "edit", "strreplacefile": "edit", "texteditor": "edit", "multireplacefilecontent": "edit",
    "replacestring": "edit", "replacestringinfile": "edit", "multireplacestring": "edit", "multireplacestringinfile": "edit",
    "insertedit": "edit", "inserteditintofile": "edit", "editor": "edit", "streamingeditfile": "edit", "editnotebook": "edit",
    "delete": "delete", "deletefile": "delete", "remove": "delete", "removefile": "delete", "deletepath": "delete",
}  # fmt: skip
"""What a tool does to the files it names."""
EDITORS = frozenset({
    "texteditor", "strreplaceeditor", "strreplacebasededittool", "fswrite", "editor",
})  # fmt: skip
"""Tools of several commands, the argument `command` says which."""
VERBS: dict[str, Action] = {
    "view": "read", "read": "read", "create": "write", "write": "write",
    "strreplace": "edit", "insert": "edit", "append": "edit", "undoedit": "edit", "edit": "edit",
}  # fmt: skip
SHELLS = frozenset({
    "bash", "shell", "execcommand", "runshellcommand", "runcommand", "executebash", "localshell", "powershell", "terminal",
    "executecommand", "shellcommand", "bashexecution", "localshellcall", "runterminalcommand", "runterminalcmd", "execute",
    "runinterminal", "runcommandinterminal", "runterminalcommandv", "executepwsh", "runcommands", "runbashcommand",
})  # fmt: skip
PATH_KEYS = (
    "file_path",
    "filePath",
    "path",
    "absolute_path",
    "notebook_path",
    "AbsolutePath",
    "TargetFile",
    "filename",
    "file",
    "filepath",
    "target_file",
    "targetFile",
    "relativeWorkspacePath",
    "target_notebook",
)
LISTS = ("paths", "files", "operations", "replacements", "filePaths", "file_paths")
"""Arguments that name several files, each a path or an object with one of PATH_KEYS."""
COMMAND_KEYS = ("command", "cmd", "CommandLine", "script", "commands")
FOLDER_KEYS = ("workdir", "cwd", "working_directory", "dir_path", "Cwd", "cd", "working_dir")
NEW_KEYS = ("new_string", "content", "newString", "new_str", "file_text", "contents", "replace", "ReplacementContent")
OLD_KEYS = ("old_string", "oldString", "old_str", "search", "TargetContent")


@lru_cache(maxsize=1024)
def plain_tool(name: str) -> str:
    """Fold a tool's name to letters: `str_replace_editor`, `StrReplaceEditor` and `fs/str-replace-editor` are one."""
    last = name.rsplit("/", 1)[-1].rsplit("__", 1)[-1]
    for prefix in _PREFIXES:
        last = last.removeprefix(prefix)
    return "".join(c for c in last if c.isalpha()).lower()
