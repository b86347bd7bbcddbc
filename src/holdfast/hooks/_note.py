"""One call of an agent, from its command line to the line in the spool."""

from __future__ import annotations

import os
import sys
import time

from holdfast.hooks import _payload, _spool, _states

PATIENCE = 3.0
"""Seconds after which a hook gives up, for example on a disk that does not answer."""
SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "fish", "busybox", "env"})
GENERATIONS = 4


def note(arguments: list[str]) -> None:
    """Answer the agent, then write down what it said."""
    _give_up_after(PATIENCE)
    words, options, given = _parts(arguments)
    agent = _states.slug(words[0] if words else "")
    if not agent:
        return
    payload = _payload.fields(given.encode() if given else _payload.received())
    event = words[1] if len(words) > 1 else _states.event_of(payload)
    answer = _states.answer(agent, event)
    if answer:
        os.write(1, answer)
    if "cursor_version" in payload:
        agent = "cursor"  # it runs the hooks of Claude Code as well
    folder = options.get("--data") or _spool.data_dir(os.environ)
    write(agent, event, payload, folder=folder, pid=_pid(options.get("--pid", "")))


def write(agent: str, event: str, payload: dict[str, object], *, folder: str, pid: int | None) -> None:
    """Append what an event says of the state; nothing where it says nothing."""
    said = _states.state(event, payload)
    native_id = _states.native_id(payload)
    if said is not None and _states.depends(event):
        said = _states.settled(said, event, payload, _spool.last(folder, agent, native_id))
    if said is None:
        return
    state, detail = said
    line = {
        "v": 1,
        "at": _states.moment(payload) or time.time_ns() // 1_000_000,
        "agent": agent,
        "native_id": native_id,
        "pid": pid,
        "cwd": _states.folder(payload) or _here(),
        "event": event[:80],
        "state": state,
        "detail": detail[:300],
    }
    _spool.append(folder, agent, line)


def _parts(arguments: list[str]) -> tuple[list[str], dict[str, str], str]:
    """Tell words, options with their values, and a payload apart; what is empty or unknown is passed over."""
    words: list[str] = []
    options: dict[str, str] = {}
    payload = ""
    name = ""
    for argument in arguments:
        if argument.startswith("--"):
            name = argument
        elif argument.startswith("{"):
            payload = argument
        elif name and not (name == "--pid" and not argument.isdigit()):
            options[name] = argument
            name = ""
        elif argument:
            words.append(argument)
            name = ""
    return words, options, payload


def _give_up_after(seconds: float) -> None:
    signal = sys.modules.get("_signal")  # what stands around it takes longer to load than all of this
    if signal is not None and hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _pid(given: str) -> int | None:
    """Return the agent's process: the one that the shell named, else the first above us that is no shell."""
    if given.isdigit() and int(given) > 1:
        return int(given)
    pid = os.getppid()
    for _ in range(GENERATIONS):
        try:
            with open(f"/proc/{pid}/stat", "rb") as stream:
                head, _, rest = stream.read().rpartition(b")")
        except OSError:
            return None
        if head.partition(b"(")[2].decode("utf-8", "replace") not in SHELLS:
            return pid if pid > 1 else None
        pid = int(rest.split()[1])
    return None


def _here() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""
