"""Which process holds which session: each at most one, and never a guess.

A session that its process names (registry, lock, open file, command line, hook) is the one. Else the folder decides, if it
can: one process and one newest session that was written to since the process began. Two that cannot be told apart are
ambiguous, and none of them is given a process.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.model import Session, observed_id
from holdfast.model.live import Claim, Evidence
from holdfast.sources.base import Scene, Source, SupportsLive

if TYPE_CHECKING:
    from holdfast.model.process import Process
    from holdfast.services._monitor.spool import Said

SLACK_MS = 5000
"""A session may have been written to so long before its process began: clocks of files and processes differ."""
AFTER_MS = 2000
_WORD = re.compile(r"[a-z]+")
_SHARED = frozenset({"code", "cli", "chat"})
OWN_FILE = ".jsonl"
_DAY_MS = 86_400_000


class Holding(Struct, kw_only=True):
    """A process with the session that it holds; without a process for sessions that several processes may hold."""

    agent: str
    session: Session | None
    process: Process | None = None
    path: str = ""
    evidence: Evidence | None = None
    ambiguous: bool = False
    is_sure_to_run: bool = True


class Running(Struct, kw_only=True):
    """A process of an agent, and what its source says of it."""

    agent: str
    process: Process
    claim: Claim


class Shelf:
    """Sessions, looked up as processes name them."""

    def __init__(self, sessions: Sequence[Session], written: Callable[[str], int | None]) -> None:
        """Take all sessions, and what tells when a file was last written (Unix ms)."""
        self.by_id = {s.id: s for s in sessions}
        self.written = written
        self._sessions = sessions
        self._agents: dict[str, list[Session]] = {}
        self._real: dict[str, str] = {}

    def of(self, agent: str) -> list[Session]:
        """Return an agent's sessions without its sub-agents'."""
        if not self._agents:
            for session in self._sessions:
                if not _is_below(session):
                    self._agents.setdefault(session.agent, []).append(session)
        return self._agents.get(agent, [])

    def named(self, agent: str, claim: Claim) -> Session | None:
        """Return the session that a claim names, also one that nobody read yet; None where it names none."""
        native = claim.native_id
        if native:
            known = self.by_id.get(observed_id(agent, native))
            matching = (s for s in self.of(agent) if s.native_id == native)
            return known or next(matching, None) or self._new(agent, native, claim)
        if claim.path:
            path = self.real(claim.path)
            return next((s for s in self.of(agent) if self.real(s.source_path) == path), None)
        return None

    def _new(self, agent: str, native: str, claim: Claim) -> Session:
        return Session(
            id=observed_id(agent, native), agent=agent, native_id=native, cwd=claim.cwd, project=claim.cwd,
            source_path=claim.path,
        )  # fmt: skip

    def last_sign(self, session: Session) -> int:
        """Return when a session was last written to, by its records or its file."""
        own = session.source_path if session.source_path.endswith(OWN_FILE) else ""  # databases have many writers
        return max(session.active or 0, session.started or 0, self.written(own) or 0)

    def real(self, path: str) -> str:
        """Return a path without symbolic links."""
        found = self._real.get(path)
        if found is None:
            found = self._real[path] = os.path.realpath(path) if path else ""
        return found


def words_of(processes: Iterable[Process]) -> frozenset[str]:
    """Return the words of the commands that run, without those that many programs share."""
    found = (w for p in processes for argument in p.argv[:2] for w in _WORD.findall(argument[:200].lower()))
    return frozenset(found) - _SHARED


def running(
    processes: Sequence[Process], sources: Mapping[str, Source], scene: Callable[[Source], Scene]
) -> list[Running]:
    """Return the agents' processes, launchers and their workers as one."""
    found: list[Running] = []
    for name, source in sources.items():
        if isinstance(source, SupportsLive):
            view = scene(source)
            mine = [Running(agent=name, process=p, claim=c) for p in processes for c in source.claims(p, view)]
            found += _without_workers(mine)
    return found


def _without_workers(found: list[Running]) -> list[Running]:
    """Leave out the lesser of a launcher and the worker that it started: the one that names no session, else the worker."""
    by_pid = {r.process.pid: r for r in found}
    gone: set[int] = set()
    for worker in found:
        launcher = by_pid.get(worker.process.parent)
        if launcher is None or launcher is worker or worker.claim.editor:
            continue
        named, above = _name(worker), _name(launcher)
        if named and not above:
            gone.add(launcher.process.pid)
        elif not named or named == above:
            gone.add(worker.process.pid)
    return [r for r in found if r.process.pid not in gone]


def _name(found: Running) -> str:
    return found.claim.native_id or found.claim.path


def by_hooks(found: Iterable[Running], said: Iterable[Said], processes: Mapping[int, Process]) -> None:
    """Take the session that a process's newest hook names, unless its own registry is newer."""
    held = {r.process.pid: r for r in found if not (r.claim.host or r.claim.editor)}
    best: dict[int, Said] = {}
    for word in said:
        pid = _agent_above(word, held, processes)
        if pid is not None and word.native_id and (pid not in best or word.at >= best[pid].at):
            best[pid] = word
    for pid, word in best.items():
        claim = held[pid].claim
        registered = claim.evidence.at if claim.evidence is not None else 0
        if claim.native_id != word.native_id and (not claim.native_id or word.at > registered):
            held[pid].claim = Claim(native_id=word.native_id, cwd=word.cwd or claim.cwd)


def _agent_above(word: Said, held: Mapping[int, Running], processes: Mapping[int, Process]) -> int | None:
    """Return the agent's process that a hook ran in: the one it names, or the next above it, if that is as old."""
    pid = word.pid
    for _ in range(5):
        process = None if pid is None else processes.get(pid)
        if pid is None or process is None or process.started > word.at + AFTER_MS:
            return None
        if pid in held and held[pid].agent == word.agent:
            return pid
        pid = process.parent
    return None


def join(found: Sequence[Running], shelf: Shelf, *, now: int) -> list[Holding]:
    """Give each process its session, as far as that is certain."""
    holdings: dict[str, Holding] = {}
    left: list[Running] = []
    for one in found:
        session = None if one.claim.editor else shelf.named(one.agent, one.claim)
        if session is not None:
            _hold(holdings, one, session)
        else:
            left.append(one)
    _one_each(holdings)
    taken = {h.session.id for h in holdings.values() if h.session is not None}
    by_folder: dict[tuple[str, str], list[Running]] = {}
    for one in left:
        if one.claim.editor:
            continue
        if not one.claim.host:
            by_folder.setdefault((one.agent, shelf.real(one.claim.cwd or one.process.cwd)), []).append(one)
    rows = list(holdings.values())
    for (agent, folder), group in by_folder.items():
        rows += _in_folder(agent, folder, group, shelf=shelf, taken=taken)
    for one in left:
        if one.claim.editor:
            rows += _in_editor(one, shelf, taken, now)
    return rows


def _hold(holdings: dict[str, Holding], one: Running, session: Session) -> None:
    before = holdings.get(session.id)
    if before is not None and before.process is not None and before.process.started > one.process.started:
        return
    holdings[session.id] = Holding(
        agent=one.agent, session=session, process=one.process, path=one.claim.path, evidence=one.claim.evidence
    )


def _one_each(holdings: dict[str, Holding]) -> None:
    """Leave a process that is no server one session: no sub-agent's, the newest."""
    by_pid: dict[int, list[Holding]] = {}
    for holding in holdings.values():
        if holding.process is not None and holding.session is not None:
            by_pid.setdefault(holding.process.pid, []).append(holding)
    for several in by_pid.values():
        children = [h.session.id for h in several if h.session is not None and _is_below(h.session)]
        if len(children) < len(several):
            for ident in children:
                holdings.pop(ident)


def _is_below(session: Session) -> bool:
    return session.parent is not None and session.parent.kind == "subagent"


def _in_folder(agent: str, folder: str, group: list[Running], *, shelf: Shelf, taken: set[str]) -> list[Holding]:
    folders = tuple(f"{shelf.real(f)}{os.sep}" for one in group for f in one.claim.folders)
    free = [s for s in shelf.of(agent) if s.id not in taken and s.extra.get("store") not in ("ide", "chat-panel")]
    candidates = [s for s in free if _is_in(s, folder, folders, shelf)]
    edges = {one.process.pid: [s for s in candidates if _could_hold(one, s, shelf)] for one in group}
    rows: list[Holding] = []
    for processes, sessions in _components(group, edges):
        taken.update(s.id for s in sessions)
        rows += _told_apart(agent, processes, sessions, shelf)
    return rows


def _is_in(session: Session, folder: str, folders: tuple[str, ...], shelf: Shelf) -> bool:
    if session.cwd and shelf.real(session.cwd) == folder:
        return True
    return bool(folders) and not session.cwd and shelf.real(session.source_path).startswith(folders)


def _could_hold(one: Running, session: Session, shelf: Shelf) -> bool:
    if session.native_id in one.claim.never and shelf.last_sign(session) < one.process.started:
        return False
    return one.claim.resumes or shelf.last_sign(session) >= one.process.started - SLACK_MS


def _components(
    group: list[Running], edges: Mapping[int, list[Session]]
) -> Iterable[tuple[list[Running], list[Session]]]:
    """Yield processes that may hold the same sessions, with those sessions."""
    waiting = list(group)
    while waiting:
        processes = [waiting.pop()]
        sessions = {s.id: s for s in edges[processes[0].process.pid]}
        grown = True
        while grown:
            near = [p for p in waiting if any(s.id in sessions for s in edges[p.process.pid])]
            grown = bool(near)
            for one in near:
                waiting.remove(one)
                processes.append(one)
                sessions.update((s.id, s) for s in edges[one.process.pid])
        yield processes, list(sessions.values())


def _told_apart(agent: str, processes: list[Running], sessions: list[Session], shelf: Shelf) -> list[Holding]:
    if not sessions:
        return [Holding(agent=agent, session=None, process=one.process) for one in processes]
    newest = max(sessions, key=lambda s: (s.started or 0, shelf.last_sign(s)))
    resumes = len(processes) == 1 and processes[0].claim.resumes
    if resumes:
        newest = max(sessions, key=lambda s: s.active or 0)
    if len(processes) == 1 and (resumes or _follows_all(newest, sessions)):
        return [Holding(agent=agent, session=newest, process=processes[0].process)]
    enough = len(processes) >= len(sessions)
    return [Holding(agent=agent, session=s, ambiguous=True, is_sure_to_run=enough) for s in sessions]


def _follows_all(newest: Session, sessions: Iterable[Session]) -> bool:
    """Tell whether a session began when all others were over, as one process's sessions do."""
    others = [s for s in sessions if s is not newest]
    return not others or (
        newest.started is not None and all((s.active or 0) <= newest.started + AFTER_MS for s in others)
    )


def _in_editor(one: Running, shelf: Shelf, taken: set[str], now: int) -> list[Holding]:
    """Return the sessions of an editor's own store that went on while it ran."""
    rows = []
    for session in shelf.of(one.agent):
        is_its = session.extra.get("store") not in ("cli", "transcript")
        recent = max(one.process.started - SLACK_MS, now - _DAY_MS)
        if is_its and session.id not in taken and (session.active or 0) >= recent:
            taken.add(session.id)
            rows.append(Holding(agent=one.agent, session=session, process=one.process))
    return rows


def alone(process: Process, agent: str, mark: str) -> Session:
    """Return a stand-in for the session of a process of which nothing is written down yet: the same on every scan."""
    ident = observed_id(agent, f"process {process.pid} {mark or process.started}")
    return Session(
        id=ident, agent=agent, native_id="", cwd=process.cwd, project=process.cwd, started=process.started,
        active=process.started,
    )  # fmt: skip
