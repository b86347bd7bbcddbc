"""The page around sessions in HTML: its head, its look, and text made harmless.

Knows HTML's syntax and what a browser could be made to do; refuses to know any noun. The page loads nothing: its policy
allows one style sheet, named by its hash, and no script, picture, frame, form or connection.
"""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape

BEGINNING = (
    b'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="generator" content="holdfast">\n'
)
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_BREAK = re.compile(r"\r\n?")
_FENCE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[ \t]*([^\n`]*)\n(.*?)(?:^ {0,3}\1[`~]*[ \t]*$\n?|\Z)", re.MULTILINE | re.DOTALL
)
_LANGUAGE = 40
STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --back: #ffffff; --box: #f6f8fa;
  --user: #0969da; --tool: #9a6700; --bad: #b42318; --mark: #fff8c5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --back: #0d1117;
  --box: #161b22; --user: #4493f8; --tool: #d29922; --bad: #ff7b72; --mark: #3b2e00; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 58rem; display: flex; flex-direction: column; color: var(--ink);
  background: var(--back); font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: .95rem; margin: 0 0 .4rem; color: var(--soft); font-weight: 400; }
a { color: var(--user); text-decoration: none; } a:hover, a:focus { text-decoration: underline; }
section { margin-bottom: 3rem; } section + section { border-top: 3px double var(--line); padding-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0 0 1rem; font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
nav { font-size: .9rem; margin: 0 0 1.5rem; padding: .6rem 1rem; border: 1px solid var(--line); border-radius: .4rem; }
nav ol { margin: .3rem 0 0; padding-left: 2rem; } nav li { overflow-wrap: anywhere; } #sessions { order: -1; }
article { border-left: 3px solid var(--line); padding: .1rem 0 .1rem 1rem; margin: 0 0 1.4rem; }
article:target { background: var(--mark); }
.user { border-color: var(--user); } .user > h2 > b { color: var(--user); }
h2 b { color: var(--ink); } h2 a { color: inherit; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; margin: .4rem 0; }
pre { background: var(--box); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; margin: .4rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; font: .85rem/1.45 ui-monospace, monospace; tab-size: 4; }
details { margin: .35rem 0; } summary { cursor: pointer; color: var(--soft); overflow-wrap: anywhere; }
summary b { color: var(--tool); } summary code { font: .85rem ui-monospace, monospace; word-break: break-all; }
.bad summary b, .bad > em { color: var(--bad); }
.file { color: var(--soft); font-size: .9rem; } .odd { color: var(--bad); font-size: .75em; border: 1px dotted; }
footer { color: var(--soft); font-size: .85rem; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } a { color: inherit; } h2 { break-after: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; } }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'"


def opening(title: str) -> bytes:
    """Return everything before the first session."""
    head = (
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="robots" content="noindex">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{bare(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )
    return BEGINNING + head.encode()


def closing(note: str) -> bytes:
    """Return everything after the last session; `note` is already safe."""
    return f"<footer>{note}</footer>\n</body>\n</html>\n".encode()


def bare(text: str, limit: int = 0) -> str:
    """Return text as part of one line or an attribute: no markup, nothing hidden, cut to a length."""
    line = " ".join(text.split())
    cut = f"{line[: limit - 1].rstrip()}\u2026" if limit and len(line) > limit else line
    return escape(_HIDDEN.sub(lambda m: f"[U+{ord(m[0]):04X}]", cut))


def safe(text: str) -> str:
    """Return text of several lines with its markup shown, and what nobody would see made visible."""
    pieces, at = [], 0
    text = _BREAK.sub("\n", text)
    for found in _HIDDEN.finditer(text):
        pieces += [escape(text[at : found.start()]), f'<span class="odd">U+{ord(found[0]):04X}</span>']
        at = found.end()
    return "".join([*pieces, escape(text[at:])])


def said(text: str) -> str:
    """Return what was said: plain text as it stands, fenced code as blocks of code."""
    pieces, at = [], 0
    text = _BREAK.sub("\n", text)
    for fence in _FENCE.finditer(text):
        pieces += [_plain(text[at : fence.start()]), code(fence[3].removesuffix("\n"), fence[2].strip())]
        at = fence.end()
    return "".join([*pieces, _plain(text[at:])])


def code(text: str, language: str = "") -> str:
    """Return a block of code."""
    title = f' title="{bare(language, _LANGUAGE)}"' if language else ""
    return f'<pre dir="auto"{title}>{safe(text)}</pre>\n'


def folded(summary: str, body: str, *, bad: bool = False) -> str:
    """Return something that opens on a click; both texts are already safe."""
    kind = ' class="bad"' if bad else ""
    return f"<details{kind}><summary>{summary}</summary>\n{body}</details>\n"


def _plain(text: str) -> str:
    shown = text.strip("\n")
    return f'<div class="said" dir="auto">{safe(shown)}</div>\n' if shown.strip() else ""
