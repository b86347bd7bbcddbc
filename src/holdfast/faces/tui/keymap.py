"""Every key of the dashboard, once: what binds keys, the help, the key line and the page in the docs are all made of this.

Knows names of actions; refuses to know what draws or does them.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Place = Literal["board", "transcript"]


class Key(Struct, frozen=True, kw_only=True):
    """One action: the keys that start it, what it does, and one word for the key line (none: not shown there)."""

    keys: tuple[str, ...]
    action: str
    help: str
    word: str = ""


BOARD = (
    Key(keys=("q",), action="leave", help="leave", word="quit"),
    Key(keys=("question_mark", "h"), action="help", help="show all keys", word="help"),
    Key(keys=("r",), action="look", help="look now, instead of at the next turn", word="refresh"),
    Key(keys=("enter",), action="open", help="open the transcript", word="open"),
    Key(keys=("d",), action="details", help="show the next page of details: transcript, files, commands, health", word="details"),
    Key(keys=("slash",), action="filter", help="filter, for example: agent:codex status:waiting since:2d jwt", word="filter"),
    Key(keys=("x",), action="close", help="save and close the session, or all that are marked; asks first", word="close"),
    Key(keys=("t",), action="tag", help="tag the session, or all that are marked", word="tag"),
    Key(keys=("e",), action="export", help="export the session, or all that are marked, as Markdown", word="export"),
    Key(keys=("R",), action="resume", help="leave, and print the command that resumes the session", word="resume"),
    Key(keys=("y",), action="copy", help="copy the id of the session"),
    Key(keys=("Y",), action="copy_command", help="copy the command that resumes the session"),
    Key(keys=("space",), action="mark", help="mark the session, or take the mark away", word="mark"),
    Key(keys=("v",), action="group", help="group by state, project or agent", word="group"),
    Key(keys=("s",), action="sort", help="sort by state, age, cost or context", word="sort"),
    Key(keys=("tab",), action="pane", help="go to the other pane"),
    Key(keys=("j", "down"), action="move(1)", help="one down"),
    Key(keys=("k", "up"), action="move(-1)", help="one up"),
    Key(keys=("pagedown", "ctrl+d"), action="page(1)", help="one page down"),
    Key(keys=("pageup", "ctrl+u"), action="page(-1)", help="one page up"),
    Key(keys=("g", "home"), action="first", help="to the first"),
    Key(keys=("G", "end"), action="last", help="to the last"),
    Key(keys=tuple("123456789"), action="jump", help="to the first, second, third ... session of the list"),
    Key(keys=("n",), action="next_needing", help="to the next session that needs you"),
    Key(keys=("exclamation_mark",), action="only('waiting')", help="only those that wait for you"),
    Key(keys=("at",), action="only('working')", help="only those that work"),
    Key(keys=("number_sign",), action="only('idle')", help="only those that are idle"),
    Key(keys=("ampersand",), action="only('error')", help="only those with an error"),
    Key(keys=("escape",), action="back", help="take filter, marks and alerts away"),
    Key(keys=("colon", "ctrl+p"), action="palette", help="choose an action by name"),
)  # fmt: skip
TRANSCRIPT = (
    Key(keys=("escape", "q"), action="back", help="back to the board", word="back"),
    Key(keys=("question_mark", "h"), action="help", help="show all keys", word="help"),
    Key(keys=("slash",), action="find", help="find text", word="find"),
    Key(keys=("n",), action="found(1)", help="to the next place that was found", word="next"),
    Key(keys=("N",), action="found(-1)", help="to the one before", word="before"),
    Key(keys=("o",), action="unfold", help="show tool calls in full, or fold them to one line", word="unfold"),
    Key(keys=("right_square_bracket",), action="turn(1)", help="to the next prompt", word="next prompt"),
    Key(keys=("left_square_bracket",), action="turn(-1)", help="to the prompt before"),
    Key(keys=("f",), action="follow", help="follow what is written; scrolling up stops it", word="follow"),
    Key(keys=("j", "down"), action="move(1)", help="one line down"),
    Key(keys=("k", "up"), action="move(-1)", help="one line up"),
    Key(keys=("pagedown", "space", "ctrl+d"), action="page(1)", help="one page down"),
    Key(keys=("pageup", "ctrl+u"), action="page(-1)", help="one page up"),
    Key(keys=("g", "home"), action="first", help="to the beginning"),
    Key(keys=("G", "end"), action="last", help="to the end, and follow"),
)
PLACES: dict[Place, tuple[Key, ...]] = {"board": BOARD, "transcript": TRANSCRIPT}
TITLES: dict[Place, str] = {"board": "The board", "transcript": "A transcript"}
_SHOWN = {
    "question_mark": "?", "slash": "/", "colon": ":", "exclamation_mark": "!", "at": "@", "number_sign": "#", "ampersand": "&",
    "right_square_bracket": "]", "left_square_bracket": "[", "escape": "esc", "pagedown": "page down", "pageup": "page up",
}  # fmt: skip


def shown(key: str) -> str:
    """Return a key as it stands on a keyboard."""
    return _SHOWN.get(key, key)


def names_of(key: Key) -> list[str]:
    """Return an action's keys as they stand on a keyboard; several digits as their range."""
    return [f"{key.keys[0]}-{key.keys[-1]}"] if key.action == "jump" else [shown(k) for k in key.keys]


def bound(place: Place) -> list[tuple[str, str, str]]:
    """Return what is bound: a key, its action, its help; a digit is its action's argument."""
    return [
        (each, f"{key.action}({each})" if key.action == "jump" else key.action, key.help)
        for key in PLACES[place]
        for each in key.keys
    ]


def line_of(place: Place) -> list[tuple[str, str, str]]:
    """Return what the key line shows: key, word, action."""
    return [(shown(k.keys[0]), k.word, k.action) for k in PLACES[place] if k.word]


def rows_of(place: Place) -> list[tuple[str, str]]:
    """Return what the help shows: all keys of an action, and what it does."""
    return [(", ".join(names_of(key)), key.help) for key in PLACES[place]]


def page() -> str:
    """Return the page of keys for the docs."""
    parts = ["# Keys of the dashboard\n\nMade from the key map; `?` shows the same inside the dashboard.\n"]
    for place, title in TITLES.items():
        rows = "\n".join(f"| {', '.join(f'`{k}`' for k in names_of(key))} | {key.help} |" for key in PLACES[place])
        parts.append(f"## {title}\n\n| keys | what they do |\n|---|---|\n{rows}\n")
    return "\n".join(parts)
