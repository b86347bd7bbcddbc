from __future__ import annotations

import os
import stat

import pytest

from holdfast.errors import BadInput, Unsafe
from holdfast.llm.project_tools import allow, allowed, approval, argv_of, disallow, is_allowed, preview, project_tools
from holdfast.llm.tools import Toolbox
from holdfast.model import Message, ToolCall, ToolResult, derive
from holdfast.sandbox import confinement

confined = pytest.mark.skipif(confinement() is None, reason="neither bubblewrap nor Landlock is here")


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "project"
    (place / "src").mkdir(parents=True)
    (place / ".git").mkdir()
    (place / "src" / "app.py").write_text("one = 1\ntwo = 2\nthree = 3\n")
    (place / ".gitignore").write_text("*.log\nbuilt/\n!kept.log\n")
    (tmp_path / "secret").write_text("precious")
    return place


@pytest.fixture
def ask(root):
    tools = Toolbox(project_tools(root))

    def asked(name, *, approval=None, **given):
        return tools.call(ToolCall(id="1", name=name, input=given), approval=approval)

    return asked


def test_there_is_a_tool_for_everything_and_only_those_that_look_are_safe(root):
    assert {t.spec.name: t.safe for t in project_tools(root)} == {
        "list_files": True, "read_file": True, "search_files": True, "todo": True,
        "write_file": False, "edit_file": False, "shell": False,
    }  # fmt: skip


@pytest.mark.parametrize("tool", ["read_file", "list_files", "search_files", "write_file", "edit_file"])
@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "src/../../secret",
        "link",
        "folder/secret",
        "/etc/passwd",
        "~/x",
        "..",
        "{absolute}",
        "link/../../secret",
    ],
)
def test_a_path_that_leads_out_is_refused(tool, path, ask, root):
    (root / "link").symlink_to(root.parent / "secret")
    (root / "folder").symlink_to(root.parent)
    more = {
        "search_files": {"pattern": "precious"},
        "write_file": {"content": "x"},
        "edit_file": {"old_string": "p", "new_string": "q"},
    }
    result = ask(tool, path=path.format(absolute=root / "src"), **more.get(tool, {}))
    assert result.error
    assert "absolute path" in result.text or "leads out of the project" in result.text
    assert (root.parent / "secret").read_text() == "precious"


def test_a_path_that_comes_back_is_fine(ask):
    assert ask("read_file", path="src/../src/app.py").text.startswith("one = 1")


def test_what_git_ignores_is_neither_listed_nor_searched(ask, root):
    for name in ("a.log", "kept.log", "built/x.py", "src/b.tmp", "src/deep/c.tmp", "src/deep/d.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("needle")
    (root / "src" / ".gitignore").write_text("*.tmp\n")
    (root / "src" / "deep" / ".gitignore").write_text("!c.tmp\n")
    listed = ask("list_files").text.splitlines()
    assert listed == [
        ".gitignore",
        "kept.log",
        "src/.gitignore",
        "src/app.py",
        "src/deep/.gitignore",
        "src/deep/c.tmp",
        "src/deep/d.py",
    ]
    assert ask("list_files", path="src/deep").text.splitlines() == listed[4:]
    found = ask("search_files", pattern="needle").text
    assert found.splitlines() == ["kept.log:1: needle", "src/deep/c.tmp:1: needle", "src/deep/d.py:1: needle"]


def test_a_list_ends_and_says_what_is_left_out(ask, root):
    for number in range(510):
        (root / f"{number:03}.txt").write_text("")
    assert ask("list_files").text.endswith("\n[12 more files left out; list a folder below]")


def test_a_link_is_not_followed_when_listing_and_searching(ask, root):
    (root / "out").symlink_to(root.parent)
    (root / "file").symlink_to(root.parent / "secret")
    assert "secret" not in ask("list_files").text
    assert ask("search_files", pattern="precious").text == "[nothing found]"


def test_lines_of_a_file_are_read_with_a_note_of_what_follows(ask):
    assert (
        ask("read_file", path="src/app.py", start=2, lines=1).text
        == "two = 2\n\n[lines 2 to 2 of 3; read on with start=3]"
    )
    assert ask("read_file", path="src/app.py", start=9).text == "there is no line 9: the file has 3"


def test_files_that_are_no_text_are_refused_politely(ask, root):
    (root / "picture").write_bytes(b"\x89PNG\0\0")
    os.mkfifo(root / "pipe")
    assert "no text: 6 bytes of binary data" in ask("read_file", path="picture").text
    assert "no ordinary file" in ask("read_file", path="pipe").text
    assert "is a folder" in ask("read_file", path="src").text
    assert "there is no missing.py" in ask("read_file", path="missing.py").text
    assert "binary data" in ask("write_file", path="picture", content="x").text


def test_a_huge_file_is_read_in_part_only(ask, root):
    (root / "huge").write_text("".join(f"line {n}\n" for n in range(400_000)))
    result = ask("read_file", path="huge", start=300_000, lines=2)
    assert result.text == "line 299999\nline 300000\n\n[lines 300000 to 300001; read on with start=300002]"
    assert len(ask("read_file", path="huge").text) < 100_000
    assert "too large" in ask("edit_file", path="huge", old_string="line 7\n", new_string="").text


def test_one_line_without_end_is_cut(ask, root):
    (root / "min.js").write_text("x" * 1_500_000)
    text = ask("read_file", path="min.js").text
    assert len(text) < 61_000
    assert "characters left out" in text


def test_a_search_finds_texts_and_expressions(ask):
    assert ask("search_files", pattern="two =").text == "src/app.py:2: two = 2"
    assert ask("search_files", pattern="t.o", path="src/app.py").text == "[nothing found]"
    assert ask("search_files", pattern="^t.o", regex=True).text == "src/app.py:2: two = 2"
    assert "no regular expression" in ask("search_files", pattern="(", regex=True).text


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "a*" * 30 + "b"])
def test_an_expression_that_takes_for_ever_is_ended_and_what_was_found_is_kept(ask, root, monkeypatch, pattern):
    monkeypatch.setattr("holdfast.llm._project.reading.SEARCH_SECONDS", 0.7)
    (root / "a.txt").write_text("aaab\n" + "a" * 900 + "!\n")
    text = ask("search_files", pattern=f"^{pattern}|^aaab", path="a.txt", regex=True).text
    assert text.splitlines() == ["a.txt:1: aaab", "[stopped after 0.7 s; search a folder below, or more simply]"]


def test_a_search_ends_and_says_so(ask, root):
    (root / "many").write_text("needle\n" * 500)
    lines = ask("search_files", pattern="needle").text.splitlines()
    assert len(lines) == 101
    assert lines[-1].startswith("[only the first 100 matches")


def test_an_edit_replaces_the_one_place_and_answers_with_the_diff(ask, root):
    result = ask("edit_file", path="src/app.py", old_string="two = 2", new_string="two = 22")
    assert (root / "src" / "app.py").read_text() == "one = 1\ntwo = 22\nthree = 3\n"
    assert "--- a/src/app.py\n+++ b/src/app.py" in result.text
    assert "-two = 2\n+two = 22" in result.text


@pytest.mark.parametrize(
    ("old", "said"),
    [(" = ", "there 3 times"), ("two =  2", "is not in src/app.py. it must match to the letter; line 2 is near: two = 2"),
     ("", "old_string is empty"), ("two = 2", "are the same")],
)  # fmt: skip
def test_an_edit_that_does_not_match_exactly_once_changes_nothing(ask, root, old, said):
    before = (root / "src" / "app.py").read_text()
    result = ask("edit_file", path="src/app.py", old_string=old, new_string="two = 2")
    assert result.error
    assert said in result.text.replace("app.py it", "app.py. it")
    assert (root / "src" / "app.py").read_text() == before


def test_overlapping_places_are_more_than_one(ask, root):
    (root / "a").write_text("xyxyx")
    assert "there 2 times" in ask("edit_file", path="a", old_string="xyx", new_string="").text


def test_line_ends_permissions_and_bytes_of_a_file_stay(ask, root):
    file = root / "run"
    file.write_bytes(b"a\r\nb\r\nc\r\n")
    file.chmod(0o750)
    assert not ask("edit_file", path="run", old_string="a\nb", new_string="a\nB").error
    assert file.read_bytes() == b"a\r\nB\r\nc\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o750
    (root / "latin").write_bytes(b"caf\xe9 one\n")
    assert "not UTF-8" in ask("edit_file", path="latin", old_string="one", new_string="two").text
    assert (root / "latin").read_bytes() == b"caf\xe9 one\n"


def test_a_file_is_written_with_its_folders(ask, root):
    result = ask("write_file", path="new/deep/a.txt", content="hello\n")
    assert (root / "new" / "deep" / "a.txt").read_text() == "hello\n"
    assert "--- /dev/null\n+++ b/new/deep/a.txt" in result.text
    assert [p.name for p in (root / "new" / "deep").iterdir()] == ["a.txt"]


@pytest.mark.parametrize("path", [".git/hooks/pre-commit", "src/../.git/config", ".GIT/config", "hidden/config"])
def test_what_belongs_to_git_is_not_written(ask, root, path):
    (root / "hidden").symlink_to(root / ".git")
    assert "version control" in ask("write_file", path=path, content="evil").text
    assert not list((root / ".git").iterdir())


def test_whoever_is_asked_sees_the_diff_and_a_no_changes_nothing(ask, root):
    shown = []

    def refuse(call, text):
        shown.append(text)
        return False

    for name, given in (
        ("write_file", {"path": "src/app.py", "content": "gone\n"}),
        ("edit_file", {"path": "src/app.py", "old_string": "two", "new_string": "2"}),
        ("edit_file", {"path": "src/app.py", "old_string": "nowhere", "new_string": "2"}),
        ("shell", {"command": "touch made"}),
    ):
        assert ask(name, approval=approval(root, refuse), **given).error
    assert "-one = 1\n" in shown[0]
    assert "+gone" in shown[0]
    assert "-two = 2\n+2 = 2" in shown[1]
    assert shown[2].startswith("This would fail: old_string is not in")
    assert shown[3] == "$ touch made"
    assert (root / "src" / "app.py").read_text().startswith("one")
    assert not (root / "made").exists()


def test_a_preview_does_not_show_what_lies_outside(root):
    text = preview(root, ToolCall(id="1", name="write_file", input={"path": "../secret", "content": ""}))
    assert "precious" not in text
    assert "leads out" in text


@confined
def test_a_command_answers_with_its_output_and_exit_code(ask):
    result = ask("shell", command="sh -c 'echo out; echo err >&2; exit 4'")
    assert (result.text, result.error, result.exit_code) == ("out\nstderr:\nerr\n[exit code 4]", True, 4)
    assert ask("shell", command="true").text == "[no output]"


@confined
def test_a_command_that_takes_too_long_is_ended_and_said_so(ask):
    result = ask("shell", command="sleep 60", timeout=1)
    assert "[ended after 1 s, because its time was up]" in result.text
    assert result.error


@confined
def test_a_command_reaches_nothing_outside(ask, root):
    result = ask("shell", command="cat ../secret")
    assert result.error
    assert "precious" not in result.text


@confined
def test_output_without_end_is_cut_for_the_model(ask):
    text = ask("shell", command="sh -c 'yes | head -c 5000000'").text
    assert len(text) < 70_000
    assert "bytes left out" in text


def test_nothing_runs_unconfined_unless_the_person_says_so(ask, root, monkeypatch):
    monkeypatch.setattr("holdfast.sandbox.confinement", lambda: None)
    assert "nothing here can confine" in ask("shell", command="touch made").text
    assert not (root / "made").exists()
    monkeypatch.setenv("HOLDFAST_TOOLS_SANDBOX", "off")
    assert not ask("shell", command="touch made").error
    assert (root / "made").exists()


def test_a_project_cannot_say_so_itself(ask, root, monkeypatch):
    monkeypatch.setattr("holdfast.sandbox.confinement", lambda: None)
    (root / ".holdfast.yaml").write_text("tools.sandbox: off\n")
    assert "a project may not set tools.sandbox" in ask("shell", command="touch made").text
    assert not (root / "made").exists()


@pytest.mark.parametrize("command", ["ls | wc", "a && b", "echo x > y", "'", "", "a ; b"])
def test_what_only_a_shell_understands_is_refused_with_the_way_to_do_it(command):
    with pytest.raises(BadInput):
        argv_of(command)


def test_quoted_words_of_a_shell_are_arguments():
    assert argv_of("grep 'a | b' x") == ["grep", "a | b", "x"]
    assert argv_of("echo '|'") == ["echo", "|"]


def test_an_allowed_beginning_passes_without_asking(root):
    allow(root, ["git", "status"])
    asked = []

    def refuse(call, text):
        asked.append(text)
        return False

    decide = approval(root, refuse)
    commands = ["git status -s", "git push", "git statusx", "git -c x=y status", "/tmp/git status", "git status | sh"]
    assert [decide(ToolCall(id="1", name="shell", input={"command": c})) for c in commands] == [True] + [False] * 5
    assert len(asked) == 5
    assert (
        decide(ToolCall(id="1", name="write_file", input={"command": "git status", "path": "a", "content": ""}))
        is False
    )


def test_rules_are_kept_per_project_and_can_be_taken_back(root, tmp_path, home):
    other = tmp_path / "other"
    other.mkdir()
    allow(root, ["pytest", "-q"])
    allow(root, ["pytest", "-q"])
    allow(other, ["make"])
    assert (allowed(root), allowed(other)) == ((("pytest", "-q"),), (("make",),))
    assert (disallow(root, ["pytest", "-q"]), disallow(root, ["pytest", "-q"])) == (True, False)
    assert (allowed(root), allowed(other)) == ((), (("make",),))
    file = home / ".local" / "share" / "holdfast" / "allowed-commands.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_rule_that_would_allow_everything_is_refused(root):
    for prefix in ([], [""], ["sh"], ["/bin/bash"], ["env"], ["python3"]):
        with pytest.raises(BadInput):
            allow(root, prefix)
    assert not is_allowed(root, ["sh", "-c", "rm -rf ."])


def test_a_project_cannot_bring_rules_of_its_own(root, monkeypatch):
    monkeypatch.setenv("HOLDFAST_HOME", str(root / ".holdfast"))
    (root / ".holdfast").mkdir()
    (root / ".holdfast" / "allowed-commands.json").write_text(f'{{"{root.resolve()}": [["make"]]}}')
    assert allowed(root) == ()
    with pytest.raises(Unsafe):
        allow(root, ["make"])


def test_rules_that_others_could_write_do_not_count(root, home):
    allow(root, ["make"])
    (home / ".local" / "share" / "holdfast" / "allowed-commands.json").chmod(0o666)
    with pytest.raises(Unsafe):
        allowed(root)
    decide = approval(root, lambda call, text: False)
    assert decide(ToolCall(id="1", name="shell", input={"command": "make"})) is False


def test_what_is_to_do_is_listed_with_its_state(ask):
    items = [{"text": "look", "state": "done"}, {"text": "write", "state": "doing"}, {"text": "test"}]
    assert ask("todo", items=items).text == "[x] look\n[>] write\n[ ] test\n1 of 3 done"
    assert ask("todo", items=[{"text": "x", "state": "perhaps"}]).error


@confined
def test_calls_are_recorded_as_files_touched_and_commands_run(ask):
    calls = [
        ("read_file", {"path": "src/app.py"}),
        ("edit_file", {"path": "src/app.py", "old_string": "one", "new_string": "1"}),
        ("write_file", {"path": "b", "content": "x\ny"}),
        ("shell", {"command": "sh -c 'echo hi; exit 3'"}),
    ]
    messages = []
    for number, (name, given) in enumerate(calls):
        call = ToolCall(id=str(number), name=name, input=given)
        result = ask(name, **given)
        messages += [
            Message(id=f"a{number}", role="assistant", parts=(call,)),
            Message(
                id=f"t{number}",
                role="tool",
                parts=(ToolResult(str(number), result.text, result.error, result.exit_code),),
            ),
        ]
    touches, runs = derive(messages)
    assert [(t.path, t.action, t.added, t.removed) for t in touches] == [
        ("src/app.py", "read", 0, 0),
        ("src/app.py", "edit", 1, 1),
        ("b", "write", 2, 0),
    ]
    assert [(r.command, r.exit, r.error) for r in runs] == [("sh -c 'echo hi; exit 3'", 3, True)]
    assert "hi" in runs[0].output
