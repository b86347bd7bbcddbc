"""Alarms over a monitor's boards: secrets are noticed and never told, and what is told goes where it was asked for."""

from __future__ import annotations

from holdfast.config import load
from holdfast.model import Message, Session, Text, Transcript
from holdfast.model.live import Board, BoardRow, Live
from holdfast.redact import Redactor
from holdfast.services.alerts import Alarms
from holdfast.stores.inmemory import InMemoryStore

NOW = 1_700_000_000_000
KEY = "ghp_" + "a1B2c3D4e5" * 3 + "F6g7H8"


class Kept:
    name = "kept"

    def __init__(self) -> None:
        self.alerts: list = []

    def send(self, alert) -> None:
        self.alerts.append(alert)


class Watchman:
    """Alarms over an archive in memory."""

    def __init__(self, **flags) -> None:
        self.store = InMemoryStore()
        self.sink = Kept()
        config = load(flags, env={"HOLDFAST_HOME": "/nowhere"})
        redactor = Redactor()
        self.alarms = Alarms(self.store, lambda: redactor, config, sinks=[self.sink], minute=lambda at: 0)
        self.at = NOW

    def sees(self, *said, state="working", name="shop", needs="") -> list[str]:
        session = Session(id="one", agent="codex", native_id="one", name=name, active=self.at)
        messages = tuple(Message(id=f"{self.at}{n}", role="user", parts=(Text(t),)) for n, t in enumerate(said))
        self.store.put(Transcript(session=session, messages=messages))
        kept = self.store.get("one")
        self.at += 1000
        row = BoardRow(session=kept, live=Live(state=state, since=self.at, needs=needs))
        alerts = self.alarms.see(Board(at=self.at, rows=(row,)))
        self.alarms.tell(alerts)
        return [a.rule for a in alerts]


def test_a_secret_that_appears_is_told_once_and_never_shown():
    watchman = Watchman()
    assert watchman.sees("hello") == []
    assert watchman.sees(f"use {KEY}") == ["secret"]
    assert watchman.sees(f"again {KEY}") == []
    assert all(KEY not in str(a) for a in watchman.sink.alerts)


def test_a_secret_in_a_name_or_a_question_is_masked():
    watchman = Watchman()
    watchman.sees("hello")
    assert watchman.sees(state="waiting-question", name=f"with {KEY}", needs=f"is it {KEY}?") == ["needs-me"]
    assert "REDACTED" in watchman.sink.alerts[0].title
    assert KEY not in watchman.sink.alerts[0].title + watchman.sink.alerts[0].message


def test_secrets_are_not_looked_for_where_nobody_wants_to_know():
    watchman = Watchman(**{"alerts.rules": ("needs-me",)})
    watchman.sees("hello")
    assert watchman.sees(f"use {KEY}") == []


def test_what_a_person_took_note_of_is_not_told_again():
    watchman = Watchman(**{"alerts.repeat_minutes": 1})
    watchman.sees("hello")
    assert watchman.sees(f"use {KEY}") == ["secret"]
    watchman.alarms.acknowledge("one")
    watchman.at += 120_000
    assert watchman.sees("more") == []
