"""Symbols of thirteen languages, and the blocks in which a model reads them."""

from __future__ import annotations

import sys

import pytest

from holdfast import tokens
from holdfast.context import highlights
from holdfast.context.symbols import language_of, symbols_of
from holdfast.errors import Unavailable

SOURCES = {
    "a.py": (
        "@dataclass\nclass A:\n    def m(self): ...\n    async def n(self): ...\n\ndef f():\n    def inner(): ...\n",
        "A .m .n f",
    ),
    "a.js": (
        "export function f() {}\nexport default class K { m() {} static s() {} }\nconst g = () => {};\nfunction* gen() {}\nlet z = 3;\n",
        "f K .m .s g gen",
    ),
    "a.ts": (
        (
            "export abstract class A { abstract m(): void; private static s() {} }\ninterface I { q(): void }\nenum E { X }\n"
            "type T = string;\nexport namespace N { export function nf() {} }\nexport const g = async () => {};\n"
        ),
        "A .m .s I .q E T N .nf g",
    ),
    "a.tsx": ("export const C = () => <div/>;\nfunction D() { return <p/>; }\n", "C D"),
    "a.php": (
        (
            "<?php\nnamespace X;\nabstract class A {\n private static function ps() {}\n public static function pus() {}\n"
            " abstract protected function ab();\n}\nfinal class F {}\ninterface I { function im(); }\nenum E { case X; }\n"
            "trait T { function tm() {} }\nfunction fx() {}\nreadonly class R {}\n"
        ),
        "A .ps .pus .ab F I .im E T .tm fx R",
    ),
    "a.go": (
        "package a\ntype S struct { x int }\ntype I interface {\n\tQ()\n}\nfunc F() {}\nfunc (s *S) M() {}\n",
        "S I .Q F M",
    ),
    "a.rs": (
        (
            "pub struct S;\nenum E { A }\ntrait T { fn t(&self); }\nimpl S { pub fn new() -> S { S } }\nfn f() {}\n"
            "mod m { pub fn mf() {} }\nmacro_rules! mm { () => {} }\ntype X = i32;\n"
        ),
        "S E T .t S .new f m .mf mm X",
    ),
    "a.java": (
        (
            "public class A { A() {} public void m() {} static class B {} }\ninterface I { void im(); }\nenum E { X; void em() {} }\n"
            "record R(int x) {}\n@interface An {}\n"
        ),
        "A .A .m .B I .im E .em R An",
    ),
    "a.c": (
        (
            "struct S { int x; };\ntypedef struct { int a; } T;\nint *f(int a) { return 0; }\nint g(void);\nenum E { A };\n"
            "#define M(x) x\nint v;\nstatic inline void h() {}\nstruct S *mentioned;\n"
        ),
        "S T f g E M h",
    ),
    "a.cpp": (
        (
            "namespace n { class A { public: A(); ~A(); void m(); int q() { return 1; } int &r(); int field; }; }\nvoid n::A::m() {}\n"
            "template<class T> T tf(T x) { return x; }\nusing X = int;\nenum class EC { A };\n"
        ),
        "n .A ..A ..~A ..m ..q ..r n::A::m tf X EC",
    ),
    "a.cs": (
        (
            "namespace N { public abstract class A { public A() {} private static void S() {} public int P { get; set; } }\n"
            "interface I { void M(); } enum E { X } struct St {} record R(int X); delegate void D(); }\n"
        ),
        "N .A ..A ..S ..P .I ..M .E .St .R .D",
    ),
    "a.rb": ("module M\n  class A\n    def m; end\n    def self.s; end\n  end\nend\ndef f; end\n", "M .A ..m ..s f"),
    "a.kt": (
        (
            "package a\n\nclass A {\n    fun m() {\n    }\n\n    companion object {\n        fun c() = 1\n    }\n}\n\ninterface I {\n"
            "    fun i()\n}\n\nobject O {\n    fun o() {\n    }\n}\n\nfun f() {\n}\n\ntypealias T = Int\n"
        ),
        "A .m .companion_object ..c I .i O .o f T",
    ),
    "a.swift": (
        (
            "class A { init() {} func m() {} static func s() {} }\nstruct S { func sm() {} }\nprotocol P { func p() }\n"
            "enum E { case x }\nextension A { func e() {} }\nfunc f() {}\n"
        ),
        "A .init .m .s S .sm P .p E A .e f",
    ),
}


def told(path, text):
    return " ".join("." * s.depth + s.name.replace(" ", "_") for s in symbols_of(path, text.encode()))


@pytest.mark.parametrize("path", SOURCES)
def test_every_kind_of_symbol_is_found(path):
    pytest.importorskip("tree_sitter")
    text, expected = SOURCES[path]
    assert told(path, text) == expected


def test_thirteen_languages_are_known():
    assert len({language_of(path) for path in SOURCES}) == 13
    assert language_of("notes.txt") == ""
    assert symbols_of("notes.txt", b"class A") == []


def test_kinds_and_lines_are_told():
    pytest.importorskip("tree_sitter")
    found = symbols_of("a.swift", b"\nextension A {\n  func e() {}\n}\n")
    assert [(s.kind, s.line) for s in found] == [("extension", 2), ("method", 3)]


@pytest.fixture
def bare(monkeypatch):
    """Take the extra away."""
    from holdfast.context import symbols

    symbols._parser.cache_clear()
    monkeypatch.setitem(sys.modules, "tree_sitter", None)
    yield
    symbols._parser.cache_clear()


def test_python_needs_no_extra(bare):
    text, expected = SOURCES["a.py"]
    assert told("a.py", text) == expected
    assert told("a.py", "def broken(:") == ""


def test_what_is_missing_is_named_with_what_installs_it(bare):
    with pytest.raises(Unavailable, match=r"Go files need the extra \[code\]") as error:
        symbols_of("a.go", b"package a")
    assert error.value.hint == "pip install 'holdfast[code]'"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00class", b"class " * 2000, b"(" * 5000, b"{" * 20000])
@pytest.mark.parametrize("path", ["a.py", "a.ts", "a.cpp", "a.php"])
def test_broken_files_harm_nothing(path, data):
    assert isinstance(symbols_of(path, data), list)


def test_blocks_are_written_as_people_know_them(tmp_path):
    (tmp_path / "a.py").write_text("class A:\n    def m(self): ...\n")
    found = highlights.build(tmp_path, ["notes.txt", "a.py", "gone.py"], "")
    assert found.text == "Symbols in a.py:\n- A\n  - m"
    assert found.tokens == tokens.count(found.text)[0]


def test_of_many_symbols_those_that_the_question_names_stay(tmp_path):
    (tmp_path / "a.py").write_text("".join(f"def part{n}(): ...\n" for n in range(100)) + "def retry_later(): ...\n")
    (block,) = highlights.build(tmp_path, ["a.py"], "retry").blocks
    assert block.symbols[-1].name == "retry_later"
    assert block.left_out == 71
    assert block.text.endswith("(71 more)")


def test_whole_blocks_alone_are_told_within_the_budget(tmp_path):
    for n in range(5):
        (tmp_path / f"f{n}.py").write_text("".join(f"def name_{n}_{m}(): ...\n" for m in range(10)))
    found = highlights.build(tmp_path, [f"f{n}.py" for n in range(5)], "", budget=150)
    assert 0 < len(found.blocks) < 5
    assert found.tokens <= 150


def test_files_that_need_the_extra_are_listed_and_the_others_told(tmp_path, bare):
    (tmp_path / "a.go").write_text("package a\nfunc F() {}\n")
    (tmp_path / "b.py").write_text("def f(): ...\n")
    found = highlights.build(tmp_path, ["a.go", "b.py"], "")
    assert [b.path for b in found.blocks] == ["b.py"]
    assert [path for path, _ in found.missing] == ["a.go"]
