"""Nested values as JSON has them: walks them, and judges which keys say that their value is secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias, cast

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
_STAND_IN: Final = re.compile(
    r"(?i)\s*|<[^>]*>|\$\{[^}]*\}|\$\w+|\{\{.*\}\}|null|none|true|false|undefined|\*+|process\.env\.\w+|os\.environ.*"
)


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


class TreeMask:
    """Walks one value; `found` collects what was masked, each place counted in its own string."""

    def __init__(self, mask: Callable[[str], tuple[str, tuple[Finding, ...]]], keys: KeyJudge) -> None:
        """Take what masks a string and what judges a key."""
        self._mask = mask
        self._keys = keys
        self.found: list[Finding] = []

    def value(self, value: Value) -> Value:
        """Return a copy of the value with its secrets masked."""
        if isinstance(value, str):
            return self._string(value)
        if isinstance(value, dict):
            return {self._name(key): self._under(key, one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.value(one) for one in value]
        return tuple(map(self.value, value)) if isinstance(value, tuple) else value

    def _name(self, key: object) -> str:
        return self._string(key) if isinstance(key, str) else cast("str", key)

    def _string(self, text: str) -> str:
        masked, findings = self._mask(text)
        self.found.extend(findings)
        return masked

    def _under(self, key: object, value: Value) -> Value:
        if not (isinstance(key, str) and self._keys.says_secret(key)):
            return self.value(value)
        if isinstance(value, (list, tuple)):
            return [self._under(key, one) for one in value]
        return self._whole(value) if isinstance(value, str) else self.value(value)

    def _whole(self, value: str) -> str:
        masked, findings = self._mask(value)
        if is_masked(masked) or _STAND_IN.fullmatch(value):
            self.found.extend(findings)
            return masked
        self.found.append(Finding(start=0, end=len(value), rule=_RULE, kind="key-name", preview=preview_of(value)))
        return mask_of(_RULE)
