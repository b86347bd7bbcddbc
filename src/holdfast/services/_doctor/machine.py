"""Checks of the machine: versions, terminal, clock, what is installed, what runs at every start of Python."""

from __future__ import annotations

import codecs
import locale
import os
import platform
import re
import site
import sys
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import holdfast
from holdfast import config as configuration
from holdfast._sqlite import open_database
from holdfast.errors import Unreadable
from holdfast.services._doctor.checkup import Finding, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holdfast.services._doctor.checkup import Scene

EXTRAS = {
    "tokens": "splintr", "redact": "hyperscan", "prices": "genai_prices", "llm": "pydantic_ai", "code": "tree_sitter",
    "tui": "textual", "toon": "toon_format",
}  # fmt: skip
_FIRST_YEAR, _LAST_YEAR = 2026, 2100
_KNOWN_PTH = re.compile(
    r"(distutils-precedence|_virtualenv|__editable__.*|_editable_impl_.*|easy-install|pywin32)\.pth"
)
_PACKAGES = ("apsw", "click", "msgspec", "psutil", "rich", "watchfiles", "zstandard")


def python(scene: Scene) -> Finding:
    """Say which Python and which Holdfast this is."""
    del scene
    return Finding(
        "ok", f"Holdfast {holdfast.__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}"
    )


def sqlite(scene: Scene) -> Finding:
    """Older libraries lose rows under several writers."""
    del scene
    found = str(open_database(None, durability="derived").execute("SELECT sqlite_version()").get)
    return Finding("ok", f"{found} (from apsw, not the system's)")


def extras(scene: Scene) -> Finding:
    """Nothing is missing without them, some things are slower or estimated."""
    del scene
    missing = [name for name, module in EXTRAS.items() if find_spec(module) is None]
    if missing:
        return Finding("note", f"not installed: {', '.join(missing)}", f"pip install 'holdfast[{','.join(missing)}]'")
    return Finding("ok", f"installed: {', '.join(EXTRAS)}")


def locale_encoding(scene: Scene) -> Finding:
    """Names and texts are UTF-8; another encoding shows some of them as escapes."""
    del scene
    found = locale.getpreferredencoding(do_setlocale=False)
    names = sys.getfilesystemencoding()
    if all(codecs.lookup(n).name == "utf-8" for n in (found, names)):
        return Finding("ok", f"texts {found}, file names {names}")
    return Finding(
        "warning", f"texts {found}, file names {names}: some letters are shown as escapes", "export LANG=C.UTF-8"
    )


def terminal(scene: Scene) -> Finding:
    """Say what the terminal can do."""
    encoding = getattr(sys.stdout, "encoding", None) or "unknown"
    term = scene.env.get("TERM", "")
    where = "a terminal" if getattr(sys.stdout, "isatty", bool)() else "no terminal (a pipe or file)"
    found = f"{where}, TERM={term or 'unset'}, {encoding}"
    if encoding != "unknown" and codecs.lookup(encoding).name != "utf-8":
        return Finding("warning", found, "export PYTHONIOENCODING=utf-8")
    return Finding("ok", found)


def colour(scene: Scene) -> Finding:
    """Say what decides about colour."""
    deciding = [n for n in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE") if scene.env.get(n)]
    if deciding:
        return Finding("ok", f"decided by {', '.join(deciding)}")
    setting = scene.config.origin("output.color")
    return Finding("ok", f"{setting.value} ({setting.origin})")


def clock(scene: Scene) -> Finding:
    """Ages, retention and days of usage depend on it."""
    now = scene.now()
    year = datetime.fromtimestamp(now, tz=UTC).year if 0 <= now < 32503680000 else 0  # noqa: PLR2004 - the year 3000
    if not _FIRST_YEAR <= year < _LAST_YEAR:
        return Finding(
            "warning", f"the clock says {year or 'nothing usable'}", "set the clock: ages and retention depend on it"
        )
    moment = datetime.fromtimestamp(now, tz=UTC).astimezone()
    return Finding("ok", f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".rstrip())


def umask(scene: Scene) -> Finding:
    """Our files are private whatever it says; exports go where a person says."""
    del scene
    if os.name != "posix":
        return Finding("ok", "not used on this system")
    held = os.umask(0o077)
    os.umask(held)
    return Finding("ok", f"{held:04o} (Holdfast's own files are 0600 and folders 0700 whatever it is)")


def startup_files(scene: Scene) -> Finding:
    """A `.pth` file with an import runs at every start of Python: one that no package owns deserves a look."""
    del scene
    running = [p for folder in _site_folders() for p in sorted(folder.glob("*.pth")) if _runs_code(p)]
    unknown = [p for p in running if not _KNOWN_PTH.fullmatch(p.name)]
    owned = _owned({p.name for p in unknown})
    strangers = [str(p) for p in unknown if p.name not in owned]
    if strangers:
        return Finding(
            "warning", f"run at every start, of no package: {', '.join(strangers)}", f"look into {strangers[0]}"
        )
    return Finding("ok", f"{len(running)} that run code, all known" if running else "none that runs code")


def _site_folders() -> list[Path]:
    found = [*site.getsitepackages(), *([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])]
    return [Path(p) for p in dict.fromkeys(found) if Path(p).is_dir()]


def _runs_code(path: Path) -> bool:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(line.startswith(("import ", "import\t")) for line in lines)


def _owned(names: set[str]) -> set[str]:
    """Return those names that an installed package lists among its files; asked only where there is a doubt."""
    if not names:
        return set()
    listed = [d.read_text("RECORD") or "" for d in metadata.distributions()]
    return {n for n in names if any(re.search(rf"^{re.escape(n)},", record, re.MULTILINE) for record in listed)}


def facts(scene: Scene) -> Iterator[tuple[str, str]]:
    """Name every path and version."""
    yield "holdfast", holdfast.__version__
    yield "python", f"{platform.python_version()} ({sys.executable})"
    yield "system", platform.platform()
    yield "program", str(Path(holdfast.__file__).parent)
    yield "data", str(scene.data)
    yield "archive", str(scene.archive) if scene.archive else scene.url
    if scene.archive is not None and scene.archive.exists():
        yield "archive size", size(scene.archive.stat().st_size)
    fault = damage(scene)
    if fault is not None:
        yield "damage", fault.message
        yield "next", fault.hint or "holdfast store verify"
    index = _index_path(scene, opened=fault is None)
    yield "index", str(index) if index else "in memory"
    yield "settings", str(configuration.user_file(scene.env))
    yield "settings in use", ", ".join(scene.config.files) or "none"
    provenance = scene.prices().provenance
    yield "prices", f"{provenance['date']} ({provenance['source']} {provenance['version']})"
    yield "sqlite", sqlite(scene).found
    for name in _PACKAGES:
        yield name, _version(name)
    for name, module in EXTRAS.items():
        yield f"extra {name}", "not installed" if find_spec(module) is None else "installed"


def damage(scene: Scene) -> Unreadable | None:
    """Return what keeps the archive from being opened."""
    try:
        if scene.made:
            scene.store()
    except Unreadable as error:
        return error
    return None


def _index_path(scene: Scene, *, opened: bool) -> Path | None:
    """Return where the index is, without making an archive only to say it."""
    if scene.made and opened:
        return scene.index_path()
    return scene.archive.with_name("index.db") if scene.archive else None


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


CHECKS = (
    ("versions", python),
    ("sqlite", sqlite),
    ("extras", extras),
    ("encoding", locale_encoding),
    ("terminal", terminal),
    ("colour", colour),
    ("clock", clock),
    ("umask", umask),
    ("startup files", startup_files),
)
