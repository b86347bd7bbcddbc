"""Checks of settings: files, unknown keys, exclusions, the price table, the rules that find secrets."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast import config as configuration
from holdfast.config.exclude import check_exclusion
from holdfast.errors import BadInput, HoldfastError
from holdfast.services._doctor.checkup import Finding, plural

if TYPE_CHECKING:
    from holdfast.services._doctor.checkup import Scene

OLD_DAYS = 120


def files(scene: Scene) -> Finding:
    """Name the files in use, or what is wrong with one of them."""
    try:
        found = configuration.load(env=scene.env).files
    except HoldfastError as error:
        # The key and the file say enough: the value itself may be a secret.
        return Finding("problem", error.message.partition(", not ")[0], error.hint or "holdfast config show")
    if not found:
        return Finding("ok", f"none: {configuration.user_file(scene.env)} does not exist, defaults hold")
    return Finding("ok", ", ".join(found))


def variables(scene: Scene) -> Finding:
    """A variable that looks like ours and is none does nothing."""
    known = {k.env for k in configuration.KEYS} | {
        "HOLDFAST_HOME",
        "HOLDFAST_DEBUG",
        "HOLDFAST_RECORDINGS",
        "HOLDFAST_NO_SKIP",
    }
    ours = sorted(n for n in scene.env if n.startswith("HOLDFAST_"))
    unknown = [n for n in ours if n not in known]
    if unknown:
        return Finding("warning", f"not known: {', '.join(unknown)}", "holdfast config show")
    return Finding("ok", ", ".join(ours) or "none set")


def exclusions(scene: Scene) -> Finding:
    """What a person keeps out is not read at all."""
    rules = scene.config["sources.exclude"]
    try:
        check_exclusion(rules, scene.sources())
    except BadInput as error:
        return Finding("problem", f"{error.message}, so it may keep nothing out", error.hint)
    if rules:
        return Finding("note", f"not read: {', '.join(str(r) for r in rules)}", "holdfast config show sources.exclude")
    return Finding("ok", "nothing is kept out")


def further_roots(scene: Scene) -> Finding:
    """Folders named in the settings should exist."""
    named = [Path(p).expanduser() for places in scene.config["sources.roots"].values() for p in places]
    missing = [str(p) for p in named if not p.exists()]
    if missing:
        return Finding(
            "warning",
            f"named in sources.roots and not there: {', '.join(missing)}",
            "holdfast config show sources.roots",
        )
    return Finding("ok", plural(len(named), "further folder") if named else "no further folders")


def price_table(scene: Scene) -> Finding:
    """Prices change; a table that is old says so."""
    found = scene.prices().provenance
    text = f"of {found['date']}"
    age = (datetime.fromtimestamp(scene.now(), tz=UTC).date() - date.fromisoformat(found["date"])).days
    if age > OLD_DAYS:
        return Finding("note", f"{text}, {age} days old", "pip install --upgrade holdfast, or set prices.file")
    return Finding("ok", f"{text}{', with your own prices over it' if found['overrides'] else ''}")


def secret_rules(scene: Scene) -> Finding:
    """Rules of a person's own must be there to mask anything."""
    missing = [str(p) for p in scene.config["redact.rules"] if not Path(p).expanduser().is_file()]
    if missing:
        return Finding(
            "problem",
            f"redact.rules names files that are not there: {', '.join(missing)}",
            "holdfast config show redact.rules",
        )
    own = len(scene.config["redact.rules"])
    return Finding("ok", f"engine {scene.config['redact.engine']}, {plural(own, 'file')} of your own")


def timezone(scene: Scene) -> Finding:
    """Days of usage begin at midnight of this zone."""
    name = scene.config["usage.timezone"]
    if not name:
        return Finding("ok", "the system's")
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return Finding("warning", f"no time zone {name!r}", "holdfast config set usage.timezone Europe/Berlin")
    return Finding("ok", name)


def synchronised(scene: Scene) -> Finding:
    """Say whether lists look for news by themselves."""
    if scene.config["sync.auto"]:
        return Finding("ok", "list and search read what changed first")
    return Finding("note", "sync.auto is off: lists show what the last sync saw", "holdfast sync")


CHECKS = (
    ("files", files),
    ("variables", variables),
    ("exclusions", exclusions),
    ("further folders", further_roots),
    ("prices", price_table),
    ("secret rules", secret_rules),
    ("time zone", timezone),
    ("news", synchronised),
)
