"""Rules as data: reads, checks and merges rule files; matches nothing itself."""

from __future__ import annotations

import itertools
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import yaml

from holdfast.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHIPPED: Final = Path(__file__).with_name("rules.yaml")
CHECKS: Final = ("token", "mixed", "assignment", "url", "jwt", "pem", "none")
_CLASS = re.compile(r"\[([^\]]+)\]")
_RANGE = re.compile(r"(.)-(.)|(.)")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")
_FIELDS: Final = frozenset(
    {"name", "kind", "pattern", "prefixes", "literals", "keys", "after", "long", "check", "validate"}
)


class Rule(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One format: where it may begin (`prefixes` or `literals`), what it looks like, what it must pass."""

    name: str
    kind: str = "token"
    pattern: str
    prefixes: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    after: str = ""
    long: bool = False
    check: str = "token"
    shipped: bool = False

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """The pattern; after prefixes it must end where the token ends."""
        tail = "(?![A-Za-z0-9])" if self.prefixes else ""
        return re.compile(f"(?:{self.pattern}){tail}", re.ASCII)

    @cached_property
    def head(self) -> re.Pattern[str]:
        """What finds the beginnings of a rule with prefixes."""
        return re.compile("|".join(map(prefix_pattern, self.prefixes)), re.ASCII)

    @cached_property
    def heads(self) -> tuple[tuple[str, re.Pattern[str]], ...]:
        """What stands before the secret, in lower case, each with the letters that it begins with."""
        return tuple((_letters(key), re.compile(f"(?:{key}){self.after}", re.ASCII)) for key in self.keys)

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """The prefixes with their character classes written out."""
        return tuple(itertools.chain.from_iterable(map(expand, self.prefixes)))


class KeyWords(msgspec.Struct, frozen=True):
    """Names of settings that a file blocks, masks or calls safe."""

    blocked: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    safe: tuple[str, ...] = ()


class RuleSet(msgspec.Struct, frozen=True):
    """All rules in force, and the key names that files added."""

    rules: tuple[Rule, ...]
    keys: KeyWords


def _letters(pattern: str) -> str:
    """Return the plain letters that every match of a pattern begins with."""
    plain = re.match(r"[a-z]*(?![?*{|a-z])", pattern)
    return plain.group() if plain and "|" not in pattern.partition("(")[0] else ""


def prefix_pattern(prefix: str) -> str:
    """Escape a prefix but for its character classes."""
    parts = _CLASS.split(prefix)
    return "".join(f"[{part}]" if at % 2 else re.escape(part) for at, part in enumerate(parts))


def expand(prefix: str) -> Iterable[str]:
    """Write a prefix with character classes out as all the prefixes it stands for."""
    parts = _CLASS.split(prefix)
    return map("".join, itertools.product(*(_members(p) if at % 2 else [p] for at, p in enumerate(parts))))


def _members(inside: str) -> list[str]:
    found: list[str] = []
    for low, high, single in _RANGE.findall(inside):
        found.extend([single] if single else map(chr, range(ord(low), ord(high) + 1)))
    return found


def load(files: Sequence[Path] = ()) -> RuleSet:
    """Read the shipped rules, then each file over them: it adds, replaces (same name) or disables."""
    rules: dict[str, Rule] = {}
    words = KeyWords()
    for path in (SHIPPED, *files):
        document = _read(path)
        for rule in _rules_of(document, path):
            rules[rule.name] = rule
        for name in _names(document, "disable", path):
            if name not in rules:
                raise BadInput(f"{path}: disable: no rule is named {name!r}", "see docs/reference/redaction-rules.md")
            del rules[name]
        words = _words_of(document, path, words)
    return RuleSet(tuple(rules.values()), words)


def _read(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe loaders
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}", "name an existing YAML file") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise BadInput(f"{path}{place}: not valid YAML: {error}", "check indentation and quoting") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadInput(f"{path}: the top level must be a mapping with `rules:`", "see docs/how-to/redact.md")
    unknown = set(document) - {"rules", "disable", "sensitive_keys", "sensitive_value_patterns"}
    if unknown:
        raise BadInput(f"{path}: unknown entry {min(map(str, unknown))!r}", "use rules, disable or sensitive_keys")
    return document


def _rules_of(document: dict[str, Any], path: Path) -> list[Rule]:
    entries = document.get("rules") or []
    if not isinstance(entries, list):
        raise BadInput(f"{path}: rules: must be a list", "start each rule with `- name:`")
    rules = [_rule(entry, path, f"rules[{at}]") for at, entry in enumerate(entries)]
    return rules + _seed_patterns(document.get("sensitive_value_patterns") or [], path)


def _rule(entry: Any, path: Path, place: str) -> Rule:  # noqa: ANN401  anything may stand in a file
    if not isinstance(entry, dict):
        raise BadInput(f"{path}: {place}: a rule must be a mapping", "give it name and pattern")
    name = entry.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadInput(f"{path}: {place}.name: {name!r} is not a rule name", "use a-z, 0-9, dot, dash, underscore")
    where = f"{place} ({name})"
    unknown = set(entry) - _FIELDS
    if unknown:
        raise BadInput(
            f"{path}: {where}: unknown field {min(map(str, unknown))!r}", f"known: {', '.join(sorted(_FIELDS))}"
        )
    fields = {key: value for key, value in entry.items() if key != "validate"}
    fields["check"] = entry.get("check", entry.get("validate", "token" if path == SHIPPED else "none"))
    try:
        rule = msgspec.convert({**fields, "shipped": path == SHIPPED}, Rule)
    except msgspec.ValidationError as error:
        raise BadInput(f"{path}: {where}: {error}", "see docs/reference/redaction-rules.md") from error
    return _usable(rule, path, where)


def _usable(rule: Rule, path: Path, where: str) -> Rule:
    if rule.check not in CHECKS:
        raise BadInput(f"{path}: {where}: no check is named {rule.check!r}", f"use one of {', '.join(CHECKS)}")
    if any(len(start) < 3 for start in rule.starts):  # noqa: PLR2004  shorter ones would be everywhere
        raise BadInput(f"{path}: {where}: prefixes need 3 characters or more", "use `literals` instead")
    if not rule.shipped:
        _compiles(rule, path, where)
    return msgspec.structs.replace(rule, literals=tuple(word.lower() for word in rule.literals))


def _compiles(rule: Rule, path: Path, where: str) -> None:
    try:
        empty = rule.regex.match("")
        _ = rule.head, rule.heads
    except re.error as error:
        at = f" at character {error.pos}" if error.pos is not None else ""
        raise BadInput(f"{path}: {where}: pattern: {error.msg}{at}", "test the pattern on its own") from error
    if empty:
        raise BadInput(f"{path}: {where}: pattern: matches the empty text", "let it need at least one character")


def _seed_patterns(entries: Any, path: Path) -> list[Rule]:  # noqa: ANN401  anything may stand in a file
    if not isinstance(entries, list):
        raise BadInput(f"{path}: sensitive_value_patterns: must be a list", "give patterns, one per line")
    rules = []
    for at, entry in enumerate(entries):
        whole = entry if isinstance(entry, dict) else {"pattern": entry}
        name = str(whole.get("name") or f"{path.stem.lower()}-{at + 1}")
        rule = {"name": re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-"), "pattern": whole.get("pattern")}
        rules.append(_rule(rule, path, f"sensitive_value_patterns[{at}]"))
    return rules


def _names(document: dict[str, Any], field: str, path: Path) -> tuple[str, ...]:
    names = document.get(field) or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise BadInput(f"{path}: {field}: must be a list of names", "write one name per line")
    return tuple(names)


def _words_of(document: dict[str, Any], path: Path, base: KeyWords) -> KeyWords:
    groups = document.get("sensitive_keys") or {}
    if not isinstance(groups, dict) or set(groups) - {"blocked", "masked", "safe"}:
        raise BadInput(
            f"{path}: sensitive_keys: must map blocked, masked and safe to lists", "see docs/how-to/redact.md"
        )
    return KeyWords(
        blocked=base.blocked + _names(groups, "blocked", path),
        masked=base.masked + _names(groups, "masked", path),
        safe=base.safe + _names(groups, "safe", path),
    )
