"""What tools print: stack traces of several languages, logs, JSON, diffs, listings, test runs in colour.

Each kind returns one block of lines of about half a kilobyte to two. Knows only where words come from.
"""

from __future__ import annotations

import json
from itertools import accumulate

ERRORS = ("ValueError", "KeyError", "TimeoutError", "NullPointerException", "IllegalStateException", "TypeError")
LEVELS = ("INFO", "INFO", "INFO", "DEBUG", "WARN", "ERROR")
RED, GREEN, DIM, OFF = "\x1b[31m", "\x1b[32m", "\x1b[2m", "\x1b[0m"


def python_trace(text):
    pick, rng = text.rng.choice, text.rng
    lines = ["Traceback (most recent call last):"]
    for _ in range(rng.randint(3, 9)):
        name, other = pick(text.names), pick(text.names)
        lines += (
            f'  File "{pick(text.paths)}", line {rng.randint(1, 2400)}, in {name}',
            f"    {other}({', '.join(text.words(3))})",
        )
    return "\n".join([*lines, f"{pick(ERRORS)}: {' '.join(text.words(9))}: {pick(text.hashes)[:12]}"])


def java_trace(text):
    pick, rng = text.rng.choice, text.rng
    lines = [
        f'Exception in thread "{pick(text.names)}-{rng.randint(1, 64)}" java.lang.{pick(ERRORS)}: {" ".join(text.words(7))}'
    ]
    for _ in range(rng.randint(6, 18)):
        a, b, c = text.words(3)
        lines.append(
            f"\tat com.{a}.{b}.{c}.{pick(text.names)}.{pick(text.names)}({c.capitalize()}.java:{rng.randint(1, 1900)})"
        )
    return "\n".join([*lines, f"\t... {rng.randint(2, 60)} more"])


def node_trace(text):
    pick, rng = text.rng.choice, text.rng
    lines = [f"{pick(ERRORS)}: {' '.join(text.words(8))}"]
    lines += (
        f"    at async {pick(text.names)} (file://{pick(text.paths)}:{rng.randint(1, 900)}:{rng.randint(1, 120)})"
        for _ in range(rng.randint(5, 12))
    )
    return "\n".join(lines)


def go_trace(text):
    pick, rng = text.rng.choice, text.rng
    lines = [f"panic: runtime error: {' '.join(text.words(6))}", "", f"goroutine {rng.randint(1, 9999)} [running]:"]
    for _ in range(rng.randint(4, 10)):
        lines += (
            f"{'/'.join(text.words(3))}.(*{pick(text.names)}).{pick(text.names)}(0x{rng.getrandbits(40):x})",
            f"\t{pick(text.paths)}:{rng.randint(1, 900)} +0x{rng.getrandbits(12):x}",
        )
    return "\n".join(lines)


def rust_trace(text):
    pick, rng = text.rng.choice, text.rng
    lines = [f"thread '{pick(text.names)}' panicked at {pick(text.paths)}:{rng.randint(1, 900)}:{rng.randint(1, 80)}:"]
    for place in range(rng.randint(5, 14)):
        lines += (
            f"{place:4}: 0x{rng.getrandbits(48):012x} - {'::'.join(text.words(3))}::{pick(text.names)}::h{rng.getrandbits(64):x}",
            f"             at {pick(text.paths)}:{rng.randint(1, 2000)}",
        )
    return "\n".join(lines)


def log(text):
    pick, rng, lines = text.rng.choice, text.rng, []
    second = rng.randint(0, 80_000)
    for place in range(rng.randint(8, 16)):
        at = second + place
        lines.append(
            f"2026-{1 + at % 11:02}-{1 + at % 28:02}T{at // 3600 % 24:02}:{at // 60 % 60:02}:{at % 60:02}.{at * 7 % 1000:03}Z "
            f"{pick(LEVELS):5} [{pick(text.names)}] {' '.join(text.words(9))} "
            f"id={pick(text.hashes)[:16]} took={rng.randint(1, 9999)}ms"
        )
    return "\n".join(lines)


def json_lines(text):
    pick, rng = text.rng.choice, text.rng
    return "\n".join(
        json.dumps({
            "level": pick(LEVELS).lower(), "ts": 1_790_000_000 + rng.random() * 1e6,
            "caller": f"{pick(text.paths)}:{rng.randint(1, 900)}",
            "msg": " ".join(text.words(8)), "trace_id": pick(text.hashes)[:32], pick(text.names): pick(text.names),
        })
        for _ in range(rng.randint(4, 9))
    )  # fmt: skip


def blob(text):
    return json.dumps(text.json(), indent=2, ensure_ascii=False)


def diff(text):
    pick, rng = text.rng.choice, text.rng
    path = pick(text.paths).lstrip("/")
    start = rng.randint(1, 2000)
    lines = [
        f"diff --git a/{path} b/{path}", f"index {pick(text.hashes)[:9]}..{rng.getrandbits(36):09x} 100644",
        f"--- a/{path}", f"+++ b/{path}",
        f"@@ -{start},{rng.randint(4, 20)} +{start},{rng.randint(4, 20)} @@ def {pick(text.names)}(",
    ]  # fmt: skip
    for _ in range(rng.randint(10, 28)):
        a, b, c, d = text.words(4)
        lines.append(f"{pick('  -+')}    {pick(text.names)}.{a}({b!r}, {c}={d})")
    return "\n".join(lines)


def source(text):
    pick, rng = text.rng.choice, text.rng
    start = rng.randint(1, 900)
    lines = []
    for number in range(start, start + rng.randint(12, 30)):
        a, b, c = text.words(3)
        kind = rng.randint(0, 4)
        if kind == 0:
            line = f"def {pick(text.names)}({a}: str, {b}: int = {number}) -> {c}:"
        elif kind == 1:
            line = f"    # {' '.join(text.words(8))}"
        elif kind == 2:
            line = f'    {a} = {pick(text.names)}["{b}"].{c}()'
        elif kind == 3:
            line = f"    if {a}.{b} is None and {pick(text.names)}({c}):"
        else:
            line = f'        raise {pick(ERRORS)}("{" ".join(text.words(5))}")'
        lines.append(f"{number:6}\t{line}")
    return "\n".join(lines)


def grep(text):
    pick, rng = text.rng.choice, text.rng
    return "\n".join(
        f"{pick(text.paths)}:{rng.randint(1, 3000)}:    {pick(text.names)} = {' '.join(text.words(6))}"
        for _ in range(rng.randint(5, 12))
    )


def listing(text):
    pick, rng = text.rng.choice, text.rng
    return "\n".join(
        f"-rw-r--r-- 1 dev dev {rng.getrandbits(21):8} Nov {rng.randint(1, 19):2} "
        f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02} {pick(text.paths)}"
        for _ in range(rng.randint(8, 16))
    )


def tests(text):
    pick, rng, lines = text.rng.choice, text.rng, []
    for _ in range(rng.randint(8, 14)):
        passed = rng.random() < 0.85
        lines.append(
            f"{pick(text.paths)}::test_{pick(text.names)}[{'-'.join(text.words(2))}] "
            f"{GREEN + 'PASSED' if passed else RED + 'FAILED'}{OFF} {DIM}[{rng.randint(0, 100):3}%]{OFF}"
        )
    return "\n".join(lines)


def table(text):
    rng = text.rng
    return "\n".join(
        f"{rng.getrandbits(128):032x},{','.join(text.words(6))},{rng.random():.6f},{rng.randint(0, 10**9)}"
        for _ in range(rng.randint(6, 14))
    )


def hexdump(text):
    rng = text.rng
    return "\n".join(
        f"{place:08x}  {rng.randbytes(16).hex(' ')}  |{''.join(text.words(2))[:16]:16}|" for place in range(0, 256, 16)
    )


def foreign(text):
    return "\n".join(f"{text.rng.choice(LEVELS)} {text.foreign()} ({text.rng.choice(text.names)})" for _ in range(6))


_SHARES = {
    source: 22, log: 16, diff: 12, grep: 9, json_lines: 8, blob: 7, tests: 6, python_trace: 5, listing: 4, java_trace: 3,
    node_trace: 3, go_trace: 2, rust_trace: 2, table: 2, foreign: 1.5, hexdump: 0.5,
}  # fmt: skip
KINDS = tuple(_SHARES)
WEIGHTS = tuple(accumulate(_SHARES.values()))
