"""What `sources.exclude` keeps out: agents by name or glob, folders by path or glob.

Knows how a rule is read; refuses to know which agents there are and what is read.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable
from fnmatch import fnmatch, fnmatchcase

from msgspec import Struct

from holdfast.errors import BadInput


class Exclusion(Struct, frozen=True, kw_only=True):
    """Rules told apart; `unknown` are those that name neither an agent nor a folder."""

    agents: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def covers(self, *places: str) -> bool:
        """Tell whether one of the places is kept out, or lies in a folder that is."""
        rules = (*self.folders, *self.unknown)
        return any(_within(place, rule) for place in places if place for rule in rules)


def exclusion(rules: Iterable[object], agents: Iterable[str]) -> Exclusion:
    """Tell the rules apart, for these agents; `~` stands for the home folder."""
    known, kept, folders, unknown = tuple(agents), set[str](), list[str](), list[str]()
    for rule in map(str, rules):
        named = [agent for agent in known if fnmatchcase(agent.lower(), rule.lower())]
        kept.update(named)
        if _is_place(rule):
            folders.append(os.path.expanduser(rule))  # noqa: PTH111 - a glob is no path
        elif not named:
            unknown.append(rule)
    return Exclusion(agents=frozenset(kept), folders=tuple(folders), unknown=tuple(unknown))


def check_exclusion(rules: Iterable[object], agents: Iterable[str]) -> None:
    """Raise errors.BadInput for a rule that would keep nothing out."""
    import difflib  # noqa: PLC0415 - needed only where something is to be checked

    known = tuple(agents)
    for rule in exclusion(rules, known).unknown:
        near = difflib.get_close_matches(rule.lower().replace(" ", "-").rpartition(":")[2], known, n=1, cutoff=0.6)
        meant = f"did you mean {near[0]}" if near else f"name a folder by its path; agents: {', '.join(sorted(known))}"
        raise BadInput(f"sources.exclude: {rule!r} is no agent and no path", meant)


def _is_place(rule: str) -> bool:
    return rule.startswith("~") or "/" in rule or "\\" in rule


def _within(place: str, rule: str) -> bool:
    folder = rule.rstrip("/\\") or rule
    return fnmatch(place, rule) or fnmatch(place, folder) or place.startswith((f"{folder}/", f"{folder}\\"))
