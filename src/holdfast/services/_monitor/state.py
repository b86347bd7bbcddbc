"""The state of one session as a pure function of what was seen: the strongest fresh evidence decides, a dead process ends it.

Knows evidence, its order and how long it stays fresh; refuses to look at anything. Hook > registry > transcript > process.
A weaker word that is newer and says otherwise unseats a stronger one: nothing stays only because it was said once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from holdfast.model.live import EVIDENCE, Evidence, Live, State, Tail

if TYPE_CHECKING:
    from holdfast.model.process import Process

MINUTE_MS = 60_000
SURE: dict[str, float] = {"hook": 0.97, "registry": 0.93, "transcript": 0.85, "process": 0.3}
GUESS = 0.6
LONG_CALL = 3
"""So many times longer work is believed while a tool runs, of a witness that tells of waits too."""
RESTING: frozenset[State] = frozenset({"idle", "done-unread"})
_ASKED: dict[str, State] = {"question": "waiting-question", "permission": "waiting-permission"}
WAITING: frozenset[State] = frozenset({"waiting-permission", "waiting-question"})


class Rules(Struct, frozen=True, kw_only=True):
    """How long evidence counts."""

    idle_ms: int = 30 * MINUTE_MS
    """After so long without a sign, work is no longer believed, and a finished turn is no longer news."""
    said_ms: int = 30_000
    """After so long without a record, words that nothing ended are taken for the end of a turn."""
    grace_ms: int = 2000
    """By so much two kinds of evidence may be apart and still speak of the same moment."""
    limit_ms: int = 5 * 60 * MINUTE_MS
    """After so long a limit whose end nobody wrote down is over."""
    streak: int = 3
    """So many failed requests in a row are an error, and no longer a hiccup."""


class Facts(Struct, frozen=True, kw_only=True):
    """Everything that is known of one session at one moment."""

    process: Process | None = None
    tail: Tail | None = None
    evidence: tuple[Evidence, ...] = ()
    """What hooks and registries said."""
    read: int = 0
    """Up to when (Unix ms) a person saw the session."""
    child: int | None = None
    """When the newest process below the agent's own began, while it runs."""
    ambiguous: bool = False
    is_sure_to_run: bool = True
    """False for one of several sessions that fewer processes may hold."""


def judge(facts: Facts, *, now: int, rules: Rules) -> Live:
    """Return the state with its evidence, the deciding one first."""
    told = _by_strength(facts, now, rules)
    if facts.process is None and not facts.ambiguous:
        return _ended(facts, told)
    if not facts.is_sure_to_run:
        return Live(state="unknown", evidence=told, ambiguous=True, confidence=0.0)
    if facts.process is not None and facts.process.stopped:
        return _suspended(facts.process, told)
    standing = [e for e in told if not _is_unseated(e, told, facts, rules) and _is_fresh(e, facts, now, rules)]
    if not standing:
        return _known_to_run(facts, told)
    chosen = _refined(standing[0], facts, now, rules)
    others = tuple(e for e in told if e is not standing[0])
    return Live(
        state=chosen.state, since=chosen.at, confidence=chosen.confidence, evidence=(chosen, *others), process=facts.process,
        ambiguous=facts.ambiguous, needs=_needs(chosen, facts.tail),
    )  # fmt: skip


def from_tail(tail: Tail | None, *, now: int, rules: Rules) -> Evidence | None:
    """Return what a transcript's end says by itself."""
    if tail is None or tail.at is None or tail.turn == "none":
        return None
    state, detail, sure = _of_turn(tail, now, rules)
    if tail.closed:
        state, detail = "ended", "it said good-bye"
    return Evidence(kind="transcript", state=state, at=tail.at, detail=detail, confidence=sure)


def _of_turn(tail: Tail, now: int, rules: Rules) -> tuple[State, str, float]:
    sure = SURE["transcript"]
    if tail.asks:
        return _ASKED[tail.asks], f"asks: {tail.needs}" if tail.needs else "asks", sure
    match tail.turn:
        case "failed":
            return ("waiting-limit" if tail.limited else "error"), tail.error, sure
        case "done":
            return "done-unread", "the turn ended", sure
        case "interrupted":
            return "idle", "the person stopped the turn", sure
        case "said" if not tail.calls and now - (tail.at or 0) >= rules.said_ms:
            return "done-unread", "words came last, and nothing since", GUESS
        case _:
            return _of_open_turn(tail, rules)


def _of_open_turn(tail: Tail, rules: Rules) -> tuple[State, str, float]:
    if tail.error and tail.errors >= rules.streak:
        return ("waiting-limit" if tail.limited else "error"), f"{tail.errors} requests failed: {tail.error}", GUESS
    if tail.calls:
        return "working", f"{tail.calls[-1]} has not answered", SURE["transcript"]
    return "working", "a turn is open", SURE["transcript"]


def _by_strength(facts: Facts, now: int, rules: Rules) -> tuple[Evidence, ...]:
    told = [replace(e, confidence=min(e.confidence, SURE[e.kind])) for e in facts.evidence if e.at <= now + MINUTE_MS]
    transcript = from_tail(facts.tail, now=now, rules=rules)
    if transcript is not None:
        told.append(transcript)
    return tuple(sorted(told, key=lambda e: (EVIDENCE.index(e.kind), -e.at)))


def _is_unseated(evidence: Evidence, told: tuple[Evidence, ...], facts: Facts, rules: Rules) -> bool:
    """Tell whether a weaker word is newer, says otherwise, and cannot be true together with this one."""
    rank = EVIDENCE.index(evidence.kind)
    for other in told:
        if EVIDENCE.index(other.kind) <= rank or other.at <= evidence.at + rules.grace_ms or _agree(evidence, other):
            continue
        if other.confidence <= GUESS or _still_asks(evidence, other, facts.tail, rules):
            continue
        return True
    return False


def _agree(one: Evidence, other: Evidence) -> bool:
    return one.state == other.state or {one.state, other.state} <= RESTING or {one.state, other.state} <= WAITING


def _still_asks(evidence: Evidence, other: Evidence, tail: Tail | None, rules: Rules) -> bool:
    """Tell whether the call that was asked about is open still: only then other calls beside it say nothing."""
    return (
        evidence.state in WAITING
        and other.kind == "transcript"
        and tail is not None
        and tail.called is not None
        and tail.called <= evidence.at + rules.grace_ms
    )


def _is_fresh(evidence: Evidence, facts: Facts, now: int, rules: Rules) -> bool:
    if evidence.state == "waiting-limit":
        return not _is_over(evidence, facts.tail, now, rules)
    if evidence.state != "working":
        return True
    signs, patience = [evidence.at], rules.idle_ms
    if facts.tail is not None and facts.tail.at is not None:
        signs.append(facts.tail.at)
        if (
            facts.child is not None
            and facts.tail.called is not None
            and facts.child >= facts.tail.called - rules.grace_ms
        ):
            return True  # what the open call started runs still
        if facts.tail.called is not None and evidence.kind != "transcript":
            patience *= LONG_CALL  # it would have been told of a wait, and is not written to while a tool runs
    return now - max(signs) < patience


def _is_over(evidence: Evidence, tail: Tail | None, now: int, rules: Rules) -> bool:
    """Tell whether a limit has ended: at the time that was written down, else after the longest of windows."""
    resets = [w.resets for w in tail.windows if w.used >= 1 and w.resets is not None] if tail is not None else []
    return now >= max(resets) if resets else now - evidence.at >= rules.limit_ms


def _refined(chosen: Evidence, facts: Facts, now: int, rules: Rules) -> Evidence:
    """Say more exactly what a word leaves open: what is waited for, and whether a finished turn is news."""
    tail = facts.tail
    if chosen.state in WAITING and chosen.kind == "registry" and tail is not None and tail.asks == "question":
        return replace(chosen, state="waiting-question")
    if chosen.state == "error" and chosen.at <= facts.read:
        return replace(chosen, state="idle")
    if chosen.state not in RESTING:
        return chosen
    if chosen.kind != "transcript" and tail is not None and tail.turn == "failed" and (tail.at or 0) > facts.read:
        failed = from_tail(tail, now=now, rules=rules)
        if failed is not None and _is_fresh(failed, facts, now, rules):
            return failed  # at rest, says the stronger one; and the transcript says why
    finished = _finished(chosen, tail)
    is_news = finished is not None and finished > facts.read and now - finished < rules.idle_ms
    return replace(chosen, state="done-unread" if is_news else "idle")


def _finished(chosen: Evidence, tail: Tail | None) -> int | None:
    """Return when the last turn ended well, as far as the evidence tells."""
    if tail is not None and tail.turn in ("done", "said") and tail.at is not None:
        return tail.at
    if tail is not None and tail.turn == "interrupted" and chosen.kind == "registry":
        return None
    return chosen.at if chosen.state == "done-unread" else None


def _ended(facts: Facts, told: tuple[Evidence, ...]) -> Live:
    at = max((e.at for e in told), default=facts.tail.at if facts.tail is not None else None)
    was_open = facts.tail is not None and facts.tail.turn == "open" and not facts.tail.closed
    detail = "no process; its last turn was interrupted" if was_open else "no process"
    evidence = Evidence(kind="process", state="ended", at=at or 0, detail=detail)
    return Live(state="ended", since=at, confidence=0.95, evidence=(evidence, *told))


def _suspended(process: Process, told: tuple[Evidence, ...]) -> Live:
    evidence = Evidence(kind="process", state="idle", at=process.started, detail=f"process {process.pid} is suspended")
    return Live(
        state="idle", since=told[0].at if told else None, confidence=0.9, evidence=(evidence, *told), process=process
    )


def _known_to_run(facts: Facts, told: tuple[Evidence, ...]) -> Live:
    """Nothing fresh is known but that the process runs."""
    if facts.process is None:
        return Live(state="unknown", evidence=told, ambiguous=facts.ambiguous)
    detail = f"process {facts.process.pid} runs" + (", and nothing was heard of it for long" if told else "")
    evidence = Evidence(
        kind="process", state="unknown", at=facts.process.started, detail=detail, confidence=SURE["process"]
    )
    limited = any(e.state == "waiting-limit" for e in told[:1])
    return Live(
        state="idle" if limited else "unknown", since=told[0].at if told else facts.process.started,
        confidence=SURE["process"], evidence=(evidence, *told), process=facts.process, ambiguous=facts.ambiguous,
    )  # fmt: skip


def _needs(chosen: Evidence, tail: Tail | None) -> str:
    if not chosen.state.startswith("waiting-") and chosen.state != "error":
        return ""
    words = tail.needs if tail is not None else ""
    return words or (chosen.detail if chosen.kind == "hook" else "")
