"""Secrets inside base64: decodes runs that turn out readable and asks what is in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from holdfast.redact.prefilter import LONG, decodings, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_RUN = re.compile(
    rf"[A-Za-z0-9+/_-]{{60,}}(?:\s{{1,12}}[A-Za-z0-9+/_-]{{60,}})*(?:\s{{1,12}}[A-Za-z0-9+/_-]{{4,}})?={{0,2}}|[A-Za-z0-9+/_-]{{{LONG},}}={{0,2}}"
)
_TEXT = re.compile(rb"[ -~\t\r\n]{16,}")


def spans(text: str, rule_in: Callable[[str], str | None]) -> Iterator[tuple[int, int, str]]:
    """Yield each base64 run that holds a secret, with the rule that `rule_in` found in what it says."""
    for run in _RUN.finditer(text):
        rule = _inside("".join(run.group().split()).rstrip("="), rule_in)
        if rule:
            yield run.start(), run.end(), rule


def _inside(run: str, rule_in: Callable[[str], str | None]) -> str | None:
    for decoded in decodings(run.encode()):
        if readable(decoded):
            for part in _TEXT.findall(decoded):
                rule = rule_in(part.decode("ascii"))
                if rule:
                    return rule
    return None
