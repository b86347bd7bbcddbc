"""What is a symbol in thirteen languages, by the names of their grammars' nodes.

Knows tables alone. A `scope` is entered for the symbols within it; what is no scope ends there, so that a function's own
variables are nobody's symbols.
"""

from __future__ import annotations

from typing import NamedTuple


class Grammar(NamedTuple):
    """A language: the module and function of its grammar, its symbols (node type to kind), and which of them are scopes."""

    name: str
    module: str
    function: str
    symbols: dict[str, str]
    scopes: frozenset[str]


def _grammar(name: str, symbols: str, scopes: str, *, module: str = "", function: str = "language") -> Grammar:
    pairs = dict(pair.split("=") for pair in symbols.split())
    return Grammar(name, f"tree_sitter_{module or name.lower()}", function, pairs, frozenset(scopes.split()))


_JS = (
    "class_declaration=class function_declaration=function generator_function_declaration=function "
    "method_definition=method "
    "variable_declarator=function "
)
_TS = (
    _JS
    + "abstract_class_declaration=class interface_declaration=interface enum_declaration=enum type_alias_declaration=type "
    "internal_module=namespace module=namespace method_signature=method abstract_method_signature=method "
    "function_signature=function "
)
_TS_SCOPES = "class_declaration abstract_class_declaration interface_declaration internal_module module"
_C = (
    "function_definition=function declaration=function struct_specifier=struct union_specifier=union "
    "enum_specifier=enum "
    "type_definition=type preproc_function_def=macro "
)
_PYTHON = _grammar(
    "Python", "class_definition=class function_definition=function type_alias_statement=type", "class_definition"
)
_JAVASCRIPT = _grammar("JavaScript", _JS, "class_declaration")
_TYPESCRIPT = _grammar("TypeScript", _TS, _TS_SCOPES, module="typescript", function="language_typescript")
_TSX = _grammar("TypeScript", _TS, _TS_SCOPES, module="typescript", function="language_tsx")
_PHP = _grammar(
    "PHP",
    "class_declaration=class interface_declaration=interface trait_declaration=trait enum_declaration=enum "
    "function_definition=function method_declaration=method",
    "class_declaration interface_declaration trait_declaration enum_declaration",
    function="language_php",
)
_GO = _grammar(
    "Go",
    "function_declaration=function method_declaration=method type_spec=type type_alias=type method_elem=method",
    "type_spec",
)
_RUST = _grammar(
    "Rust",
    "function_item=function function_signature_item=function struct_item=struct enum_item=enum "
    "trait_item=trait union_item=union "
    "impl_item=impl mod_item=module type_item=type macro_definition=macro",
    "impl_item trait_item mod_item",
)
_JAVA = _grammar(
    "Java",
    "class_declaration=class interface_declaration=interface enum_declaration=enum record_declaration=record "
    "annotation_type_declaration=annotation method_declaration=method constructor_declaration=constructor",
    "class_declaration interface_declaration enum_declaration record_declaration annotation_type_declaration",
)
_C_GRAMMAR = _grammar("C", _C, "")
_CPP = _grammar(
    "C++",
    _C
    + "class_specifier=class namespace_definition=namespace field_declaration=method alias_declaration=type "
    + "concept_definition=concept",
    "class_specifier struct_specifier union_specifier namespace_definition",
    module="cpp",
)
_CSHARP = _grammar(
    "C#",
    "class_declaration=class interface_declaration=interface struct_declaration=struct "
    "enum_declaration=enum record_declaration=record "
    "delegate_declaration=delegate method_declaration=method constructor_declaration=constructor "
    "property_declaration=property "
    "namespace_declaration=namespace local_function_statement=function",
    "class_declaration interface_declaration struct_declaration record_declaration namespace_declaration",
    module="c_sharp",
)
_RUBY = _grammar("Ruby", "class=class module=module method=method singleton_method=method", "class module")
_KOTLIN = _grammar(
    "Kotlin",
    "class_declaration=class object_declaration=object companion_object=object "
    "function_declaration=function type_alias=type",
    "class_declaration object_declaration companion_object",
)
_SWIFT = _grammar(
    "Swift",
    "class_declaration=class protocol_declaration=protocol function_declaration=function "
    "protocol_function_declaration=function "
    "init_declaration=initializer typealias_declaration=type",
    "class_declaration protocol_declaration",
)
GRAMMARS: dict[str, Grammar] = {
    **dict.fromkeys(("py", "pyi"), _PYTHON),
    **dict.fromkeys(("js", "jsx", "mjs", "cjs"), _JAVASCRIPT),
    **dict.fromkeys(("ts", "mts", "cts"), _TYPESCRIPT),
    "tsx": _TSX,
    **dict.fromkeys(("php", "phtml"), _PHP),
    "go": _GO,
    "rs": _RUST,
    "java": _JAVA,
    "c": _C_GRAMMAR,
    **dict.fromkeys(("cc", "cpp", "cxx", "h", "hpp", "hh", "hxx"), _CPP),
    "cs": _CSHARP,
    **dict.fromkeys(("rb", "rake"), _RUBY),
    **dict.fromkeys(("kt", "kts"), _KOTLIN),
    "swift": _SWIFT,
}
"""By a file's ending; headers are read as C++, which holds what C has."""
