"""Where Crush's projects are, what the parts of its messages mean, and what each session cost by itself."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from holdfast.model import Attachment, Summary, Text, Thinking, ToolCall, ToolResult, observed_id
from holdfast.sources.crush import Crush
from holdfast.testing._mutations import mutated
from holdfast.testing._readings import Gathered, sound
from tests.contracts.samples import crush as sample

SES = "5f0c2d5e-0000-4000-8000-000000000009"


def readings(root, cursor=None):
    return [r for ref in Crush().discover([root]) for r in Crush().read(ref, cursor)]


def read(root) -> Gathered:
    return Gathered().take(readings(root))


def session_of(found, native):
    return found.sessions[observed_id("crush", native)]


def messages_of(found, native):
    return list(found.messages[observed_id("crush", native)].values())


@pytest.fixture
def filled(tmp_path):
    sample.build(tmp_path)
    return tmp_path


@pytest.fixture
def db(tmp_path):
    opened = sample.database(tmp_path)
    sample.session(opened, SES)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "listed",
    [
        {
            "projects": [
                {"path": "/home/ada/shop", "data_dir": "/home/ada/shop/.crush"},
                {"path": "/srv", "data_dir": "/data"},
            ]
        },
        [{"path": "/home/ada/shop", "data_dir": ".crush"}, {"path": "/srv", "data_dir": "/data"}, 7, {}],
        {"projects": [{"path": "/home/ada/shop"}, {"data_dir": "/data"}]},
    ],
    ids=["object", "array", "gaps"],
)
def test_each_project_of_the_list_is_a_root(tmp_path, listed):
    (tmp_path / "projects.json").write_text(json.dumps(listed))
    found = Crush().roots({"CRUSH_GLOBAL_DATA": str(tmp_path)}, tmp_path, "linux")
    assert found == (tmp_path, Path("/home/ada/shop/.crush"), Path("/data"))


@pytest.mark.parametrize("damaged", [b"", b"{", b"[" * 100_000, b'"x"', b'{"projects": 3}', b"\xff"])
def test_a_damaged_list_of_projects_leaves_the_data_folder(tmp_path, damaged):
    (tmp_path / "projects.json").write_bytes(damaged)
    assert Crush().roots({"CRUSH_GLOBAL_DATA": str(tmp_path)}, tmp_path, "linux") == (tmp_path,)


def test_a_project_s_own_folder_is_found_as_a_root(filled):
    (ref,) = Crush().discover([filled / "shop" / ".crush"])
    assert Path(ref.path) == filled / "shop" / ".crush" / "crush.db"


def test_a_session_belongs_to_the_project_whose_database_holds_it(filled):
    session = session_of(read(filled), sample.MAIN)
    assert session.cwd == session.project == str(filled / "shop")
    assert (session.title, session.models) == ("Fix the build", ("claude-sonnet-4-5",))
    assert session.extra["providers"] == ["anthropic"]
    assert (session.started, session.active) == (sample.T0 * 1000, (sample.T0 + 300) * 1000)


def test_the_context_in_use_is_that_of_the_last_request(filled):
    assert session_of(read(filled), sample.MAIN).context.used == 9_400


def test_a_session_without_a_title_of_its_own_is_named_after_its_first_prompt(filled):
    assert session_of(read(filled), sample.OTHER).title == "Say hello"


def test_a_sub_agent_names_its_parent(filled):
    parent = session_of(read(filled), sample.HELPER).parent
    assert (parent.id, parent.kind) == (observed_id("crush", sample.MAIN), "subagent")


def test_what_was_said_thought_called_and_returned_is_told_apart(filled):
    found = messages_of(read(filled), sample.MAIN)
    assert [m.role for m in found] == ["user", "assistant", "tool", "user", "tool", "assistant", "system"]
    assert found[1].parts == (Thinking("Hm."), ToolCall("c1", "bash", {"command": "make"}))
    assert found[6].parts == (Summary("The build failed."),)


def test_an_exit_code_is_read_from_where_the_shell_tool_writes_it(filled):
    (part,) = messages_of(read(filled), sample.MAIN)[2].parts
    assert (part.exit_code, part.error) == (2, True)


def test_words_about_an_exit_code_in_the_middle_are_only_words(db, tmp_path):
    sample.message(db, SES, "m1", "tool", sample.result("c", "bash", "Exit code 3\nand more"))
    sample.message(db, SES, "m2", "tool", sample.result("c", "view", "Exit code 3"))
    parts = [p for m in messages_of(read(tmp_path), SES) for p in m.parts]
    assert [(p.exit_code, p.error) for p in parts] == [(None, False), (None, False)]


def test_a_command_that_the_person_ran_is_a_call_with_its_result_and_no_prompt(filled):
    asked, ran = messages_of(read(filled), sample.MAIN)[3:5]
    assert asked.parts == (ToolCall("m4:0", "shell_command", {"command": "ls"}),)
    assert ran.parts == (ToolResult("m4:0", "Makefile", exit_code=0),)
    assert not asked.is_prompt


def test_torn_arguments_stay_a_text(db, tmp_path):
    sample.message(db, SES, "m1", "assistant", sample.part("tool_call", id="c", name="bash", input='{"comm'))
    assert messages_of(read(tmp_path), SES)[0].parts == (ToolCall("c", "bash", '{"comm'),)


def test_errors_and_refusals_are_marked_and_a_stop_by_the_person_is_none(db, tmp_path):
    for name, reason in (("m1", "error"), ("m2", "content_filter"), ("m3", "canceled"), ("m4", "end_turn")):
        sample.message(
            db, SES, name, "assistant", sample.text("x"), sample.finish(reason, message="Over", details="limit")
        )
    assert [m.extra for m in messages_of(read(tmp_path), SES)] == [
        {"error": True, "message": "Over: limit"},
        {"error": True, "message": "Over: limit"},
        {"aborted": True},
        {},
    ]


def test_files_and_images_are_described_without_their_bytes(db, tmp_path):
    binary = sample.part("binary", Path="a.png", MIMEType="image/png", Data="A" * 400)
    sample.message(db, SES, "m1", "user", binary, sample.part("image_url", url="https://example.org/a.png"))
    assert messages_of(read(tmp_path), SES)[0].parts == (
        Attachment(media="image/png", name="a.png", size=300),
        Attachment(name="https://example.org/a.png"),
    )


def test_unknown_parts_and_roles_and_damaged_rows_are_counted(db, tmp_path):
    sample.message(db, SES, "m1", "assistant", sample.part("hologram"), sample.text("hello"))
    sample.message(db, SES, "m2", "oracle", sample.text("x"))
    sample.insert(db, "messages", id="m3", session_id=SES, role="user", parts="[{", created_at=1, updated_at=1)
    found = read(tmp_path)
    assert found.unknown == {"block:hologram": 1, "record:oracle": 1}
    assert found.damaged == 1
    assert [p for m in messages_of(found, SES) for p in m.parts] == [Text("hello")]


def test_a_session_costs_what_its_sub_agents_do_not(filled):
    billed = {r.key: (r.usage.cost, r.usage.total, r.kind) for r in read(filled).requests.values()}
    assert billed == {
        f"crush:{sample.MAIN}": (300_000, 0, "none"),
        f"crush:{sample.HELPER}": (200_000, 0, "none"),
    }


def test_a_sub_agent_that_was_not_added_up_yet_takes_nothing_from_its_parent(db, tmp_path):
    sample.session(db, "child", parent_session_id=SES, cost=0.4)
    db.execute("UPDATE sessions SET cost = 0.1 WHERE id = ?", (SES,))
    found = Gathered().take(readings(tmp_path))
    db.execute("UPDATE sessions SET cost = 0.5 WHERE id = ?", (SES,))
    found.take(readings(tmp_path))
    assert sum(r.usage.cost or 0 for r in found.requests.values()) == 500_000


def test_only_the_session_that_changed_is_read_again(db, tmp_path):
    sample.session(db, "other")
    cursor = readings(tmp_path)[-1].cursor
    sample.message(db, SES, "m1", "user", sample.text("hello"))
    cursor_after = readings(tmp_path, cursor)
    assert [r.transcript.session.native_id for r in cursor_after] == [SES]
    db.execute("UPDATE messages SET parts = ?, updated_at = updated_at + 1", (json.dumps([sample.text("hallo")]),))
    again = readings(tmp_path, cursor_after[-1].cursor)
    assert [m.text for r in again for m in r.transcript.messages] == ["hallo"]


def test_rows_are_kept_without_the_copies_of_files(filled):
    raw = next(r.raw for r in readings(filled) if r.transcript.session.native_id == sample.MAIN)
    lines = [json.loads(line) for line in raw.data.splitlines()]
    assert [r["table"] for r in lines] == ["sessions", *["messages"] * 6, "files", "read_files"]
    assert "content" not in lines[7]["row"]
    assert set(lines[0]["row"]) == {
        "id",
        "parent_session_id",
        "title",
        "message_count",
        "prompt_tokens",
        "completion_tokens",
        "cost",
        "updated_at",
        "created_at",
        "summary_message_id",
        "todos",
    }


def test_odd_values_in_any_column_are_harmless(db, tmp_path):
    rng = random.Random(5)
    db.execute("PRAGMA synchronous = off")
    parts = [sample.call("c", "t", a=1), sample.result("c", "bash", "x"), sample.text("y"), sample.finish("error")]
    block = json.dumps(parts).encode()
    for number in range(60):
        role, at = rng.choice(["user", "assistant", 3, b"\xff"]), rng.choice([1, "x", 1e300, b""])
        sample.insert(
            db,
            "messages",
            id=number,
            session_id=SES,
            role=role,
            parts=mutated(block, rng),
            created_at=at,
            updated_at=at,
            is_summary_message=rng.choice([0, 1, "x"]),
        )
    for column in ("title", "cost", "created_at", "updated_at", "prompt_tokens", "parent_session_id"):
        for value in (b"\xff\x00", "x" * 5, -1, 2**62, 1e308):
            db.execute(f"UPDATE sessions SET {column} = ?", (value,))
            sound(read(tmp_path))


def test_the_command_resumes_the_session_in_its_project(filled):
    command = Crush().resume_command(session_of(read(filled), sample.MAIN))
    assert command.argv == ("crush", f"--session={sample.MAIN}")
    assert command.cwd == str(filled / "shop")
