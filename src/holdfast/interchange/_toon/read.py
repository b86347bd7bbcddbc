"""TOON read back: by its specification, and as an older writer broke it, which lost no character.

That writer put texts with line ends into the file as they are, in quotes only where they hold punctuation; a list's object
had three blanks after its dash and its other keys not deeper. Both can be told apart without doubt: a text without quotes
holds no colon and no comma, and one in quotes ends at the first quote that is not escaped.
Refuses to guess what was cut off: it is counted.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from holdfast.interchange._toon.scalars import meant, unquoted
from holdfast.model import Json

MEMBER = re.compile(
    r'( *)("(?:[^"\\]|\\.)*"|[^\s:,"\[\]{}][^:,"\[\]{}\n]*?) *(?:\[#?(\d+)([\t|]?)\](\{[^\n]*\})?)?:(?: |$)',
    re.MULTILINE,
)
_HEAD = re.compile(r"\[#?(\d+)([\t|]?)\](\{[^\n]*?\})?:(?: |$)", re.MULTILINE)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_DASH = re.compile(r"( *)-(?: |$)", re.MULTILINE)
_OF_MESSAGES = frozenset(
    {"role", "content", "tool_calls", "tool_call_id", "timestamp", "metadata", "reasoning_content"}
)
_FIELD = re.compile(r'("(?:[^"\\]|\\.)*"|[^{},|\t]+)|[{},|\t]')


class Damaged(ValueError):
    """The text is no TOON, at a line."""

    def __init__(self, problem: str, line: int) -> None:
        """Keep the line, from 1."""
        super().__init__(problem)
        self.line = line


class Loaded(NamedTuple):
    """What was read, and how many items of lists are missing by their own count."""

    tree: dict[str, Json]
    missing: int


def loads(text: str, *, texts: frozenset[str] = frozenset()) -> Loaded:
    """Read an object by the specification, else as the older writer broke it; raises Damaged where neither makes sense.

    Columns of `texts` hold texts whatever they look like: the older writer took the quotes of numbers away.
    """
    plain = text.replace("\r\n", "\n")
    try:
        return _read(plain, texts, wide=False)
    except Damaged:
        return _read(plain, texts, wide=True)


def _read(text: str, texts: frozenset[str], *, wide: bool) -> Loaded:
    reader = _Reader(text, texts, wide=wide)
    tree = reader.members(0)
    reader.end()
    return Loaded(tree, reader.missing)


class _Field(NamedTuple):
    name: str
    inner: tuple[_Field, ...] = ()  # a field of fields, as the specification has them since 4.0


class _Reader:
    def __init__(self, text: str, texts: frozenset[str], *, wide: bool) -> None:
        """Take the text; with `wide`, a bare text may go on over lines that are nothing else."""
        self.text = text
        self.texts = texts
        self.wide = wide
        self.at = 0
        self.missing = 0

    def broken(self, problem: str) -> Damaged:
        return Damaged(problem, self.text.count("\n", 0, self.at) + 1)

    def end(self) -> None:
        self._blank()
        if self.at < len(self.text):
            raise self.broken(f"expected a key, got {self._line()[:40]!r}")

    def members(self, margin: int, *, stop: frozenset[str] = frozenset(), begun: bool = False) -> dict[str, Json]:
        """Read the members of an object at a margin (the first anywhere once it has `begun`); a key of `stop` ends it."""
        tree: dict[str, Json] = {}
        while True:
            self._blank()
            found = MEMBER.match(self.text, self.at)
            strange = found is not None and len(found[1]) != margin and (tree or not begun)
            if found is None or strange or (_DASH.match(self.text, self.at) and (tree or not begun)):
                return tree
            name = _name(found[2])
            if name in stop or (stop and name in tree):
                return tree
            self.at = found.end()
            tree[name] = self._value(found, margin)

    def _value(self, found: re.Match[str], margin: int) -> Json:
        if found[3] is not None:
            return self._list(int(found[3]), found[4], found[5], margin)
        rest = self._line()
        if not rest.strip():
            return self._below(margin)
        head = _HEAD.match(self.text, self.at)
        if head is not None:
            self.at = head.end()
            return self._list(int(head[1]), head[2], head[3], margin)
        return self._scalar()

    def _below(self, margin: int) -> Json:
        self._past_line()
        start = self.at
        self._blank()
        found = MEMBER.match(self.text, self.at)
        if found is not None and len(found[1]) > margin and not _DASH.match(self.text, self.at):
            return self.members(len(found[1]))
        self.at = start
        return {}

    def _scalar(self, dash: int = -1) -> Json:
        """Read a text in quotes, or a bare one with the lines that follow it and are no key and no item of anything."""
        if self.text.startswith('"', self.at):
            return self._quoted()
        lines = [self._past_line()]
        while self.wide and self.at < len(self.text) and not self._begins(dash):
            lines.append(self._past_line())
        while len(lines) > 1 and not lines[-1]:
            lines.pop()
        if lines == ["[]"]:
            return []
        return meant(lines[0]) if len(lines) == 1 else "\n".join(lines)

    def _quoted(self) -> str:
        found = _QUOTED.match(self.text, self.at)
        if found is None:
            raise self.broken("a text in quotes has no end")
        self.at = found.end()
        self._past_end()
        return unquoted(found[1])

    def _begins(self, margin: int = -1) -> bool:
        """Tell whether a new member begins here, or an item: any that holds a key, or one at the margin."""
        dash = _DASH.match(self.text, self.at)
        if dash is not None and (":" in self._line() or len(dash[1]) == margin):
            return True
        return MEMBER.match(self.text, self.at) is not None

    def _list(self, count: int, mark: str, fields: str | None, margin: int) -> list[Json]:
        delimiter = mark or ","
        if fields is not None:
            self._past_line()
            return self._counted(count, self._rows(count, _fields(fields), delimiter, margin))
        rest = self._line()
        if rest.strip():
            return self._counted(count, self._inline(count, delimiter))
        self._past_line()
        return self._counted(count, self._items(count))

    def _counted(self, count: int, items: list[Json]) -> list[Json]:
        self.missing += max(0, count - len(items))
        return items

    def _inline(self, count: int, delimiter: str) -> list[Json]:
        return [self._cell(delimiter, last=place == count - 1, wide=False) for place in range(count)]

    def _items(self, count: int) -> list[Json]:
        items: list[Json] = []
        margin = 0
        while len(items) < count:
            self._blank()
            dash = _DASH.match(self.text, self.at)
            if dash is None or (items and len(dash[1]) != margin):
                break
            margin = len(dash[1])
            self.at = dash.end()
            items.append(self._item(len(dash[1])))
        return items

    def _item(self, margin: int) -> Json:
        line = self._line()
        blanks = len(line) - len(line.lstrip(" "))
        head = _HEAD.match(self.text, self.at)
        if head is not None:
            self.at = head.end()
            return self._list(int(head[1]), head[2], head[3], margin)
        if not line.strip():
            self._past_line()
            return {}
        if MEMBER.match(self.text, self.at) is None:
            self.at += blanks
            return self._scalar(dash=margin)
        # the older writer repeated the margin after the dash and did not step in
        return self.members(margin if blanks else margin + 2, begun=True)

    def _rows(self, count: int, fields: tuple[_Field, ...], delimiter: str, margin: int) -> list[Json]:
        rows: list[Json] = []
        while len(rows) < count:
            self._blank()
            line = self._line()
            if not line.strip() or self._is_outside(margin):
                break
            self.at += len(line) - len(line.lstrip(" "))
            rows.append(self._row(fields, delimiter, margin, last=True))
        return rows

    def _is_outside(self, margin: int) -> bool:
        found = MEMBER.match(self.text, self.at)
        return found is not None and len(found[1]) <= margin

    def _row(self, fields: tuple[_Field, ...], delimiter: str, margin: int, *, last: bool) -> dict[str, Json]:
        row: dict[str, Json] = {}
        for place, field in enumerate(fields):
            ends = last and place == len(fields) - 1
            if field.inner:
                row[field.name] = self._row(field.inner, delimiter, margin, last=ends)
            elif self._is_nested(margin):
                row[field.name] = self._nested(margin)
                self.at += self.text.startswith(delimiter, self.at)
            else:
                row[field.name] = self._cell(delimiter, last=ends, text=field.name in self.texts)
        return row

    def _is_nested(self, margin: int) -> bool:
        """Tell whether the older writer spilled an object or a list into this cell of its first row."""
        found = MEMBER.match(self.text, self.at)
        return _HEAD.match(self.text, self.at) is not None or (found is not None and len(found[1]) == margin)

    def _nested(self, margin: int) -> Json:
        head = _HEAD.match(self.text, self.at)
        if head is not None:
            self.at = head.end()
            return self._list(int(head[1]), head[2], head[3], margin)
        return self.members(margin, stop=_OF_MESSAGES)

    def _cell(self, delimiter: str, *, last: bool, wide: bool = True, text: bool = False) -> Json:
        """Read one cell up to its delimiter; the last may go on over lines that hold no delimiter."""
        if self.text.startswith('"', self.at):
            found = _QUOTED.match(self.text, self.at)
            if found is None:
                raise self.broken("a text in quotes has no end")
            self.at = found.end()
            self._past_end() if last else self._past(delimiter)
            return unquoted(found[1])
        if not last:
            end = self.text.find(delimiter, self.at)
            if end < 0 or (not self.wide and "\n" in self.text[self.at : end]):
                raise self.broken(f"a row has fewer cells than its head: {self._line()[:40]!r}")
            word, self.at = _bare(self.text[self.at : end]), end + 1
            return _word(word, text=text)
        lines = [self._past_line()]
        while wide and self.wide and self.at < len(self.text) and delimiter not in self._line() and not self._begins():
            lines.append(self._past_line())
        while len(lines) > 1 and not lines[-1]:
            lines.pop()
        return _word(_bare(lines[0]), text=text) if len(lines) == 1 else _bare("\n".join(lines))

    def _past_end(self) -> None:
        """Go to the next line, unless a spilled cell is followed by another one."""
        if not self._line().strip():
            self._past_line()

    def _past(self, delimiter: str) -> None:
        if not self.text.startswith(delimiter, self.at):
            raise self.broken(f"expected {delimiter!r} after a text in quotes")
        self.at += 1

    def _line(self) -> str:
        end = self.text.find("\n", self.at)
        return self.text[self.at : end if end >= 0 else len(self.text)]

    def _past_line(self) -> str:
        line = self._line()
        self.at = min(self.at + len(line) + 1, len(self.text))
        return line

    def _blank(self) -> None:
        while self.at < len(self.text) and not self._line().strip():
            self._past_line()


def _bare(text: str) -> str:
    """Undo the escapes that the older writer left when it took the quotes away."""
    if '\\"' not in text and not text.endswith("\\"):
        return text
    return unquoted(text[:-1] + '"' if text.endswith("\\") and not text.endswith("\\\\") else text)


def _word(word: str, *, text: bool) -> Json:
    found = meant(word)
    return word if text and isinstance(found, int | float) and not isinstance(found, bool) else found


def _name(text: str) -> str:
    return unquoted(text[1:-1]) if text.startswith('"') else text.strip()


def _fields(text: str) -> tuple[_Field, ...]:
    """Read the names of columns; a name may hold names of its own."""
    stack: list[list[_Field]] = [[]]
    names: list[str] = []
    for found in _FIELD.finditer(text[1:-1]):
        if found[1]:
            stack[-1].append(_Field(_name(found[1])))
        elif found[0] == "{":
            names.append(stack[-1].pop().name)
            stack.append([])
        elif found[0] == "}" and len(stack) > 1:
            inner = tuple(stack.pop())
            stack[-1].append(_Field(names.pop(), inner))
    return tuple(stack[0])
