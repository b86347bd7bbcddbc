"""Every setting by name, in the order in which they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holdfast.config._key import Key

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVE_KEYS: tuple[Key, ...] = (
    Key(name="store", kind=str, default="", help="where sessions are kept; empty means the user's data directory",
        example="sqlite:////home/me/sessions.db"),
    Key(name="archive.capture", kind=str, default="always", choices=("always", "expiring", "never"),
        help="which source records are kept byte for byte", example="expiring"),
    Key(name="archive.max_size", kind=str, default="", help="warn when the archive grows beyond this; nothing is deleted",
        example="20 GB"),
    Key(name="sources.exclude", kind=list, default=(), help="agents and project folders (globs) to leave out",
        example="[aider, /home/me/secret/*]"),
    Key(name="sources.roots", kind=dict, default={}, help="further folders to read, by agent",
        example="{aider: [/home/me/code]}"),
    Key(name="sync.auto", kind=bool, default=True, help="list and search first read what changed (up to 150 ms)",
        example="false"),
    Key(name="sync.memory_mb", kind=int, default=250, help="memory a sync may use, in MB", example="150"),
    Key(name="prices.file", kind=str, default="", help="a YAML file with prices and context windows of your own",
        example="/home/me/prices.yaml"),
    Key(name="redact.rules", kind=list, default=(), help="YAML files with further redaction rules",
        example="[/home/me/rules.yaml]"),
    Key(name="redact.engine", kind=str, default="auto", choices=("auto", "re", "hyperscan"),
        help="what finds secrets", example="re"),
    Key(name="tools.sandbox", kind=str, default="required", choices=("required", "off"),
        help="whether a model's commands run only where they can be confined", example="off"),
    Key(name="usage.timezone", kind=str, default="", help="time zone for days; empty means the system's",
        example="Europe/Berlin",
        project=True),
    Key(name="trash.days", kind=int, default=30, help="days after which a deleted session is purged from the trash",
        example="7"),
    Key(name="output.color", kind=str, default="auto", choices=("auto", "always", "never"), help="colour on terminals",
        example="never", project=True),
    Key(name="output.pager", kind=str, default="", help="pager for long output; empty means $PAGER or less",
        example="less -FIRX"),
)  # fmt: skip

PLANS = ("claude_pro", "claude_max5", "claude_max20")
DATABASE = "data/sessions.db"
"""The older tool's own default: it stands for the usual archive."""
MEMORY = "data/memories"


def _limits() -> Iterator[Key]:
    """Yield context limits: one that differs from its default wins over what a session records, a default only fills a gap."""
    for name, limit, of in (
        ("claude_pro", 200_000, "Claude Code on the plan claude_pro"),
        ("claude_max5", 350_000, "Claude Code on the plan claude_max5"),
        ("claude_max20", 1_400_000, "Claude Code on the plan claude_max20"),
        ("cursor_default", 100_000, "Cursor"),
        ("github_copilot", 8_000, "GitHub Copilot"),
    ):
        text = (
            f"context limit of {of}: as it is for classic health where a session tells none, changed for every session"
        )
        yield Key(name=f"token_limits.{name}", kind=int, default=limit, least=1, help=text, example=str(limit))
    yield Key(name="token_limits.plan", kind=str, default="claude_pro", choices=PLANS,
              help="which of the three limits of Claude Code holds", example="claude_max5")  # fmt: skip


def _weights() -> Iterator[Key]:
    for name, weight, of, scoring in (
        ("token_usage", 0.40, "how full the context is", "classic"),
        ("duration", 0.20, "how long a session runs", "classic"),
        ("activity", 0.20, "how long nothing happened", "classic"),
        ("errors", 0.20, "how many errors there were", "classic"),
        ("context_pressure", 0.35, "how full the context is", "default"),
        ("context_rot", 0.30, "compactions, repeated failures, re-reads and error streaks", "default"),
        ("stall", 0.20, "silence in the middle of work", "default"),
        ("progress", 0.15, "the time since something useful came of it", "default"),
    ):
        text = f"weight of {of} in the {scoring} health; weights count in proportion to their sum"
        yield Key(
            name=f"health_weights.{name}",
            kind=float,
            default=weight,
            least=0,
            most=1000,
            help=text,
            example=str(weight),
        )


def _thresholds() -> Iterator[Key]:
    for name, share, text in (
        ("token_warning", 0.80, "share of the context from which it counts as filling"),
        ("token_critical", 0.90, "share of the context from which it counts as near full"),
        ("health_warning", 0.70, "health below which a session is a warning"),
        ("health_critical", 0.40, "health below which a session is critical"),
    ):
        yield Key(name=f"thresholds.{name}", kind=float, default=share, least=0, most=1, help=text, example=str(share))
    yield Key(name="thresholds.idle_timeout_minutes", kind=int, default=30, least=1, example="45",
              help="minutes without activity after which a session counts as left alone")  # fmt: skip
    yield Key(name="thresholds.stall_minutes", kind=int, default=10, least=1, example="5",
              help="minutes of silence in the middle of work after which a session counts as stalled")  # fmt: skip
    yield Key(name="thresholds.error_streak", kind=int, default=3, least=1, example="5",
              help="failures in a row that are a streak")  # fmt: skip


SEED_KEYS: tuple[Key, ...] = (
    *_limits(),
    *_weights(),
    *_thresholds(),
    Key(name="dashboard.refresh_interval", kind=int, default=5, least=1, help="seconds between two looks of the dashboard",
        example="10"),
    Key(name="dashboard.color_scheme", kind=str, default="dark", choices=("dark", "light", "auto"),
        help="colours of the dashboard", example="light"),
    Key(name="dashboard.show_tags", kind=bool, default=True, help="show tags in the dashboard's list", example="false"),
    Key(name="dashboard.show_project", kind=bool, default=True, help="show projects in the dashboard's list", example="false"),
    Key(name="monitoring.auto_discover", kind=bool, default=True, help="look for running agents without being asked",
        example="false"),
    Key(name="monitoring.discovery_interval", kind=int, default=10, least=1, help="seconds between two looks for new agents",
        example="5"),
    Key(name="database.path", kind=str, default=DATABASE,
        help=f"file of the archive, where `store` says nothing; {DATABASE} stands for the usual one",
        example="/home/me/sessions.db"),
    Key(name="database.auto_cleanup_days", kind=int, default=30, least=0,
        help="days until the trash is purged, where `trash.days` says nothing; nothing else is ever cleaned up", example="90"),
    Key(name="mcp.server_name", kind=str, default="llm-session-manager", help="name of the MCP server", example="holdfast"),
    Key(name="mcp.server_version", kind=str, default="", help="version that the MCP server tells; empty means Holdfast's own",
        example="1.0"),
    Key(name="mcp.db_path", kind=str, default=DATABASE,
        help=f"file of the archive that the MCP server shows; {DATABASE} stands for the usual one",
        example="/home/me/sessions.db"),
    Key(name="mcp.memory_path", kind=str, default=MEMORY,
        help=f"folder of the memory that the MCP server searches; {MEMORY} stands for the usual one",
        example="/home/me/memories"),
    Key(name="mcp.enable_session_servers", kind=bool, default=True, help="allow a server for one session", example="false"),
    Key(name="mcp.enable_memory_search", kind=bool, default=True, help="offer the search of the memory", example="false"),
    Key(name="mcp.enable_git_analysis", kind=bool, default=True, help="offer what git tells of a session's folder",
        example="false"),
    Key(name="mcp.max_sessions_exposed", kind=int, default=100, least=1, help="most sessions in one answer", example="50"),
    Key(name="mcp.max_memory_results", kind=int, default=10, least=1, help="most memories in one answer", example="5"),
    Key(name="mcp.max_file_size_mb", kind=int, default=10, least=1, help="largest file that is given out, in MB", example="1"),
    Key(name="mcp.cache_ttl_seconds", kind=int, default=60, least=0, help="seconds for which an answer is kept", example="10"),
    Key(name="mcp.enable_resource_caching", kind=bool, default=True, help="keep answers for a while", example="false"),
)  # fmt: skip

RULES = ("needs-me", "limit-near", "context-full", "error-streak", "stall", "secret")
ALERT_KEYS: tuple[Key, ...] = (
    Key(name="alerts.rules", kind=list, default=RULES, choices=RULES, help="what alerts are made of",
        example="[needs-me, stall]"),
    Key(name="alerts.bell", kind=str, default="off", choices=("off", "bell", "osc9"),
        help="ring the terminal, or notify through it (OSC 9)", example="bell"),
    Key(name="alerts.desktop", kind=bool, default=False, help="show desktop notifications (notify-send, osascript)",
        example="true"),
    Key(name="alerts.command", kind=list, default=(),
        help="program and arguments to run for each alert, no shell; {message}, {session}, {rule} and {priority} are filled in",
        example="[/home/me/bin/page, '{message}']"),
    Key(name="alerts.webhook", kind=str, default="", help="URL that each alert is posted to as JSON",
        example="http://127.0.0.1:8080/alert"),
    Key(name="alerts.quiet_hours", kind=str, default="", help="from and until when alerts only stand on the board",
        example="22:00-07:00"),
    Key(name="alerts.repeats", kind=int, default=3, least=1, most=3, help="how often at most one cause is told", example="1"),
    Key(name="alerts.repeat_minutes", kind=int, default=5, least=1, help="minutes until a cause that lasts is told again",
        example="15"),
)  # fmt: skip

KEYS: tuple[Key, ...] = (*ARCHIVE_KEYS, *SEED_KEYS, *ALERT_KEYS)
