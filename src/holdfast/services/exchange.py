"""Carry sessions out and in: export and import in any format, masked unless told otherwise."""

from __future__ import annotations

import re
from itertools import islice
from typing import IO, TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from holdfast import registry
from holdfast.errors import BadInput, Conflict, HoldfastError, Unreadable
from holdfast.interchange.base import (
    CLAIM,
    Format,
    Header,
    Import,
    RawPiece,
    SupportsClaim,
    SupportsHeader,
    SupportsKnowledge,
    SupportsLoad,
)
from holdfast.interchange.base import SupportsRaw as CarriesRaw
from holdfast.model import Edits, Message, Request, Rollup, Session, Transcript, observed_id
from holdfast.services._migration import Found, files_below, keep_notes
from holdfast.services.preferences import Preferences
from holdfast.services.restore import Restorer
from holdfast.stores.base import Raw, SupportsLedger, SupportsRaw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from holdfast.redact import Redactor
    from holdfast.sources.base import Source
    from holdfast.stores.base import Store

HEAD = 4096
SURE = 0.85
"""From this confidence on, a file that was found and not named is read."""
_READ = ("formats", "imports")
_ID = re.compile(r"[a-z2-7]{16}")
T = TypeVar("T")


class Exported(Struct, frozen=True, kw_only=True):
    """What an export wrote: sessions, and how often each rule masked something (None: nothing was masked on request)."""

    sessions: int
    messages: int
    masked: dict[str, int] | None


class Imported(Struct, frozen=True, kw_only=True):
    """What an import did; `damaged` names the place where the file breaks off."""

    format: str
    sessions: int = 0
    added: int = 0
    replaced: int = 0
    kept: int = 0
    """Messages left as they were, because the file holds only their masked form."""
    masked: dict[str, int] | None = None
    damaged: str = ""
    ids: tuple[str, ...] = field(default_factory=tuple)
    notes: int = 0
    preferences: int = 0
    """Notes and preferences that are new or other than before."""


class Exchange(Restorer):
    """Joins store, redactor, formats and, for restoring and resuming, sources."""

    def __init__(self, store: Store, redactor: Callable[[], Redactor], sources: Mapping[str, Source]) -> None:
        """Take the parts; the redactor is built only when something is masked."""
        super().__init__(store, sources)
        self.redactor = redactor

    def export(
        self, sessions: Sequence[Session], stream: IO[bytes], *, name: str = "json", raw: bool = False
    ) -> Exported:
        """Write sessions in a format; masked by default, with a count of what was masked in the file's own header."""
        kind: Format = registry.load("formats", name)()
        header = Header(
            edits={s.id: self.store.edits(s.id) for s in sessions if self.store.edits(s.id) != Edits()},
            preferences=Preferences(self.store, self.redactor).values(),
        )
        if not raw:
            header = self._masked_header(sessions, header)
        found = (self._transcript(s) if raw else self._mask(self._transcript(s))[0] for s in sessions)
        if raw and isinstance(kind, CarriesRaw):
            kind.dump_raw(found, stream, raw=self._raw_of, header=header)
        else:
            kind.dump(found, stream, header=header)
        return Exported(sessions=len(sessions), messages=sum(s.rollup.messages for s in sessions), masked=header.masked)

    def load(self, path: Path, *, name: str | None = None, native_id: str = "") -> Imported:
        """Read a file into the archive; twice changes nothing, and masked text never replaces what it masks.

        With `native_id` the file's only session is kept as another one, of that native id. Preferences in the file become
        active: whoever gives the command approves of them.
        """
        with path.open("rb") as stream:
            name, kind = _format(stream, path, name)
            header = kind.header(stream) if isinstance(kind, SupportsHeader) else Header()
            result = Imported(format=name, masked=header.masked)
            captured: dict[str, frozenset[str]] = {}
            try:
                items = kind.load_raw(stream) if isinstance(kind, CarriesRaw) and not native_id else kind.load(stream)
                if native_id:
                    items, header = self._under(native_id, kind.load(stream), header)
                for item in items:
                    if isinstance(item, RawPiece):
                        self._keep_raw(item, captured)
                    else:
                        result = self._keep(item, header, result)
            except Unreadable as error:
                if not result.sessions:
                    raise
                result = replace(result, damaged=error.message)
            if isinstance(kind, SupportsKnowledge):
                stream.seek(0)
                result = self._keep_knowledge(kind, stream, path, result)
        return result

    def load_folder(self, folder: Path) -> Iterator[Found[Imported]]:
        """Read every file below a folder that a format is sure of, one after another; what no format knows is passed over."""
        for path in files_below(folder):
            try:
                with path.open("rb") as stream:
                    name, sure = _claimed(stream)
                if sure >= SURE:
                    yield Found(path, self.load(path, name=name))
            except HoldfastError as error:
                yield Found(path, None, error)
            except OSError as error:
                yield Found(path, None, Unreadable(f"{path}: {error.strerror or error}"))

    def _keep_knowledge(self, kind: SupportsKnowledge, stream: IO[bytes], path: Path, result: Imported) -> Imported:
        known = kind.knowledge(stream)
        if not known.notes and not known.preferences:
            return result
        writer = f"import:{path.name}"
        return replace(
            result,
            notes=keep_notes(self.store, known.notes, writer=writer),
            preferences=Preferences(self.store, self.redactor).take(known.preferences, writer=writer),
        )

    def _keep(self, transcript: Transcript, header: Header, result: Imported) -> Imported:
        session = self._checked(transcript.session)
        held = {m.id: m for m in self.store.messages(session.id)} if header.masked is not None else {}
        known = [m for m in transcript.messages if m.id in held]
        fresh = tuple(replace(m, seq=-1) for m in transcript.messages if m.id not in held)
        old = self.store.get(session.id)
        facts = old if old is not None and header.masked is not None else session
        receipt = self.store.put(
            replace(transcript, session=self._plain(facts, header), messages=fresh, replaces=False)
        )
        self._keep_edits(session.id, header.edits.get(session.id))
        return replace(
            result,
            sessions=result.sessions + 1,
            added=result.added + receipt.added,
            replaced=result.replaced + receipt.replaced,
            kept=result.kept + len(known),
            ids=(*result.ids, session.id),
        )

    def _under(
        self, native_id: str, items: Iterator[Transcript], header: Header
    ) -> tuple[Iterator[Transcript], Header]:
        """Give the only session of a file another identity, with which no agent's own session is ever mixed up."""
        found = list(islice(items, 2))
        if len(found) != 1:
            raise BadInput(
                f"the file holds {len(found) or 'no'} session{'s' * (len(found) != 1)}", "one id names one session"
            )
        (only,) = found
        agent = only.session.agent
        new = replace(only.session, id=observed_id(agent, native_id), native_id=native_id, origin="owned")
        held = self.store.get(new.id)
        if held is not None and held.origin == "observed":
            raise Conflict(f"{native_id!r} is a session of {agent} already", "choose another id")
        own = header.edits.get(only.session.id)
        edits = {} if own is None else {new.id: own}
        return iter([replace(only, session=new)]), Header(masked=header.masked, edits=edits)

    def _checked(self, session: Session) -> Session:
        """Refuse a session that bears the id of another one."""
        held = self.store.get(session.id)
        native = (session.agent, session.native_id)
        if session.origin == "observed" and session.id != observed_id(*native):
            raise Unreadable(f"session {session.id}: this is not the id of {session.agent} {session.native_id}")
        if not _ID.fullmatch(session.id) or (held is not None and (held.agent, held.native_id) != native):
            raise Unreadable(f"session {session.id}: this is the id of another session, or none at all")
        return session

    def _keep_edits(self, session_id: str, edits: Edits | None) -> None:
        if edits is None:
            return
        own = self.store.edits(session_id)
        joined = Edits(
            name=edits.name if own.name is None else own.name,
            description=edits.description if own.description is None else own.description,
            project=edits.project if own.project is None else own.project,
            tags=tuple(sorted({*own.tags, *edits.tags})),
            expires=edits.expires if own.expires is None else own.expires,
        )
        self.store.change(session_id, joined)

    def _keep_raw(self, piece: RawPiece, captured: dict[str, frozenset[str]]) -> None:
        """Keep source bytes of files that were never captured here; what was captured is never replaced."""
        session = self.store.get(piece.session)
        if session is None or piece.version or not isinstance(self.store, SupportsRaw):
            return
        if piece.session not in captured:
            captured[piece.session] = frozenset(f.path for f in self.store.raw_files(piece.session))
        if piece.path not in captured[piece.session]:
            raw = Raw(path=piece.path, offset=piece.offset, data=piece.data, whole=piece.whole, rows=piece.rows)
            self.store.put(Transcript(session=self._plain(session, Header())), raw=raw)

    def _plain(self, session: Session, header: Header) -> Session:
        """Leave out what the store says itself, and the tags that a person gave: those are edits."""
        own = {*self.store.edits(session.id).tags, *header.edits.get(session.id, Edits()).tags}
        tags = tuple(t for t in session.tags if t not in own)
        return replace(session, rollup=Rollup(), revision=0, trashed=None, tags=tags)

    def _raw_of(self, session: Session) -> Iterator[RawPiece]:
        if not isinstance(self.store, SupportsRaw):
            return
        for file in self.store.raw_files(session.id):
            data = b"".join(self.store.raw(file))
            yield RawPiece(
                session=session.id,
                path=file.path,
                offset=file.start,
                data=data,
                version=file.version,
                rows=file.rows,
                whole=not file.rows and not file.start,
            )

    def _transcript(self, session: Session) -> Transcript:
        requests: tuple[Request, ...] = ()
        if isinstance(self.store, SupportsLedger):
            requests = tuple(e.request for e in self.store.ledger(session.id))
        return Transcript(session=session, messages=tuple(self.store.messages(session.id)), requests=requests)

    def _masked_header(self, sessions: Iterable[Session], header: Header) -> Header:
        counts: dict[str, int] = {}
        for session in sessions:
            for rule, times in self._mask(self._transcript(session))[1].items():
                counts[rule] = counts.get(rule, 0) + times
        edits = {i: self._mask_value(e, Edits)[0] for i, e in header.edits.items()}
        return replace(header, masked=counts, edits=edits)

    def _mask(self, transcript: Transcript) -> tuple[Transcript, dict[str, int]]:
        counts: dict[str, int] = {}
        messages: list[Message] = []
        for message in transcript.messages:
            masked, found = self._mask_value(message, Message)
            messages.append(replace(masked, id=message.id, parent=message.parent))
            _add(counts, found)
        session, found = self._mask_value(transcript.session, Session)
        _add(counts, found)
        own = transcript.session
        session = replace(session, id=own.id, agent=own.agent, native_id=own.native_id, parent=own.parent)
        return replace(transcript, session=session, messages=tuple(messages)), counts

    def _mask_value(self, value: T, kind: type[T]) -> tuple[T, dict[str, int]]:
        """Mask every text inside a noun; ids, paths of requests and numbers stay."""
        tree, findings = self.redactor().mask_tree(msgspec.to_builtins(value))
        if not findings:
            return value, {}
        counts: dict[str, int] = {}
        for finding in findings:
            counts[finding.rule] = counts.get(finding.rule, 0) + 1
        return msgspec.convert(tree, kind), counts


def _format(stream: IO[bytes], path: Path, name: str | None) -> tuple[str, SupportsLoad]:
    """Choose by name or by the file's content, never by its suffix."""
    if name is not None:
        return name, _loader(name, path)
    best, sure = _claimed(stream)
    if sure < CLAIM:
        if not path.stat().st_size:
            raise Unreadable(
                f"{path} is empty", "a crash of its program may have left it so; nothing in it can be read"
            )
        known = ", ".join(n for group in _READ for n in registry.names(group) if _is_read(group, n))
        raise Unreadable(f"{path} is of no known format", f"known: {known}")
    return best, _loader(best, path)


def _claimed(stream: IO[bytes]) -> tuple[str, float]:
    """Ask every format, and return the surest."""
    head = stream.read(HEAD)
    stream.seek(0)
    claims = {n: _claim(group, n, head, stream=stream) for group in _READ for n in registry.names(group)}
    best = max(claims, key=lambda n: claims[n])
    return best, claims[best]


def _claim(group: str, name: str, head: bytes, *, stream: IO[bytes]) -> float:
    kind: Format | Import = registry.load(group, name)()
    return kind.claims(stream) if isinstance(kind, SupportsClaim) else kind.sniff(head)


def _loader(name: str, path: Path) -> SupportsLoad:
    kind = registry.load(_group(name), name)()
    if not isinstance(kind, SupportsLoad):
        raise BadInput(f"{path} is {name}, which cannot be read back", "export as json, jsonl, yaml or native")
    return kind


def _is_read(group: str, name: str) -> bool:
    return isinstance(registry.load(group, name)(), SupportsLoad)


def _group(name: str) -> str:
    if name in registry.names("imports"):
        return "imports"
    return "imports" if name not in registry.names("formats") and name in registry.third_party("imports") else "formats"


def _add(counts: dict[str, int], found: Mapping[str, int]) -> None:
    for rule, times in found.items():
        counts[rule] = counts.get(rule, 0) + times
