"""What every test gets: a home of its own, no network, and no silent skipping where HOLDFAST_NO_SKIP is set."""

from __future__ import annotations

import os
import socket
from importlib.util import find_spec
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
_LOCAL = ("127.0.0.1", "::1", "localhost", "")


if find_spec("hypothesis"):
    from hypothesis import settings

    settings.register_profile("steady", deadline=None)  # a busy machine is no bug
    settings.load_profile("steady")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if not hasattr(report, "wasxfail") and item.get_closest_marker("nightly") is None:
        _forbid_skipping(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    _forbid_skipping(report)
    return report


def _forbid_skipping(report) -> None:
    if report.skipped and os.environ.get("HOLDFAST_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped although HOLDFAST_NO_SKIP is set: {report.longrepr}"


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch) -> Path:
    """Give each test an empty home, so that none reads or writes the person's own."""
    home = tmp_path_factory.mktemp("home")
    for name in [n for n in os.environ if n.startswith(("XDG_", "CLAUDE_", "CODEX_", "GEMINI_", "OPENCODE_"))]:
        monkeypatch.delenv(name)
    for name in ("HOLDFAST_STORE", "HOLDFAST_CONFIG", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("HOLDFAST_MONITORING_AUTO_DISCOVER", "false")  # whatever else runs here is no test's business
    return home


@pytest.fixture(autouse=True)
def no_network(monkeypatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self, address):
        if isinstance(address, tuple) and address[0] not in _LOCAL:
            message = f"a test tried to reach {address!r}"
            raise OSError(message)
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Return the folder of other people's recordings, or skip with the variable that names it."""
    folder = Path(os.environ.get("HOLDFAST_RECORDINGS", REPOSITORY.parent / "shared" / "fixtures"))
    if not folder.is_dir():
        pytest.skip("no recordings: set HOLDFAST_RECORDINGS to their folder")
    return folder
