"""What a model is told of a project and a session besides the question, and what it was told, from where and why.

Joins the store, habits, the redactor and the parts that map a project. Everything that leaves here is masked.
"""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from holdfast.context import highlights as code
from holdfast.context import pack as packing
from holdfast.context import projectmap
from holdfast.context.budget import of_window
from holdfast.context.files import project_root, walk
from holdfast.context.index import Index
from holdfast.context.pack import Injected, Pack, Piece
from holdfast.context.ranking import Ranked, Scene, rank
from holdfast.model.activity import CommandRun, FileTouch, derive
from holdfast.model.message import Json, Message, ToolCall
from holdfast.model.toolnames import plain_tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from holdfast.context.files import Tree
    from holdfast.context.highlights import Highlights
    from holdfast.context.projectmap import ProjectMap
    from holdfast.model.session import Session
    from holdfast.redact import Redactor
    from holdfast.services.preferences import Preferences
    from holdfast.stores.base import Store

KIND = "context"
"""Documents by session: what was told in its latest turn."""
LATEST = 400
"""Messages of a session that are looked at."""
MOST_FILES, MOST_COMMANDS, MOST_OUTPUT = 40, 12, 600
_TODO = frozenset({"todo", "todowrite", "todos", "updatetodolist", "writetodos", "updateplan", "settodolist"})


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """A project as it stands now: its files, and how they rank for a question."""

    tree: Tree
    ranked: tuple[Ranked, ...]


class Context:
    """Gathers, fits, and remembers what was told."""

    def __init__(
        self,
        store: Callable[[], Store],
        redactor: Callable[[], Redactor],
        preferences: Callable[[], Preferences],
        kept: Path | None,
    ) -> None:
        """Take the store, what masks secrets, habits, and the folder for words of files (None keeps them in memory)."""
        self.store = store
        self.redactor = redactor
        self.preferences = preferences
        self.kept = kept
        self._indexes: dict[Path, Index] = {}

    def ground(self, folder: Path, query: str, touched: Sequence[str] = ()) -> Ground:
        """Look at the project that a folder belongs to."""
        root = project_root(folder)
        tree = walk(root, also=_own_rules(os.environ))
        index = self._indexes.setdefault(root, Index(root, self.kept))
        words = index.refresh(tree)
        scene = Scene(tree, words, index.history, tuple(_inside(root, path) for path in touched))
        return Ground(tree=tree, ranked=tuple(rank(scene, query)))

    def map(
        self,
        folder: Path,
        query: str = "",
        *,
        session: Session | None = None,
        budget: int | None = None,
        model: str = "",
    ) -> ProjectMap:
        """Return the map of a project for a question."""
        ground = self.ground(folder, query, [t.path for t in self._activity(session)[0]])
        return self._masked_map(
            projectmap.build(ground.tree, ground.ranked, budget=budget or projectmap.BUDGET, model=model)
        )

    def highlights(
        self,
        folder: Path,
        query: str = "",
        *,
        session: Session | None = None,
        paths: Sequence[str] = (),
        budget: int | None = None,
    ) -> Highlights:
        """Return the symbols of the files that matter for a question, or of the files given."""
        root = project_root(folder)
        if not paths:
            ground = self.ground(folder, query, [t.path for t in self._activity(session)[0]])
            paths = [r.path for r in ground.ranked]
        made = code.build(root, [_inside(root, p, folder) for p in paths], query, budget=budget or code.BUDGET)
        return replace(made, text=self._masked(made.text))

    def gather(
        self,
        query: str,
        folder: Path,
        *,
        session: Session | None = None,
        recalled: Sequence[Piece] = (),
        window: int | None = None,
        budget: int | None = None,
        model: str = "",
    ) -> Pack:
        """Gather everything for a turn and fit it; `recalled` is what a search of earlier sessions found."""
        messages = self._messages(session)
        touches, runs = derive(messages)
        shares = of_window(window, budget).shares
        ground = self.ground(folder, query, [t.path for t in touches])
        name = f"session {session.shown_name}" if session else ""
        pieces = [
            *self._habits(),
            *recalled,
            *_map_pieces(ground, query, budget=max(shares["map"] - 8, 1), model=model),
            *_code_pieces(ground, query, budget=max(shares["highlights"] - 8, 1), model=model),
            *_file_pieces(touches, name),
            *_command_pieces(runs, name),
            *_plan_pieces(session, messages, name),
        ]
        masked = [replace(p, text=self._masked(p.text)) for p in pieces]
        made = packing.fit(masked, messages, window=window, budget=budget, model=model)
        return replace(made, injected=tuple(self._shown(i) for i in made.injected))

    def record(self, session: Session, told: Pack) -> None:
        """Keep what was told in a session's latest turn."""
        shown = tuple(replace(i, text=self._masked(i.text)) for i in told.injected)  # a caller may have added to it
        data = msgspec.json.encode(replace(told, injected=shown, messages=()))
        self.store().put_docs(KIND, {session.id: data})

    def recorded(self, session: Session) -> Pack | None:
        """Return what was told in a session's latest turn; None where no turn was recorded."""
        data = self.store().docs(KIND).get(session.id)
        return None if data is None else msgspec.json.decode(data, type=Pack)

    def session_of(self, folder: Path) -> Session | None:
        """Return the latest session of a person's own in a folder or its project."""
        places = {str(folder.resolve()), str(project_root(folder))}
        return next((s for s in self.store().find() if s.origin == "owned" and s.cwd in places), None)

    def _habits(self) -> Iterator[Piece]:
        for held in self.preferences().held():
            source = held.preference.provenance.writer + (
                f", session {held.preference.provenance.session}" if held.preference.provenance.session else ""
            )
            text = f"{held.preference.key}: {held.preference.value}"
            yield Piece(kind="preferences", text=text, source=source, why=held.quote or "a habit of the person")

    def _messages(self, session: Session | None) -> tuple[Message, ...]:
        if session is None:
            return ()
        return tuple(m for m in self.store().messages(session.id, last=LATEST) if m.live)

    def _activity(self, session: Session | None) -> tuple[tuple[FileTouch, ...], tuple[CommandRun, ...]]:
        return derive(self._messages(session))

    def _shown(self, told: Injected) -> Injected:
        """Mask the conversation as it is shown; its messages are the caller's, who masks what goes to a model."""
        return replace(told, text=self._masked(told.text)) if told.kind == "conversation" else told

    def _masked(self, text: str) -> str:
        return self.redactor().mask(text)[0] if text else text

    def _masked_map(self, made: ProjectMap) -> ProjectMap:
        return replace(made, text=self._masked(made.text))


def _own_rules(env: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the file of rules that git takes from the person, wherever the project is."""
    home = env.get("XDG_CONFIG_HOME") or str(Path(env.get("HOME") or Path.home()) / ".config")
    return (Path(home) / "git" / "ignore",)


def _inside(root: Path, path: str, folder: Path | None = None) -> str:
    """Return a path as seen from the project; one outside stays as it is."""
    place = Path(os.path.normpath((folder or root).resolve() / path))
    if folder is not None and not place.exists():
        place = root / path
    return place.relative_to(root).as_posix() if place.is_relative_to(root) else path


def _map_pieces(ground: Ground, query: str, *, budget: int, model: str) -> Iterator[Piece]:
    made = projectmap.build(ground.tree, ground.ranked, budget=budget, model=model)
    asked = "ranked for the question" if query.strip() else "ranked by what changed lately"
    if made.files:
        yield Piece(
            kind="map",
            text=made.text,
            source=str(ground.tree.root),
            why=f"{len(made.shown)} of {made.files} files, {asked}",
        )


def _code_pieces(ground: Ground, query: str, *, budget: int, model: str) -> Iterator[Piece]:
    made = code.build(ground.tree.root, [r.path for r in ground.ranked], query, budget=budget, model=model)
    reasons = {r.path: ", ".join(r.why) for r in ground.ranked}
    for block in made.blocks:
        yield Piece(
            kind="highlights",
            text=block.text,
            source=block.path,
            why=reasons.get(block.path) or "among the first of the map",
        )


def _file_pieces(touches: Sequence[FileTouch], session: str) -> Iterator[Piece]:
    latest = {t.path: t for t in touches}  # the last touch of a file says what it is now
    changed = {t.path for t in touches if t.action in ("write", "edit", "delete")}
    for touch in islice(sorted(latest.values(), key=lambda t: -touches.index(t)), MOST_FILES):
        verb = "changed" if touch.path in changed else touch.action
        yield Piece(
            kind="files",
            text=f"{verb} {touch.path}",
            source=f"{session}, message {touch.message}",
            why="touched in this session",
        )


def _command_pieces(runs: Sequence[CommandRun], session: str) -> Iterator[Piece]:
    for run in list(reversed(runs))[:MOST_COMMANDS]:
        end = "" if run.exit is None else f" (exit {run.exit})"
        output = run.output.strip()
        output = output if len(output) <= MOST_OUTPUT else f"...{output[-MOST_OUTPUT:]}"
        text = f"$ {run.command}{end}" + (f"\n{output}" if output else "")
        yield Piece(kind="commands", text=text, source=f"{session}, message {run.message}", why="run in this session")


def _plan_pieces(session: Session | None, messages: Sequence[Message], name: str) -> Iterator[Piece]:
    """Yield what is to do, from the latest list that a tool wrote, and what was decided."""
    calls = (
        (m, p) for m in reversed(messages) for p in m.parts if isinstance(p, ToolCall) and plain_tool(p.name) in _TODO
    )
    found = next(calls, None)
    if found is not None:
        for line in _todo_lines(found[1].input):
            yield Piece(
                kind="todo", text=line, source=f"{name}, message {found[0].id}", why="the latest list of this session"
            )
    extra = session.extra if session else {}
    for place in (extra, *(v for v in extra.values() if isinstance(v, dict))):
        for line in _todo_lines(place.get("todo") or []) if found is None else ():
            yield Piece(kind="todo", text=line, source=f"{name}, as imported", why="open when the session was imported")
        for line in _told(place.get("decisions")):
            yield Piece(kind="decisions", text=f"- {line}", source=name, why="decided in this session")


def _todo_lines(value: Json) -> Iterator[str]:
    if isinstance(value, dict):
        value = next((v for v in value.values() if isinstance(v, list)), [])
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            text = next(
                (item[k] for k in ("content", "text", "step", "task", "title") if isinstance(item.get(k), str)), ""
            )
            if text:
                yield f"[{item.get('status') or 'open'}] {text}"
        elif isinstance(item, str) and item.strip():
            yield item


def _told(value: Json) -> Iterator[str]:
    """Yield the texts of a value of any shape."""
    if isinstance(value, str) and value.strip():
        yield value.strip()
    elif isinstance(value, list):
        for item in value:
            yield from _told(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _told(item)
