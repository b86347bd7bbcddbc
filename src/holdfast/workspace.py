"""One lazy door to everything: the only place that knows which store, sources and rules are in use."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from holdfast import _traces, registry
from holdfast import config as configuration
from holdfast.errors import BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping, Sequence
    from types import TracebackType

    from holdfast._sqlite import Durability
    from holdfast.config import Config
    from holdfast.index import Index
    from holdfast.model import Session
    from holdfast.pricing import Prices
    from holdfast.redact import Redactor
    from holdfast.services.alerts import Alarms
    from holdfast.services.archive import Archive
    from holdfast.services.closing import Closing
    from holdfast.services.context import Context
    from holdfast.services.demo import Demo
    from holdfast.services.doctor import Doctor
    from holdfast.services.exchange import Exchange
    from holdfast.services.health import HealthReport
    from holdfast.services.hooks import Hooks
    from holdfast.services.interactions import Interactions
    from holdfast.services.monitor import Monitor
    from holdfast.services.own_sessions import OwnSessions
    from holdfast.services.preferences import Preferences
    from holdfast.services.search import Search
    from holdfast.services.sessions import Sessions
    from holdfast.services.sync import Sync
    from holdfast.services.tagging import Tagging
    from holdfast.services.usage import UsageReport
    from holdfast.sources.base import Source
    from holdfast.stores.base import Store

ARCHIVE = "sessions.db"
INDEX = "index.db"


def open_store(url: str | None = None, *, durability: Durability = "durable") -> Store:
    """Open the store at a URL (`sqlite:////path`, `memory://`), by default the archive of this machine."""
    url = url or f"sqlite:///{configuration.data_dir() / ARCHIVE}"
    if durability not in ("durable", "derived"):
        raise BadInput(f"no durability {durability!r}", "use durable or derived")
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme not in registry.STORES and not registry.third_party("stores"):
        raise BadInput(f"no store for {url!r}", f"use {', '.join(f'{n}://' for n in registry.names('stores'))}")
    store: Store = registry.load("stores", scheme).from_url(url, durability=durability)
    return store


def check_exists(url: str) -> None:
    """Refuse the URL of a file that is not there (errors.NotFound), before opening it would make one."""
    from urllib.parse import unquote  # noqa: PLC0415 - rare, and lists should be quick

    scheme, _, place = url.partition("://")
    file = unquote(place[place.find("/") :])[1:] if scheme == "sqlite" else ""
    if file and not Path(file).exists():
        raise NotFound(f"no archive at {file}", "check the path; holdfast sync --store URL makes a new one")


class Workspace:
    """Everything Holdfast does, wired on first use; close it, or use it as a context."""

    def __init__(
        self,
        config: Config | None = None,
        *,
        roots: Mapping[str, Sequence[Path]] | None = None,
        env: Mapping[str, str] | None = None,
        home: Path | None = None,
    ) -> None:
        """Take settings, and folders to read instead of the usual ones, by agent."""
        self.env = os.environ if env is None else env
        self.home = home or Path(self.env.get("HOME") or Path.home())
        self.config = config or configuration.load(env=self.env)
        self._roots = dict(roots or {})
        for name in self._roots:
            registry.load("sources", name)

    @classmethod
    def of_url(cls, url: str | None, *, durability: Durability = "durable") -> Self:
        """Open a workspace over one store, whatever the settings say."""
        workspace = cls()
        if url is not None or durability != "durable":
            workspace.__dict__["store"] = open_store(url, durability=durability)
        return workspace

    @classmethod
    def of_memory(cls, path: Path, *, folder: bool = False) -> Self:
        """Open a workspace over a file of interactions, or a folder of Chroma's; what preLLM left there is read first."""
        from urllib.parse import quote  # noqa: PLC0415

        from holdfast.services.interactions import places  # noqa: PLC0415

        file, originals = places(path.expanduser().absolute(), folder=folder)
        file.parent.mkdir(parents=True, exist_ok=True)
        workspace = cls.of_url(f"sqlite:///{quote(str(file))}")
        for original in originals:
            workspace.interactions.take_file(original)
        return workspace

    def __enter__(self) -> Self:
        """Use as a context."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    @property
    def data(self) -> Path:
        """The folder that holds the archive and the index."""
        return configuration.data_dir(self.env)

    @cached_property
    def store(self) -> Store:
        """The archive."""
        return open_store(self.config["store"] or f"sqlite:///{self.data / ARCHIVE}")

    @property
    def index_path(self) -> Path | None:
        """The file of the index: beside the archive; None for a store in memory."""
        if self.store.url in ("memory://", "sqlite://"):
            return None
        path: Path | None = getattr(self.store, "path", None)
        if path is None:
            return self.data / INDEX
        return path.with_name(INDEX if path.name == ARCHIVE else f"{path.name}.index")

    @cached_property
    def index(self) -> Index:
        """The index over the archive."""
        from holdfast.index import Index  # noqa: PLC0415 - a list needs no index

        return Index(self.index_path)

    @property
    def agents(self) -> tuple[str, ...]:
        """The names of all sources, or only of those whose folders were given; loads none of them."""
        others = registry.third_party("sources") if not self._roots and registry.is_extended("sources") else ()
        return tuple(self._roots) or tuple(dict.fromkeys((*registry.names("sources"), *others)))

    @cached_property
    def sources(self) -> MutableMapping[str, Source]:
        """All sources, or only those whose folders were given; each is loaded when it is asked for."""
        return registry.Lazily("sources", self.agents)

    @property
    def present(self) -> tuple[str, ...]:
        """The names of the sources whose agents can have left anything here; loads none of them."""
        asked = {*self._roots, *self.config["sources.roots"]}
        return tuple(
            name
            for name in self.agents
            if name in asked or _traces.left(name, env=self.env, home=self.home, platform=sys.platform)
        )

    def roots(self, source: Source) -> list[Path]:
        """Return the folders that exist for a source."""
        given = self._roots.get(source.info.slug)
        if given is not None:
            return list(given)
        extra = self.config["sources.roots"].get(source.info.slug, ())
        found = [*source.roots(self.env, self.home, sys.platform), *(Path(p).expanduser() for p in extra)]
        return [p for p in dict.fromkeys(found) if p.exists()]

    @cached_property
    def sync(self) -> Sync:
        """Bring the archive up to date."""
        from holdfast.services.sync import Rules, Sync  # noqa: PLC0415

        rules = Rules(
            capture=self.config["archive.capture"],
            exclude=tuple(self.config["sources.exclude"]),
            memory_mb=self.config["sync.memory_mb"],
        )
        return Sync(self.store, lambda: self.index, self.sources, self.roots, rules=rules, present=lambda: self.present)

    @cached_property
    def sessions(self) -> Sessions:
        """Name, list, tag, trash and erase sessions."""
        from holdfast.services.sessions import Sessions  # noqa: PLC0415

        return Sessions(self.store, lambda: self.index)

    @cached_property
    def archive(self) -> Archive:
        """Verify, copy and measure the archive as a whole."""
        from holdfast.services.archive import Archive  # noqa: PLC0415

        return Archive(self.store)

    @cached_property
    def search(self) -> Search:
        """Find words."""
        from holdfast.services.search import Search  # noqa: PLC0415

        return Search(
            self.store, lambda: self.index, lambda: self.sync.catch_up(wait=False), told=self._as_they_are_now
        )

    @cached_property
    def prices(self) -> Prices:
        """Prices and context windows."""
        from holdfast.pricing import Prices  # noqa: PLC0415

        path = self.config["prices.file"]
        return Prices.load(Path(path).expanduser() if path else None)

    @cached_property
    def usage(self) -> UsageReport:
        """Count what was used."""
        from holdfast.services.usage import UsageReport  # noqa: PLC0415

        return UsageReport(self.store, lambda: self.sync, lambda: self.prices, told=self._as_they_are_now)

    def _as_they_are_now(self, sessions: Iterable[Session]) -> Iterable[Session]:
        """Return sessions with the states they are in now, where running agents may be looked for."""
        return self.monitor.listed(sessions) if self.config["monitoring.auto_discover"] else sessions

    @cached_property
    def health(self) -> HealthReport:
        """Score sessions, and say what is worth doing."""
        from holdfast.services.health import HealthReport  # noqa: PLC0415

        lives = lambda: self.monitor.lives() if self.config["monitoring.auto_discover"] else {}  # noqa: E731 - when asked
        return HealthReport(self.store, lambda: self.prices, self.config, lives=lives)

    @cached_property
    def monitor(self) -> Monitor:
        """Say what runs now, what it does, and what it burns."""
        from holdfast.services.monitor import Monitor, Reach, rules_of  # noqa: PLC0415

        reach = Reach(
            present=lambda: self.present,
            sync=lambda: self.sync,
            prices=lambda: self.prices,
            context=lambda session: self.health.context(session),  # noqa: PLW0108 - loaded when asked
            health=lambda session, live: self.health.check(session, live=live),
            advise=lambda board: self.health.advise(board),  # noqa: PLW0108 - as above
        )
        spool = self.data / "spool"
        return Monitor(self.store, self.sources, self.roots, spool, reach=reach, rules=rules_of(self.config))

    @cached_property
    def alarms(self) -> Alarms:
        """Tell what became worth attention between the boards of a monitor."""
        from holdfast.services.alerts import Alarms  # noqa: PLC0415

        return Alarms(self.store, lambda: self.redactor, self.config)

    @cached_property
    def tagging(self) -> Tagging:
        """Propose tags, and learn from the answers."""
        from holdfast.services.tagging import Tagging  # noqa: PLC0415

        return Tagging(self.store, self.sessions)

    @cached_property
    def redactor(self) -> Redactor:
        """Mask secrets."""
        from holdfast.redact import Redactor  # noqa: PLC0415

        rules = [Path(p).expanduser() for p in self.config["redact.rules"]]
        return Redactor(rules, engine=self.config["redact.engine"])

    @cached_property
    def exchange(self) -> Exchange:
        """Export, import, restore, resume."""
        from holdfast.services.exchange import Exchange  # noqa: PLC0415

        return Exchange(self.store, lambda: self.redactor, self.sources)

    @cached_property
    def closing(self) -> Closing:
        """Save and end sessions that run."""
        from functools import partial  # noqa: PLC0415

        from holdfast.services._closing import sharing  # noqa: PLC0415
        from holdfast.services.closing import Closing  # noqa: PLC0415

        shares = partial(sharing.reason, self.sources, self.roots)
        board = lambda: self.monitor.board()  # noqa: E731, PLW0108 - loaded when asked
        return Closing(self.store, board, lambda: self.exchange, self.data / "closed", shares=shares)

    @property
    def formats(self) -> tuple[str, ...]:
        """The names of all formats that can be written."""
        return (*registry.names("formats"), *registry.third_party("formats"))

    @cached_property
    def hooks(self) -> Hooks:
        """Install, remove and show agents' hooks."""
        from holdfast.services.hooks import Hooks  # noqa: PLC0415

        return Hooks(self.env, self.home, self.data)

    @cached_property
    def preferences(self) -> Preferences:
        """What a person prefers."""
        from holdfast.services.preferences import Preferences  # noqa: PLC0415

        return Preferences(self.store, lambda: self.redactor)

    @cached_property
    def interactions(self) -> Interactions:
        """Questions and answers of one pool."""
        from holdfast.services.interactions import Interactions  # noqa: PLC0415

        return Interactions(self.store, lambda: self.search, self.preferences, redactor=lambda: self.redactor)

    @cached_property
    def own_sessions(self) -> OwnSessions:
        """Begin, empty and let go of a person's own sessions."""
        from holdfast.services.own_sessions import OwnSessions  # noqa: PLC0415

        return OwnSessions(self.store)

    def clear_memory(self) -> int:
        """Erase every interaction and preference of the pool; returns how many interactions there were."""
        count = len(self.interactions.listed())
        session = self.store.get(self.interactions.id)
        if session is not None:
            self.sessions.purge(session)
        self.preferences.clear()
        return count

    @cached_property
    def context(self) -> Context:
        """What a model is told besides the question."""
        from holdfast.services.context import Context  # noqa: PLC0415

        return Context(lambda: self.store, lambda: self.redactor, lambda: self.preferences, self.data / "map")

    @cached_property
    def doctor(self) -> Doctor:
        """Look for what is wrong."""
        from holdfast.services.doctor import Doctor, Scene  # noqa: PLC0415

        url = str(self.config["store"] or f"sqlite:///{self.data / ARCHIVE}")
        from urllib.parse import unquote  # noqa: PLC0415

        scheme, _, place = url.partition("://")
        file = unquote(place[place.find("/") :])[1:] if scheme == "sqlite" else ""
        scene = Scene(
            store=lambda: self.store,
            index=lambda: self.index,
            index_path=lambda: self.index_path,
            sync=lambda: self.sync,
            prices=lambda: self.prices,
            sources=lambda: self.sources,
            roots=self.roots,
            config=self.config,
            env=self.env,
            home=self.home,
            data=self.data,
            archive=Path(file) if file else None,
            url=url,
        )
        return Doctor(scene)

    @cached_property
    def demo(self) -> Demo:
        """Show what can be done, on made-up sessions."""
        from holdfast.services.demo import Demo  # noqa: PLC0415

        return Demo(env=self.env)

    def close(self) -> None:
        """Close what was opened."""
        opened: dict[str, Any] = self.__dict__
        for name in ("index", "store"):
            if name in opened:
                opened[name].close()
        for name in [n for n, value in vars(type(self)).items() if isinstance(value, cached_property)]:
            opened.pop(name, None)
