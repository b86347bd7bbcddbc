"""Tags for archived sessions: what they are judged by, what stays, and what is learned."""

from __future__ import annotations

import pytest

from holdfast.errors import Unavailable
from holdfast.index import Index
from holdfast.model import Message, Session, Text, ToolCall, Transcript
from holdfast.services.archive import Archive
from holdfast.services.sessions import Sessions
from holdfast.services.tagging import Tagging
from holdfast.stores.inmemory import InMemoryStore


class Desk:
    """An archive in memory with the service over it."""

    def __init__(self) -> None:
        self.store = InMemoryStore()
        self.index = Index(None)
        self.service = Tagging(self.store, Sessions(self.store, lambda: self.index), now=lambda: 7.0)

    def put(self, name="one", *parts, said="make it so", **facts) -> Session:
        messages = (
            Message(id=f"{name}u", role="user", parts=(Text(said),)),
            Message(id=f"{name}a", role="assistant", parts=parts),
        )
        session = Session(id=name, agent="codex", native_id=name, cwd="/home/me/shop", **facts)
        self.store.put(Transcript(session=session, messages=messages))
        return self.store.get(name) or session

    def tags(self, session) -> list[str]:
        return [p.tag for p in self.service.propose(session)[1]]


@pytest.fixture
def desk():
    return Desk()


def write(path, content="", ident="w") -> ToolCall:
    return ToolCall(id=ident, name="Write", input={"file_path": path, "content": content})


def test_files_code_words_and_description_are_judged(desk):
    session = desk.put("one", write("/home/me/shop/api/a.py", "import flask"), said="add a login", title="cron")
    kind, found = desk.service.propose(session)
    assert kind == "python"
    assert [p.tag for p in found] == ["flask", "api", "scheduling", "python", "backend", "auth"]


def test_of_a_file_outside_the_project_only_its_ending_counts(desk):
    session = desk.put(
        "one", write("/home/me/api/docs/a.py"), write("C:\\api\\b.py", ident="x"), write("tests/c.py", ident="y")
    )
    assert desk.service.material(session).files == ("a.py", "b.py", "tests/c.py")


def test_code_in_patches_and_nested_edits_is_read(desk):
    edits = ToolCall(id="e", name="MultiEdit", input={"file_path": "a.py", "edits": [{"new_string": "import django"}]})
    patch = ToolCall(
        id="p", name="apply_patch", input="*** Begin Patch\n*** Add File: b.py\nimport flask\n*** End Patch"
    )
    assert {"django", "flask"} <= set(desk.tags(desk.put("one", edits, patch)))


def test_accepted_tags_stay_with_the_session_in_lower_case_and_once(desk):
    session = desk.put("one", write("a.py"))
    tagged = desk.service.decide(session, accepted=[" API ", "api", "#Api", "python"])
    assert tagged.tags == ("api", "python")
    assert desk.put("one", write("b.py"), said="more").tags == ("api", "python")
    assert "python" not in desk.tags(tagged)


def test_what_was_refused_for_a_session_is_not_proposed_to_it_again(desk):
    session = desk.put("one", write("a.py"))
    desk.service.decide(session, rejected=["backend"])
    assert desk.tags(session) == ["python"]


def test_verdicts_on_one_session_change_the_ranking_of_the_next(desk):
    first, second = desk.put("one", write("a.py")), desk.put("two", write("a.py"))
    assert desk.tags(second) == ["python", "backend"]
    desk.service.decide(first, accepted=["backend"], rejected=["python"])
    assert desk.tags(second) == ["backend", "python"]


def test_a_second_verdict_takes_the_place_of_the_first(desk):
    session = desk.put("one", write("a.py"))
    desk.service.decide(session, accepted=["api"])
    desk.service.decide(session, rejected=["api"])
    assert [(r.name, r.accepted, r.rejected) for r in desk.service.stats()[0]] == [("api", 0, 1)]


def test_a_tag_that_was_taken_off_again_counts_as_rejected(desk):
    session = desk.put("one", write("a.py"))
    tagged = desk.service.decide(session, accepted=["api"])
    assert [r.share for r in desk.service.stats()[0]] == [1.0]
    desk.service.sessions.tag(tagged, ["api"], remove=True)
    assert [r.share for r in desk.service.stats()[0]] == [0.0]


def test_verdicts_are_counted_by_the_type_of_the_project_they_were_given_in(desk):
    desk.service.decide(desk.put("one", write("a.py")), accepted=["api"])
    desk.service.decide(desk.put("two", write("a.rs")), rejected=["api"])
    assert [(r.name, r.accepted, r.rejected) for r in desk.service.stats()[1]] == [
        ("python: api", 1, 0),
        ("rust: api", 0, 1),
    ]


def test_a_verdict_names_its_session_and_time(desk):
    desk.service.decide(desk.put("one"), rejected=["api"])
    found = desk.service.verdicts()[0].provenance
    assert (found.session, found.at, found.trust) == ("one", 7000, "person")


def test_without_a_model_nothing_is_named_or_described(desk):
    for ask in (lambda s: desk.service.propose(s, ai=True), desk.service.describe):
        with pytest.raises(Unavailable) as caught:
            ask(desk.put("one"))
        assert "holdfast[llm]" in caught.value.hint


def test_a_model_that_was_wired_names_and_describes(desk):
    desk.service.model = lambda task, material: ["Shop", "API"] if task == "tags" else ["What", "it", "is"]
    session = desk.put("one")
    assert [p.tag for p in desk.service.propose(session, ai=True)[1]] == ["shop", "api"]
    assert desk.service.describe(session).description == "What it is"


def test_files_that_only_commands_name_are_judged_too(desk):
    command = "cd /home/me/shop && sed -n 1,9p api/cart.go; go test ./... && curl https://example.org/x.py -o v1.2 user@host.rs"
    run = ToolCall(id="r", name="shell", input={"command": ["bash", "-lc", command]})
    assert desk.tags(desk.put("one", run))[:3] == ["api", "golang", "backend"]
    assert "python" not in desk.tags(desk.store.get("one"))


def test_what_was_learned_goes_along_with_a_copy_of_the_archive(desk):
    session = desk.put("one", write("a.py"))
    desk.service.decide(session, rejected=["api"])
    other = Desk()
    Archive(desk.store).copy_to(other.store)
    assert other.service.stats() == desk.service.stats()
