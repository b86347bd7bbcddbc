"""A child that appends to one owned session and says so after each append: `append.py URL SESSION WRITER COUNT`.

NO_COMMIT=1 takes the commit out of every transaction: the suite must notice.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sys

from holdfast import _sqlite


@contextlib.contextmanager
def uncommitted(connection):
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")
    yield


if os.environ.get("NO_COMMIT"):
    _sqlite.writing = uncommitted

from holdfast.owned import open_store  # noqa: E402 - after the door was tampered with


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(url, name, writer, count):
    say("begun")
    if not os.environ.get("NO_WAIT"):
        sys.stdin.readline()
    with open_store(url) as store:
        session = store.session(name)
        say("open")
        for number in range(int(count)) if int(count) else itertools.count():
            session.append({"id": f"{writer}-{number}", "role": "user", "content": f"{writer} says {number}"})
            say(f"{writer}-{number}")


main(*sys.argv[1:])
