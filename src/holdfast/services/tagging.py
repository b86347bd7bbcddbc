"""Tags proposed for sessions, and what was learned from accepting and rejecting them: joins the archive and the hints."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from holdfast.errors import Unavailable
from holdfast.model import Message, Text, ToolCall, conversation, derive
from holdfast.model.knowledge import Provenance
from holdfast.tagging import Material, Proposal, Rate, Verdict, by_project_type, by_tag, project_type, propose, tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from holdfast.model import Json, Session
    from holdfast.services.sessions import Sessions
    from holdfast.stores.base import Store

FEEDBACK = "tag_feedback"
_WRITTEN = ("content", "new_string", "newString", "new_str", "file_text", "patch", "input", "code")
LONGEST = 10_000
"""Characters of a command that are looked through for names of files."""
_PATH = re.compile(r"(?<![\w./~:@-])[\w./~-]*\w\.[A-Za-z]{1,10}(?![\w.:(-])")
_decoder = msgspec.json.Decoder(Verdict)


class Tagging:
    """Proposes, applies and describes; `model` names tags or describes a session where somebody wired one."""

    def __init__(
        self,
        store: Store,
        sessions: Sessions,
        *,
        model: Callable[[str, Material], Sequence[str]] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the archive, the service that keeps tags, who answers `tags` and `describe`, and a clock in seconds."""
        self.store = store
        self.sessions = sessions
        self.model = model
        self.now = now

    def propose(self, session: Session, *, ai: bool = False) -> tuple[str, tuple[Proposal, ...]]:
        """Return the session's type of project, and tags that it has not and nobody refused for it, the best first.

        With `ai`, a model names them (errors.Unavailable where there is none).
        """
        material = self.material(session)
        verdicts = self.verdicts()
        refused = {v.tag for v in verdicts if v.provenance.session == session.id and not v.accepted}
        without = {*session.tags, *refused}
        if ai:
            named = dict.fromkeys(tidy(t) for t in self._ask("tags", material))
            found = tuple(Proposal(tag=t, count=1, weight=0.0, reasons=("a model",)) for t in named if t not in without)
        else:
            found = propose(material, verdicts, without=without)
        return project_type(material), found

    def decide(
        self, session: Session, *, accepted: Iterable[str] = (), rejected: Iterable[str] = (), source: str = "person"
    ) -> Session:
        """Tag a session with what was accepted, and remember all verdicts for the next ranking."""
        yes = list(dict.fromkeys(tidy(t) for t in accepted))
        no = [t for t in dict.fromkeys(tidy(t) for t in rejected) if t not in yes]
        kind = project_type(self.material(session))
        said = Provenance(writer=source, trust="person", at=int(self.now() * 1000), session=session.id)
        verdicts = [Verdict(tag=t, accepted=t in yes, provenance=said, project_type=kind) for t in (*yes, *no)]
        self.store.put_docs(FEEDBACK, {f"{session.id}/{v.tag}": msgspec.json.encode(v) for v in verdicts})
        return self.sessions.tag(session, yes) if yes else session

    def describe(self, session: Session) -> Session:
        """Let a model describe a session; errors.Unavailable where there is none."""
        return self.sessions.describe(session, " ".join(self._ask("describe", self.material(session))))

    def stats(self) -> tuple[tuple[Rate, ...], tuple[Rate, ...]]:
        """Return how often tags were accepted, by tag, and by type of project and tag."""
        verdicts = self.verdicts()
        return by_tag(verdicts), by_project_type(verdicts)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return all verdicts, the newest of each session and tag; a tag that was taken off again counts as rejected."""
        found = [_decoder.decode(data) for data in self.store.docs(FEEDBACK).values()]
        tags = {i: s.tags for i in {v.provenance.session for v in found} if (s := self.store.get(i)) is not None}
        return tuple(
            replace(v, accepted=False) if v.accepted and v.tag not in tags.get(v.provenance.session, (v.tag,)) else v
            for v in found
        )

    def material(self, session: Session) -> Material:
        """Collect what a session touched, wrote and said."""
        messages = conversation(tuple(self.store.messages(session.id)))
        touches, runs = derive(messages)
        paths = [t.path for t in touches] + [p for r in runs for p in _PATH.findall(r.command[:LONGEST])]
        return Material(
            files=tuple(dict.fromkeys(_within(p, session.cwd) for p in paths)),
            code=tuple(_code(messages)),
            said=tuple(_said(messages)),
            description=f"{session.title}\n{session.name}\n{session.description}",
        )

    def _ask(self, task: str, material: Material) -> Sequence[str]:
        if self.model is None:
            raise Unavailable("no model is configured", "install the extra: holdfast[llm]")
        return self.model(task, material)


def _within(path: str, folder: str) -> str:
    """Return a path as the project has it; of a file outside, only its name says something of the project."""
    path = path.replace("\\", "/")
    root = folder.replace("\\", "/").rstrip("/")
    if root and path.startswith(f"{root}/"):
        return path[len(root) + 1 :]
    return path if not path.startswith(("/", "~")) and ":" not in path[:3] else path.rpartition("/")[2]


def _code(messages: Iterable[Message]) -> Iterator[str]:
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolCall):
                text = part.input if isinstance(part.input, str) else "\n".join(_texts(part.input))
                if text:
                    yield text


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and key in _WRITTEN:
                yield inner
            elif isinstance(inner, list | dict):
                yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _said(messages: Iterable[Message]) -> Iterator[str]:
    for message in messages:
        if message.role in ("user", "assistant"):
            text = "\n".join(p.text for p in message.parts if isinstance(p, Text))
            if text:
                yield text
