"""What a model would be told and what it was told: gathered from project, session and habits, masked, and explained."""

from __future__ import annotations

import pytest

from holdfast.context.pack import Piece
from holdfast.model import Message, Session, Text, ToolCall, ToolResult, Transcript
from holdfast.redact import Redactor
from holdfast.services.context import Context
from holdfast.services.preferences import Preferences
from holdfast.stores.inmemory import InMemoryStore

KEY = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


class Desk:
    """A project, a store in memory, and the service over both."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.store = InMemoryStore()
        redactor = Redactor()
        self.habits = Preferences(self.store, lambda: redactor, now=lambda: 7.0)
        self.context = Context(lambda: self.store, lambda: redactor, lambda: self.habits, None)
        for path, text in {
            "src/login.py": "class LoginController:\n    def sign_in(self): ...\n",
            "src/cart.py": "class Cart: ...\n",
            "anyllm.json": "{}\n",
        }.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    def put(self, *messages, **facts) -> Session:
        session = Session(id="s" * 16, agent="holdfast", native_id="one", origin="owned", name="mine", **facts)
        self.store.put(Transcript(session=session, messages=messages))
        return self.store.get(session.id) or session

    def told(self, pack, kind):
        return [i.text for i in pack.injected if i.kind == kind]


def call(n, name, given, output=None, code=None):
    asked = Message(id=f"c{n}", role="assistant", parts=(ToolCall(id=f"t{n}", name=name, input=given),))
    if output is None:
        return [asked]
    result = ToolResult(call=f"t{n}", text=output, exit_code=code)
    return [asked, Message(id=f"r{n}", role="tool", parts=(result,))]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "shop")


def test_a_turn_is_told_everything_that_is_known(desk):
    desk.habits.set("editor", "vim")
    session = desk.put(
        Message(id="u1", role="user", parts=(Text("the login is broken"),)),
        *call(1, "read_file", {"path": "src/cart.py"}),
        *call(2, "Bash", {"command": "pytest -q"}, "1 failed", 1),
        *call(3, "TodoWrite", {"todos": [{"content": "mend the login", "status": "pending"}]}),
        extra={"anyllm": {"decisions": ["no new dependencies"]}},
    )
    recalled = Piece(kind="history", text="The cookie was too long", source="session old", why="words: login")
    found = desk.context.gather("fix the login controller", desk.folder / "src", session=session, recalled=[recalled])
    assert desk.told(found, "preferences") == ["editor: vim"]
    assert desk.told(found, "history") == ["The cookie was too long"]
    assert "src/login.py" in desk.told(found, "map")[0]
    assert desk.told(found, "highlights")[0].startswith("Symbols in src/")
    assert desk.told(found, "files") == ["read src/cart.py"]
    assert desk.told(found, "commands") == ["$ pytest -q (exit 1)\n1 failed"]
    assert desk.told(found, "todo") == ["[pending] mend the login"]
    assert desk.told(found, "decisions") == ["- no new dependencies"]
    assert desk.told(found, "conversation")[0].startswith("user: the login is broken")
    assert [m.id for m in found.messages] == ["u1", "c1", "c2", "r2", "c3"]
    assert all(i.source and i.why for i in found.injected)


def test_files_of_the_session_lead_the_map(desk):
    session = desk.put(*call(1, "read_file", {"path": str(desk.folder / "src/cart.py")}))
    assert desk.context.map(desk.folder, "go on", session=session).shown[0].path == "src/cart.py"
    assert desk.context.map(desk.folder, "login").shown[0].path == "src/login.py"


def test_a_file_that_appears_is_in_the_next_map_of_the_same_run(desk):
    desk.context.map(desk.folder, "wholesale")
    (desk.folder / "src" / "wholesale.py").write_text("class Wholesale: ...\n")
    assert desk.context.map(desk.folder, "wholesale").shown[0].path == "src/wholesale.py"


def test_secrets_are_masked_in_all_that_is_told_and_recorded(desk):
    session = desk.put(
        Message(id="u1", role="user", parts=(Text(f"my key is {KEY}"),)),
        *call(1, "Bash", {"command": f"curl -H 'Authorization: Bearer {KEY}' x"}, f"token={KEY}", 0),
    )
    found = desk.context.gather("curl", desk.folder, session=session)
    assert KEY not in found.text
    assert KEY not in "".join(i.text for i in found.injected)
    desk.context.record(session, found)
    assert KEY.encode() not in b"".join(desk.store.docs("context").values())


def test_what_was_told_is_kept_to_the_letter(desk):
    session = desk.put(Message(id="u1", role="user", parts=(Text("hello"),)), cwd=str(desk.folder))
    assert desk.context.recorded(session) is None
    told = desk.context.gather("login", desk.folder, session=session)
    desk.context.record(session, told)
    kept = desk.context.recorded(session)
    assert kept.text == told.text
    assert kept.injected == told.injected
    assert desk.context.session_of(desk.folder / "src") == session


def test_symbols_of_the_files_that_were_asked_for(desk):
    found = desk.context.highlights(desk.folder / "src", paths=["cart.py"])
    assert found.text == "Symbols in src/cart.py:\n- Cart"
    assert desk.context.highlights(desk.folder, "login").blocks[0].path == "src/login.py"


def test_an_empty_folder_has_nothing_to_tell(desk, tmp_path):
    (tmp_path / "empty").mkdir()
    assert desk.context.gather("anything", tmp_path / "empty").injected == ()
