"""The classes, functions and other symbols that a source file defines, in thirteen languages.

Knows syntax trees of `tree-sitter` (extra [code]); Python is read by the standard library where the extra is missing.
"""

from __future__ import annotations

import ast
import warnings
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from holdfast.context._grammars import GRAMMARS, Grammar
from holdfast.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser

EXTRA = "pip install 'holdfast[code]'"
DEEPEST = 400
_NAMES = frozenset(
    {
        "identifier",
        "type_identifier",
        "simple_identifier",
        "name",
        "constant",
        "field_identifier",
        "property_identifier",
    }
)
_FUNCTIONS = frozenset({"arrow_function", "function_expression", "generator_function", "function", "class"})
_BODIED = frozenset({"struct_specifier", "union_specifier", "enum_specifier", "class_specifier"})
_DECLARED = frozenset({"declaration", "field_declaration"})
_CLOSED = frozenset({
    "function_definition", "function_declaration", "method_definition", "method_declaration", "function_item", "arrow_function",
    "function_expression", "method", "singleton_method", "constructor_declaration", "init_declaration", "compound_statement",
    "call_expression", "string", "comment",
})  # fmt: skip
"""What is not looked into."""


class Symbol(NamedTuple):
    """A name, its kind, its line (from 1), and how many scopes it stands in."""

    name: str
    kind: str
    line: int
    depth: int = 0


def language_of(path: str) -> str:
    """Return the language of a path by its ending; "" for one whose symbols are not known."""
    found = GRAMMARS.get(path.rpartition(".")[2].lower())
    return found.name if found else ""


def symbols_of(path: str, data: bytes) -> list[Symbol]:
    """Return what a file defines, in order; nothing for other files, errors.Unavailable where the extra is missing."""
    grammar = GRAMMARS.get(path.rpartition(".")[2].lower())
    if grammar is None:
        return []
    try:
        parser = _parser(grammar.module, grammar.function)
    except ImportError as error:
        if grammar.name == "Python":
            return list(_python(data))
        raise Unavailable(
            f"the symbols of {grammar.name} files need the extra [code], which is not installed", EXTRA
        ) from error
    return list(_walk(parser.parse(data).root_node, grammar))


@cache
def _parser(module: str, function: str) -> Parser:
    import tree_sitter  # noqa: PLC0415 - an extra

    return tree_sitter.Parser(tree_sitter.Language(getattr(import_module(module), function)()))


def _walk(root: Node, grammar: Grammar) -> Iterator[Symbol]:
    waiting: list[tuple[Node, int, int]] = [(root, 0, 0)]
    while waiting:
        node, depth, level = waiting.pop()
        found = _symbol(node, grammar, depth)
        if found is not None:
            yield found
        if level >= DEEPEST or (node.type in _CLOSED and node.type not in grammar.scopes):
            continue
        if found is not None and node.type not in grammar.scopes and node.type != "type_definition":
            continue
        inner = depth + 1 if found is not None and node.type in grammar.scopes else depth
        waiting += [(child, inner, level + 1) for child in reversed(node.named_children)]


def _symbol(node: Node, grammar: Grammar, depth: int) -> Symbol | None:
    kind = grammar.symbols.get(node.type)
    if kind is None or not _counts(node):
        return None
    name = _name(node)
    if not name:
        return None
    if grammar.name in ("Kotlin", "Swift") and node.type == "class_declaration":
        kind = next(
            (c.type for c in node.children if c.type in ("interface", "struct", "enum", "extension", "actor")), kind
        )
    return Symbol(name, "method" if kind == "function" and depth else kind, node.start_point[0] + 1, depth)


def _counts(node: Node) -> bool:
    """Tell a definition from a mention: a variable only with a function, a struct only with a body, a declared function."""
    if node.type == "variable_declarator":
        value = node.child_by_field_name("value")
        return value is not None and value.type in _FUNCTIONS
    if node.type in _BODIED:
        return node.child_by_field_name("body") is not None
    if node.type in _DECLARED:
        return _declarator(node, "function_declarator") is not None
    return True


def _name(node: Node) -> str:
    """Return what a node is called: by its field, through its declarators, or by its first name."""
    if node.type == "init_declaration":
        return "init"
    named = node.child_by_field_name("name") or (node.child_by_field_name("type") if node.type == "impl_item" else None)
    if named is None and node.child_by_field_name("declarator") is not None:
        named = _declarator(node, "")
    if named is None:
        named = next((c for c in node.named_children if c.type in _NAMES), None)
    if named is None:
        return "companion object" if node.type == "companion_object" else ""
    return _text(named)


def _declarator(node: Node, wanted: str) -> Node | None:
    """Follow C's declarators inwards, to the one wanted or to the name at their end."""
    found = node.child_by_field_name("declarator")
    for _ in range(DEEPEST):
        if found is None or (wanted and found.type == wanted):
            return found
        inner = found.child_by_field_name("declarator")
        if inner is None and found.type in ("reference_declarator", "parenthesized_declarator"):
            inner = next(iter(found.named_children), None)
        if inner is None:
            return None if wanted else found
        found = inner
    return None


def _text(node: Node) -> str:
    return " ".join((node.text or b"").decode("utf-8", "replace").split())[:120]


def _python(data: bytes) -> Iterator[Symbol]:
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    yield from _defined(tree.body, 0)


def _defined(body: list[Any], depth: int) -> Iterator[Symbol]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield Symbol(node.name, "class", node.lineno, depth)
            yield from _defined(node.body, depth + 1)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Symbol(node.name, "method" if depth else "function", node.lineno, depth)
        elif isinstance(node, ast.If | ast.Try):
            yield from _defined([*node.body, *node.orelse], depth)
