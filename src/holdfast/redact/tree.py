"""Nested values as JSON has them: walks them, and judges which keys say that their value is secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

from holdfast.redact.finding import Finding, is_masked, mask_of, preview_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from holdfast.redact.rules import KeyWords

Value: TypeAlias = "dict[str, Value] | list[Value] | tuple[Value, ...] | str | int | float | bool | None"

_RULE: Final = "secret-key-name"
_SECRET: Final = re.compile(
    r"(?:passw(?:or)?d|passphrase|passcode|pwd|pgpass|secret|client_?secret|token|credentials?|authorization|cookie"
    r"|(?:api|access|auth|private|secret|encryption|signing|master|account|shared|service|app|application|license|deploy|hmac|jwt|session|storage|admin)_?key"
    r"|gh_?pat|_pat)(?:_?(?:\d{1,2}|prod|production|dev|staging|test|live|value))?$"
)
_SAFE: Final = re.compile(
    r"(?:page|next|prev|previous|continuation|cursor|pad|eos|bos|unk|sep|cls|mask|stop|special|sync|start|end|first|last|public)_?token$"
    r"|public_?key$|token_?type$"
)
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[-. ]")
_STAND_IN: Final = re.compile(r"(?i)\s*|<[^>]*>|\$\{[^}]*\}|\$\w+|\{\{.*\}\}|null|none|true|false|undefined|\*+|process\.env\.\w+|os\.environ.*")


class KeyJudge:
    """Says of a key whether its value is to be masked whole."""

    def __init__(self, words: KeyWords) -> None:
        """Take the words that rule files added; safe beats blocked and masked."""
        self._blocked = tuple(map(_plain, (*words.blocked, *words.masked)))
        self._safe = tuple(map(_plain, words.safe))

    def says_secret(self, key: str) -> bool:
        """Decide by the key alone."""
        plain = _plain(key)
        if any(word in plain for word in self._safe) or _SAFE.search(plain):
            return False
        return any(word in plain for word in self._blocked) or _SECRET.search(plain) is not None


def _plain(key: str) -> str:
    return _CAMEL.sub("_", key).lower()


def masked(
    value: Value, mask: Callable[[str], tuple[str, tuple[Finding, ...]]], keys: KeyJudge, found: list[Finding]
) -> Value:
    """Return a copy with secrets masked; `found` collects what was, each place counted in its own string."""
    if isinstance(value, str):
        text, findings = mask(value)
        found.extend(findings)
        return text
    if isinstance(value, dict):
        return {_key(key, mask, found): _under(key, one, mask, keys, found) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        copies = [masked(one, mask, keys, found) for one in value]
        return copies if isinstance(value, list) else tuple(copies)
    return value


def _key(key: str, mask: Callable[[str], tuple[str, tuple[Finding, ...]]], found: list[Finding]) -> str:
    text, findings = mask(key) if isinstance(key, str) else (key, ())
    found.extend(findings)
    return text


def _under(
    key: str, value: Value, mask: Callable[[str], tuple[str, tuple[Finding, ...]]], keys: KeyJudge, found: list[Finding]
) -> Value:
    if not (isinstance(key, str) and keys.says_secret(key)):
        return masked(value, mask, keys, found)
    if isinstance(value, (list, tuple)):
        return [_under(key, one, mask, keys, found) for one in value]
    if not isinstance(value, str):
        return masked(value, mask, keys, found)
    text, findings = mask(value)
    if findings or is_masked(value) or _STAND_IN.fullmatch(value):
        found.extend(findings)
        return text
    found.append(Finding(start=0, end=len(value), rule=_RULE, kind="key-name", preview=preview_of(value)))
    return mask_of(_RULE)
