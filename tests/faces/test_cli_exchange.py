"""export and import."""

from __future__ import annotations

import json
import stat

import pytest

TITLE = "Fix the build"


def secret() -> str:
    return "AKIA" + "IOSFODNN7" + "QWERTY2"


@pytest.fixture
def leaky(unread):
    """Return a machine where a session holds a key."""
    path = next((unread.home / ".claude").rglob("1111*.jsonl"))
    text = path.read_text(encoding="utf-8").replace(
        "Why does the build fail?", f"Why does the build fail with {secret()}?"
    )
    path.write_text(text, encoding="utf-8")
    assert unread("sync").exit_code == 0
    return unread


def test_an_export_is_masked_and_says_what_was_masked(leaky):
    answer = leaky("export", leaky.id_of(TITLE), "-o", "out.md")
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert "secret" in answer.stderr
    assert "masked (" in answer.stderr
    text = (leaky.home / "out.md").read_text(encoding="utf-8")
    assert secret() not in text
    assert "[REDACTED:" in text


def test_a_raw_export_says_that_nothing_was_masked(leaky):
    answer = leaky("export", leaky.id_of(TITLE), "--raw", "-f", "yaml")
    assert secret() in answer.stdout
    assert "nothing was masked" in answer.stderr


def test_an_export_without_a_file_goes_to_stdout(cli):
    answer = cli("export", cli.id_of(TITLE), "-f", "markdown")
    assert "Why does the build fail?" in answer.stdout
    assert "1 session exported as markdown" in answer.stderr


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.json", "json"), ("a.yaml", "yaml"), ("a.md", "markdown"), ("a.holdfast", "native"), ("a.txt", "json")],
)
def test_the_name_of_the_file_chooses_the_format(cli, name, kind):
    assert cli.json("export", "agent:codex", "-o", name)["format"] == kind


def test_a_query_exports_all_that_match(cli):
    done = cli.json("export", "agent:codex", "-o", "codex.json")
    assert done["sessions"] == len(cli.json("list", "agent:codex")["sessions"])
    assert done["masked"] == {}


def test_an_export_is_readable_by_its_owner_alone_and_leaves_nothing_beside(cli):
    cli("export", "-", "-o", "out.json")
    assert stat.S_IMODE((cli.home / "out.json").stat().st_mode) == 0o600
    assert [p.name for p in cli.home.iterdir() if p.name.startswith(".out")] == []


def test_an_export_replaces_a_file_only_when_told_to(cli):
    (cli.home / "out.json").write_text("mine")
    assert cli("export", "-", "-o", "out.json").exit_code == 9
    assert (cli.home / "out.json").read_text() == "mine"
    assert cli("export", "-", "-o", "out.json", "--force").exit_code == 0
    assert (cli.home / "out.json").read_text() != "mine"


@pytest.mark.parametrize("kind", ["json", "jsonl", "yaml", "native"])
def test_what_was_exported_comes_back_in_another_archive_and_twice_changes_nothing(cli, monkeypatch, tmp_path, kind):
    before = cli.json("show", cli.id_of(TITLE), "--all")
    assert cli("export", before["session"]["id"], "-f", kind, "-o", "out.file").exit_code == 0
    monkeypatch.setenv("HOLDFAST_HOME", str(tmp_path / "other"))
    monkeypatch.setenv("HOLDFAST_SYNC_AUTO", "false")
    first, second = cli.json("import", "out.file"), cli.json("import", "out.file")
    assert (first["sessions"], first["messages_added"], second["messages_added"]) == (1, len(before["messages"]), 0)
    after = cli.json("show", before["session"]["id"], "--all")
    assert after["messages"] == before["messages"]
    assert after["session"]["tokens"] == before["session"]["tokens"]


def test_json_of_an_export_to_stdout_is_the_export_alone(cli):
    answer = cli("export", "-", "--json")
    assert json.loads(answer.stdout)
    assert answer.stderr == ""
    assert cli("export", "-", "--json", "-f", "yaml").exit_code == 2


def test_sub_agents_are_left_out_with_a_word_or_taken_along(cli):
    ident = cli.id_of("Fix the build")
    assert "1 sub-agent left out: --with-subagents" in cli("export", ident, "-o", "one.json").stderr
    answer = cli("export", ident, "--with-subagents", "-o", "two.json")
    assert "2 sessions exported" in answer.stderr
    assert "left out" not in answer.stderr
    done = cli.json("export", ident, "-o", "three.json")
    assert (done["sessions"], done["subagents_left_out"]) == (1, 1)


def test_an_export_says_how_many_empty_sessions_it_leaves_out(cli, monkeypatch):
    from holdfast.services.sessions import Sessions

    whole = Sessions.find

    def some(self, query=None, *, trashed=False, empty=False):
        found = whole(self, query, trashed=trashed, empty=empty)
        plain = [type(s)(**{f: getattr(s, f) for f in s.__struct_fields__ if f != "rollup"}) for s in found]
        return [*found[1:], *plain[:1]] if empty else found[1:]

    monkeypatch.setattr(Sessions, "find", some)
    assert "1 empty session left out" in cli("export", "agent:codex", "-o", "codex.json").stderr


def test_an_import_tells_what_it_replaced(cli, monkeypatch):
    from holdfast.services.exchange import Exchange, Imported

    cli("export", "agent:codex", "-o", "codex.json")
    monkeypatch.setattr(Exchange, "load", lambda *_, **__: Imported(format="json", sessions=1, replaced=3, kept=2))
    assert "0 messages new, 3 replaced, 2 kept as they were" in cli("import", "codex.json").stdout


def test_toon_is_refused_like_markdown_and_never_comes_back_as_a_second_session(cli, tmp_path):
    path = tmp_path / "talk.toon"
    before = len(cli.json("list")["sessions"])
    assert cli("export", cli.id_of(TITLE), "-o", str(path)).exit_code == 0
    answer = cli("import", str(path))
    assert answer.exit_code == 2
    assert "is toon, which cannot be read back" in answer.stderr
    assert len(cli.json("list")["sessions"]) == before


def test_what_import_refuses_is_not_among_the_formats_it_names(cli, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text("nothing of ours")
    said = cli("import", str(path)).stderr
    known = said.partition("known: ")[2].split()[:40]
    assert "yaml," in known
    assert not {"markdown,", "html,", "csv,", "toon,"} & set(known)
