"""Ways to tell an alert: the terminal's bell, a desktop notification, a program, a webhook. None is used unless a person set it.

What an alert says was written by agents: it is never part of a shell line, an option or a control sequence.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.request
from http.client import HTTPException
from typing import IO, TYPE_CHECKING, Any, Protocol, TextIO
from urllib.parse import urlsplit

import msgspec

from holdfast.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from http.client import HTTPMessage

    from holdfast.alerts._rules import Alert
    from holdfast.config import Config

    Run = Callable[[Sequence[str]], None]

SECONDS = 5
LONGEST = 200
_SCRIPT = "on run argv\ndisplay notification (item 2 of argv) with title (item 1 of argv)\nend run"


class Sink(Protocol):
    """One way to tell; OSError and subprocess errors say that it did not work."""

    name: str

    def send(self, alert: Alert) -> None:
        """Tell one alert."""


class Bell:
    """Rings the terminal; with `osc9` the terminal shows the words too."""

    name = "bell"

    def __init__(self, stream: TextIO, *, osc9: bool = False) -> None:
        """Take the terminal."""
        self.stream = stream
        self.osc9 = osc9

    def send(self, alert: Alert) -> None:
        """Tell one alert."""
        self.stream.write(f"\x1b]9;{said(alert)}\x07" if self.osc9 else "\x07")
        self.stream.flush()


class Desktop:
    """Shows a notification on the desktop, where there is one."""

    name = "desktop"

    def __init__(self, *, run: Run | None = None, which: Callable[[str], str | None] = shutil.which) -> None:
        """Take what runs programs and finds them."""
        self.run = run or _run
        self.which = which

    def send(self, alert: Alert) -> None:
        """Tell one alert."""
        title, text = f"Holdfast: {plain(alert.title)}", plain(alert.message)
        notify, script = self.which("notify-send"), self.which("osascript")
        if notify:
            urgency = "critical" if alert.priority == "high" else "normal"
            self.run([notify, "--app-name=holdfast", f"--urgency={urgency}", "--", title, text])
        elif script:
            self.run([script, "-e", _SCRIPT, "--", title, text])
        else:
            raise OSError("neither notify-send nor osascript is there")


class Command:
    """Runs a program of the person's own."""

    name = "command"

    def __init__(self, argv: Sequence[str], *, run: Run | None = None) -> None:
        """Take the program and its arguments."""
        self.argv = tuple(argv)
        self.run = run or _run

    def send(self, alert: Alert) -> None:
        """Tell one alert: {message}, {session}, {rule} and {priority} are filled in, each inside its own argument."""
        program, *rest = self.argv
        self.run([program, *(_filled(word, alert) for word in rest)])


class Webhook:
    """Posts alerts as JSON; follows no redirect."""

    name = "webhook"

    def __init__(self, url: str) -> None:
        """Take the address; errors.BadInput where it is none."""
        if not url.startswith(("http://", "https://")) or not _host(url):
            raise BadInput(f"alerts.webhook is no http or https address: {url}", "holdfast config show alerts.webhook")
        self.url = url
        self.opener = urllib.request.build_opener(_Straight)

    def send(self, alert: Alert) -> None:
        """Tell one alert."""
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            self.url, data=msgspec.json.encode(alert), headers={"Content-Type": "application/json"}, method="POST"
        )
        with self.opener.open(request, timeout=SECONDS):
            pass


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class _Straight(urllib.request.HTTPRedirectHandler):
    def redirect_request(  # noqa: PLR0917 - the library's signature
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow none: alerts go where the person said, nowhere else."""
        del req, fp, code, msg, headers, newurl


def deliver(alerts: Iterable[Alert], sinks: Iterable[Sink]) -> tuple[str, ...]:
    """Tell all alerts in all ways; return what did not work, which stops nothing else."""
    ways = tuple(sinks)
    problems: dict[str, str] = {}
    for alert in alerts:
        for sink in ways:
            try:
                sink.send(alert)
            except (OSError, subprocess.SubprocessError, HTTPException) as error:
                problems[sink.name] = f"{sink.name}: {error}"
    return tuple(problems.values())


def sinks_of(config: Config, *, terminal: TextIO | None = None) -> tuple[Sink, ...]:
    """Return the ways that the settings opt in to; the bell needs a terminal."""
    told = config.section("alerts")
    found: list[Sink] = []
    stream: Any = terminal or sys.stderr
    if told["bell"] != "off" and stream.isatty():
        found.append(Bell(stream, osc9=told["bell"] == "osc9"))
    if told["desktop"]:
        found.append(Desktop())
    if told["command"]:
        found.append(Command([str(word) for word in told["command"]]))
    if told["webhook"]:
        found.append(Webhook(told["webhook"]))
    return tuple(found)


def said(alert: Alert) -> str:
    """Say an alert in one harmless line."""
    return plain(f"{alert.message} ({alert.title})" if alert.title else alert.message)


def plain(text: str) -> str:
    """Return a text as one line without anything that a terminal or a program could obey."""
    line = "".join(c if c.isprintable() else " " for c in text)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _filled(word: str, alert: Alert) -> str:
    values = {"message": said(alert), "session": alert.session, "rule": alert.rule, "priority": alert.priority}
    for name, value in values.items():
        if word == f"{{{name}}}":
            return value
    head, *parts = word.split("{")
    return head + "".join(_part(part, values) for part in parts)


def _part(part: str, values: dict[str, str]) -> str:
    """Fill in what stands behind an opening brace; what was filled in is not looked at again."""
    name, brace, rest = part.partition("}")
    return f"{values[name]}{rest}" if brace and name in values else "{" + part


def _run(argv: Sequence[str]) -> None:
    done = subprocess.run(  # noqa: S603 - the person's own program, no shell
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        raise OSError(f"{argv[0]} ended with {done.returncode}")
