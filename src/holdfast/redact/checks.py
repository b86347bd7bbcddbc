"""What a match must pass to count as a secret; knows placeholders and randomness, no vendor."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import msgspec

from holdfast.redact.finding import MASK_PATTERN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Candidate(msgspec.Struct, frozen=True):
    """A match before it is believed: the text, where the key before it begins and ends, where it stands."""

    text: str
    key_start: int
    key_end: int
    start: int
    end: int

    @property
    def value(self) -> str:
        """The characters that would be masked."""
        return self.text[self.start : self.end]


_PLACEHOLDER: Final = re.compile(
    r"(?i)example|placeholder|your[_-]?[a-z]|change[_-]?me|replace|insert|redacted|dummy|x{4}|\*{3}|\.{3}|…"
    r"|0{8}|a{8}|1{8}|1234567|abcdefgh|abcd1234|abc123(?![a-z0-9])|deadbeef|(.)\1{7}"
)
_LOOSE: Final = re.compile(
    r"(?i)[<{]|\$\(|^[$%@!&]\w+%?$|^\$|placeholder"
    r"|(?<![a-z0-9])(?:(?:my|the|your|some|any)[-_ ]"
    r"|(?:test|fake|demo|sample|mock|foo|bar|todo|fixme|null|none|true|false|undefined|xxx+|pass(?:word|wd|phrase)?"
    r"|secret|token|api[_-]?key|key|user(?:name)?|example|env|environ|config|settings|process|self|this)\d{0,3}(?![a-z0-9]))"
)
_COMMON: Final = frozenset(
    {
        "password",
        "password1",
        "password123",
        "passw0rd",
        "pass",
        "passwd",
        "pwd",
        "secret",
        "secret123",
        "token",
        "changeme",
        "change_me",
        "change-me",
        "example",
        "test",
        "test123",
        "testing",
        "user",
        "username",
        "root",
        "admin",
        "admin123",
        "guest",
        "default",
        "postgres",
        "mysql",
        "redis",
        "mongo",
        "rabbitmq",
        "none",
        "null",
        "true",
        "false",
        "undefined",
        "string",
        "your_password",
        "yourpassword",
        "mypassword",
        "my_password",
        "qwerty",
        "letmein",
        "foo",
        "bar",
        "foobar",
        "xxx",
        "xxxx",
    }
)
_WORDS: Final = re.compile(r"(?:[a-z]+(?:[-_.][a-z]+)*|[A-Z]+(?:[-_.][A-Z]+)*)")
_HYPHENATED: Final = re.compile(r"[a-z]+(?:[-_.][a-z]+)+|[A-Z]+(?:[-_.][A-Z]+)+")
_URL_STAND_IN: Final = re.compile(r"\$[A-Za-z_]\w*|%\w+%|[<{\[].*|\$\{.*|\*+")
_CHAIN: Final = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][\w$]*)+[.:]?")
_WORDY: Final = re.compile(r"(?:[A-Za-z]+\d{0,3}|v?\d{1,4})?(?:[_\-./:@+ ](?:[A-Za-z]+\d{0,3}|v?\d{1,4})?)*")
_PLAIN_WORDS: Final = re.compile(
    r"(?:[A-Z]?[a-z]+\d{0,3}|[A-Z]+\d{0,3}|v?\d{1,4})?(?:[_\-./:@+ ](?:[A-Z]?[a-z]+\d{0,3}|[A-Z]+\d{0,3}|v?\d{1,4})?)*"
)
_CAMEL: Final = re.compile(r"(?:[A-Z]{0,4}[a-z]{2,})+[A-Z]{0,4}\d*")
_PATH: Final = re.compile(r"[~.]{0,2}/[\w.@-]+(?:/[\w.@-]*)*|[A-Za-z]:[\\/].*|[\w.-]+(?:/[\w.-]+)*\.[a-z]{2,4}")
_NUMBER: Final = re.compile(r"[\d.,:_%xX/ +-]+")
_NAME_BEFORE: Final = re.compile(r"[A-Za-z0-9_.-]{0,40}\Z")
_NOT_SECRET_NAME: Final = re.compile(
    r"(?i)(?:page|next|prev(?:ious)?|continuation|pad|eos|bos|unk|sep|cls|mask|stop|special|cursor|start|end|first|last|new|num|max|min"
    r"|per|public|image|input|output|cached?|prompt|completion|thinking|sync|resume|csrf|xsrf)[_.-]?token\b|public[_.-]?key|bypass|compass"
)
_KEY_BEFORE: Final = re.compile(
    r"(?i)(?:api|access|encrypt(?:ion)?|sign(?:ing)?|master|auth|account|service|app|application|deploy|shared|admin|license|write|read"
    r"|webhook|hmac|jwt|session|storage|client|consumer|server|crypt|secret|private|access[_.-]?secret)[_.-]?\Z"
)
_PASSWORD_NAME: Final = re.compile(r"(?i)pass|pwd")
_STRONG: Final = frozenset("!@#$%^&*+=?~")
_LEAST_RANDOM: Final = 2.6


def entropy(value: str) -> float:
    """Return the Shannon entropy of the characters, in bits each."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values())


def token(candidate: Candidate) -> bool:
    """Accept what a vendor's pattern matched unless it is a placeholder or words."""
    value = candidate.value
    if _PLACEHOLDER.search(value) or _HYPHENATED.fullmatch(value):
        return False
    return entropy(value[-64:]) >= _LEAST_RANDOM


def mixed(candidate: Candidate) -> bool:
    """Accept a token that also mixes letters and digits as chance does."""
    body = re.split(r"[-_]", candidate.value, maxsplit=1)[-1]
    digits = sum(map(str.isdigit, body))
    chance = 0 < digits < len(body) or _random_letters(body)
    return token(candidate) and chance and not _PLAIN_WORDS.fullmatch(body)


def jwt(candidate: Candidate) -> bool:
    """Accept what begins with a JSON header that names an algorithm or a type."""
    head = candidate.value.split(".", 1)[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return False
    return isinstance(header, dict) and bool({"alg", "typ", "kid", "enc"} & header.keys())


def pem(candidate: Candidate) -> bool:
    """Accept a block with a body of key material in it."""
    body = re.sub(r"-----[A-Z0-9 ]*-----", "", candidate.value.replace("\\n", "\n"))
    runs = re.findall(r"[A-Za-z0-9+/=]{16,}", body)
    return sum(map(len, runs)) >= 40 and entropy("".join(runs)[:400]) > 4  # noqa: PLR2004  base64 of a key has about 6


def url(candidate: Candidate) -> bool:
    """Accept a password in an address unless it is a stand-in."""
    value = candidate.value
    if value.lower() in _COMMON or MASK_PATTERN.search(value) or _URL_STAND_IN.fullmatch(value):
        return False
    return not (_PLACEHOLDER.search(value) or "${" in value or "{{" in value or (value.isdigit() and len(value) < 6))  # noqa: PLR2004  a port


def assignment(candidate: Candidate) -> bool:
    """Accept the value of a secret-sounding name unless it is code, a stand-in, a path or words."""
    text, value = candidate.text, candidate.value
    before = _NAME_BEFORE.search(text, max(0, candidate.key_start - 40), candidate.key_start)
    name = (before.group() if before else "") + text[candidate.key_start : candidate.key_end]
    if text[candidate.key_start : candidate.key_start + 3].lower() == "key" and not _KEY_BEFORE.search(
        before.group() if before else ""
    ):
        return False
    in_urn = text[candidate.start - 1] == text[candidate.key_start - 1 : candidate.key_start] == ":"
    if in_urn or _NOT_SECRET_NAME.search(name) or not _is_literal(text, candidate):
        return False
    quoted = text[candidate.start - 1] in "\"'`"
    set_plainly = quoted or text[candidate.key_end - 1] in "=:" or name.upper() == name
    return value_is_secret(value, password=bool(_PASSWORD_NAME.search(name)) and set_plainly)


def _is_literal(text: str, candidate: Candidate) -> bool:
    value = candidate.value
    if MASK_PATTERN.search(value) or any(map(str.isspace, value)) or "://" in value:
        return False
    if text[candidate.start - 1] in "\"'`":
        return True
    return text[candidate.end : candidate.end + 1] not in ("(", "[", "{") and not _CHAIN.fullmatch(value)


def value_is_secret(value: str, *, password: bool) -> bool:
    """Judge a value that a secret-sounding name holds; a password may be short."""
    bare = value.rstrip(".,;:!?")
    if bare.lower() in _COMMON or _PLACEHOLDER.search(value) or _LOOSE.search(value) or _WORDS.fullmatch(bare):
        return False
    if _PATH.fullmatch(value) and value[:1] in "/.~":
        return False
    if _NUMBER.fullmatch(value):
        return password and bare.isdigit() and len(bare) >= 6  # noqa: PLR2004  a PIN is shorter
    return _short_secret(value) if password else _long_secret(value)


def _short_secret(value: str) -> bool:
    digits, letters = any(map(str.isdigit, value)), any(map(str.isalpha, value))
    if len(value) < 6 or _chained_words(value):  # noqa: PLR2004  shorter ones are words and numbers
        return False
    return (digits and letters) or not _STRONG.isdisjoint(value[1:])


def _chained_words(value: str) -> bool:
    return any(sep in value for sep in "_-./: ") and _WORDY.fullmatch(value) is not None


def _long_secret(value: str) -> bool:
    if len(value) < 10 or entropy(value) < 2.8 or _PATH.fullmatch(value):  # noqa: PLR2004  measured on the corpus
        return False
    if _WORDY.fullmatch(value):
        return _random_letters(value)
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _random_letters(value: str) -> bool:
    if not value.isalnum() or len(value) < 20 or _CAMEL.fullmatch(value):  # noqa: PLR2004  below that a camelCase name looks the same
        return False
    turns = sum(a.isupper() != b.isupper() for a, b in pairwise(value))
    return turns * 3 > len(value)


def accept(_candidate: Candidate) -> bool:
    """Accept every match."""
    return True


CHECK: Final[Mapping[str, Callable[[Candidate], bool]]] = {
    "token": token,
    "mixed": mixed,
    "assignment": assignment,
    "url": url,
    "jwt": jwt,
    "pem": pem,
    "none": accept,
}
