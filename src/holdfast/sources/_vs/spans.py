"""OpenTelemetry's spans as Visual Studio writes them: a line holds resources, a resource scopes, a scope spans.

Knows the envelope and its attributes; refuses to know what a span says of a conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from holdfast.model import Json
from holdfast.sources._content import entries, millis, number
from holdfast.sources._content import text as _text

if TYPE_CHECKING:
    from collections.abc import Iterator

NANOS = 1_000_000
FAILED = (2, "2", "STATUS_CODE_ERROR")


class Span(Struct, frozen=True, kw_only=True):
    """One span with its attributes; times are Unix ms."""

    id: str
    name: str
    said: dict[str, Json]
    start: int | None = None
    end: int | None = None
    began: str = ""
    failed: bool = False
    why: str = ""
    version: str = ""

    def text(self, name: str) -> str:
        """Return an attribute that is a text, empty for anything else."""
        found = self.said.get(name)
        return found if isinstance(found, str) else ""

    def count(self, *names: str) -> int:
        """Return the first of some attributes that is a count; the program writes numbers as texts, too."""
        return next((n for name in names if (n := number(self.said.get(name)))), 0)

    @property
    def operation(self) -> str:
        """What was done: `chat`, `execute_tool` or `invoke_agent`."""
        return self.text("gen_ai.operation.name") or self.name.partition(" ")[0]


def spans_of(record: dict[str, Json]) -> Iterator[Span | None]:
    """Yield the spans of a line, None for something that is no span."""
    for resource in entries(record.get("resourceSpans")):
        inner = resource.get("resource")
        facts = _attributes(inner.get("attributes")) if isinstance(inner, dict) else {}
        version = facts.get("service.version")
        for scope in entries(resource.get("scopeSpans")):
            listed = scope.get("spans")
            for span in listed if isinstance(listed, list) else ():
                yield _span(span, version if isinstance(version, str) else "") if isinstance(span, dict) else None


def _span(span: dict[str, Json], version: str) -> Span:
    status = span.get("status")
    status = status if isinstance(status, dict) else {}
    said = _attributes(span.get("attributes"))
    kind = said.get("error.type")
    return Span(
        id=_text(span.get("spanId")),
        name=_text(span.get("name")),
        said=said,
        start=_millis(span.get("startTimeUnixNano")),
        end=_millis(span.get("endTimeUnixNano")),
        began=str(span.get("startTimeUnixNano", ""))[:24],
        failed=status.get("code") in FAILED or bool(kind),
        why=_text(status.get("message")) or _text(kind),
        version=version,
    )


def _attributes(listed: Json) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for entry in entries(listed):
        key, value = entry.get("key"), entry.get("value")
        if isinstance(key, str) and isinstance(value, dict):
            found[key] = next(iter(value.values()), None)
    return found


def _millis(value: Json) -> int | None:
    nanos = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 24 else value
    return millis(nanos // NANOS) if isinstance(nanos, int) and not isinstance(nanos, bool) else None
