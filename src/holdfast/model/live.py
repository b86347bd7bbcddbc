"""Live state: what a session is doing now, on what evidence, and what a board, a health score and an advice say of it.

Knows the words and their order; refuses to know processes, files and thresholds. A state is never sticky: it is as good as
the evidence under it, and the strongest fresh evidence decides.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from holdfast.model.process import Process
from holdfast.model.session import Context, Session

State = Literal[
    "working",
    "waiting-permission",
    "waiting-question",
    "waiting-limit",
    "idle",
    "done-unread",
    "error",
    "ended",
    "unknown",
]
STATES: tuple[State, ...] = (
    "waiting-permission",
    "waiting-question",
    "waiting-limit",
    "error",
    "done-unread",
    "working",
    "idle",
    "unknown",
    "ended",
)
"""In the order in which a board shows them: what needs a person first."""
NEEDS_ME: frozenset[State] = frozenset(
    {"waiting-permission", "waiting-question", "waiting-limit", "error", "done-unread"}
)
GROUPS: dict[str, frozenset[State]] = {
    "active": frozenset({"working", "waiting-permission", "waiting-question", "waiting-limit", "done-unread"}),
    "waiting": frozenset({"waiting-permission", "waiting-question", "waiting-limit"}),
    "idle": frozenset({"idle"}),
    "error": frozenset({"error"}),
}
"""What a filter `status:NAME` stands for besides the states themselves."""
EvidenceKind = Literal["hook", "registry", "transcript", "process"]
EVIDENCE: tuple[EvidenceKind, ...] = ("hook", "registry", "transcript", "process")
"""The strongest first; a dead process overrules them all."""
Turn = Literal["none", "open", "said", "done", "interrupted", "failed"]
"""`said`: words came last and nothing says whether more follow; `interrupted`: by the person, who was there to do it."""
Asks = Literal["", "question", "permission"]
Scoring = Literal["default", "classic"]
Grade = Literal["healthy", "warning", "critical"]
Priority = Literal["high", "medium", "low"]

_QUESTIONS = frozenset(
    {
        "askuserquestion", "askuser", "askquestion", "askfollowupquestion", "requestuserinput", "question", "userinput",
        "askhuman", "clarify",
    }
)  # fmt: skip
_APPROVALS = frozenset({"exitplanmode", "exitspecmode", "planexit", "submitplan"})


def asking(tool: str) -> Asks:
    """Say what a tool by this name waits for from a person."""
    name = tool.lower().replace("_", "").replace("-", "")
    return "question" if name in _QUESTIONS else "permission" if name in _APPROVALS else ""


def is_limit(text: str) -> bool:
    """Tell whether an error's words speak of a limit of the plan or of the rate."""
    low = text.lower()
    return any(
        w in low
        for w in ("rate limit", "rate_limit", "ratelimit", "usage limit", "usage_limit", "limit reached", "hit your limit",
                  "quota", "too many requests", "resource_exhausted", "insufficient credit", "out of credit", "429")
    )  # fmt: skip


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that was seen: what it says of the state, when it was true (Unix ms), and where it stands."""

    kind: EvidenceKind
    state: State
    at: int
    detail: str = ""
    """In words for a person: `task_started without task_complete, line 214`."""
    confidence: float = 1.0


class Claim(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a source knows of one running process: which session it holds, and what its own registry says of the state."""

    native_id: str = ""
    """Empty where the process is this agent's but nothing says which session it holds."""
    path: str = ""
    """The transcript it writes, where that is known."""
    cwd: str = ""
    evidence: Evidence | None = None
    resumes: bool = False
    """True where the process was told to go on with the newest session of its folder: that one may be older than it."""
    editor: bool = False
    """True where the process is an editor that shows sessions of its own store: no agent itself, never a row without one."""
    folders: tuple[str, ...] = ()
    """Where the transcripts of its folder lie, for agents that write no folder into them."""
    never: tuple[str, ...] = ()
    """Native ids of sessions that are known to be other processes'."""
    host: bool = False
    """True for a server of many sessions: it holds those that it names, and none by its folder."""


class Tail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the end of a transcript says of the last turn; the strongest word a file has, no judgement yet."""

    turn: Turn = "none"
    at: int | None = None
    """When the last record of the conversation was written (Unix ms)."""
    prompted: int | None = None
    """When the turn began: the last thing a person (or a queue) said."""
    calls: tuple[str, ...] = ()
    """Tools that were called and have not answered."""
    called: int | None = None
    """Since when the oldest of them has been open."""
    asks: Asks = ""
    needs: str = ""
    """What is asked, or what went wrong, in the agent's own words."""
    error: str = ""
    """Why the turn ended, where it ended in an error."""
    limited: bool = False
    """True where that error is a limit of the plan or of the rate."""
    errors: int = 0
    """Failures in a row at the end: tools that failed, requests that are tried again."""
    closed: bool = False
    """True where the session said good-bye."""
    windows: tuple[Window, ...] = ()


class Live(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session's state now, with the evidence it rests on (the deciding one first)."""

    state: State = "unknown"
    since: int | None = None
    """Since when (Unix ms) it has been in this state, as far as the evidence tells."""
    confidence: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    process: Process | None = None
    ambiguous: bool = False
    """True where several sessions could be the process's: none of them is given it."""
    needs: str = ""
    """What is asked of the person, in their agent's own words, where that is known."""


class Window(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A plan's limit as an agent recorded it: used share (0 to 1) of a window of so many minutes, and when it begins anew."""

    name: str
    used: float
    minutes: int | None = None
    resets: int | None = None
    agent: str = ""
    at: int | None = None


class Factor(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One factor of a health score: from 0 (bad) to 1 (good), its weight, and what it rests on."""

    name: str
    score: float
    weight: float
    evidence: str = ""
    advice: str = ""


class Health(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session's health from 0 to 1, with the factors it is made of."""

    session: str
    scoring: Scoring
    score: float
    grade: Grade
    factors: tuple[Factor, ...] = ()
    advice: tuple[str, ...] = ()
    streak: int = 0
    """Failures in a row at the end of the conversation."""


class Advice(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing worth doing: for which sessions, why, and the command that does it."""

    kind: str
    priority: Priority
    sessions: tuple[str, ...]
    message: str
    reason: str = ""
    action: str = ""


class BoardRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One session on the board."""

    session: Session
    live: Live
    context: Context | None = None
    """The context in use and its limit after the last request of the main chain."""
    tokens_per_minute: float = 0.0
    """Over the last five minutes, all classes but cache reads."""
    burn: tuple[int, ...] = ()
    """Tokens in each of the last twelve spans of ten seconds, the newest last."""
    cost_today: str | None = None
    """US dollars as a decimal text; None where the price is unknown."""
    health: Health | None = None
    secrets: int = 0
    """Secrets that were seen in its last messages."""


class Board(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything a dashboard shows, at one moment (Unix ms)."""

    at: int
    rows: tuple[BoardRow, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    """Sessions by state."""
    tokens_per_minute: float = 0.0
    cost_today: str | None = None
    windows: tuple[Window, ...] = ()
    advice: tuple[Advice, ...] = ()
    stale: int = 0
    """Files that are known to have changed and are not read yet."""
