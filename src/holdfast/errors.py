"""Every error Holdfast raises on purpose, named by what its reader must do.

HoldfastError
+-- BadInput        fix what you typed or wrote               exit 2   HTTP 422
+-- NotFound        nothing has that name or id               exit 3   HTTP 404
+-- Denied          you may not do that                       exit 4   HTTP 403
+-- Ambiguous       choose one of the candidates              exit 5   HTTP 409
+-- Conflict        someone was faster, or holds the lock     exit 6   HTTP 409
+-- Partial         part of a batch failed                    exit 7   HTTP 207
+-- Unreadable      a file or record is damaged               exit 8   HTTP 422
+-- Unsafe          refused, because it could do harm         exit 9   HTTP 403
+-- Unavailable     a store, model or extra is out of reach   exit 10  HTTP 503
"""

from __future__ import annotations

from typing import ClassVar

INTERRUPTED = 130


class HoldfastError(Exception):
    """Say what happened, where, and what to do next (`hint`)."""

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep the message and the next step apart, so that a face can show both."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def code(self) -> str:
        """Name the error as programs read it, for example `not_found`."""
        return "".join("_" + c.lower() if c.isupper() else c for c in type(self).__name__).lstrip("_")


class BadInput(HoldfastError):
    """What was typed or written cannot be used as it is."""

    exit_code = 2
    http_status = 422


class NotFound(HoldfastError):
    """Nothing has that name, id or path."""

    exit_code = 3
    http_status = 404


class Denied(HoldfastError):
    """The person or program may not do that."""

    exit_code = 4
    http_status = 403


class Ambiguous(HoldfastError):
    """Several things have that name; `candidates` lists some of them."""

    exit_code = 5
    http_status = 409

    def __init__(self, message: str, hint: str = "", *, candidates: tuple[str, ...] = ()) -> None:
        """Keep the candidates for the face to print."""
        super().__init__(message, hint)
        self.candidates = candidates


class Conflict(HoldfastError):
    """Someone else was faster, or holds the lock."""

    exit_code = 6
    http_status = 409


class Partial(HoldfastError):
    """Part of a batch failed; the message counts both parts."""

    exit_code = 7
    http_status = 207


class Unreadable(HoldfastError):
    """A file or record is damaged; the message names it."""

    exit_code = 8
    http_status = 422


class Unsafe(HoldfastError):
    """Refused, because it could overwrite, leak or run something."""

    exit_code = 9
    http_status = 403


class Unavailable(HoldfastError):
    """A store, model, extra or program is out of reach."""

    exit_code = 10
    http_status = 503


EXIT_CODES: dict[int, str] = {
    0: "ok",
    1: "failure",
    2: "usage",
    3: "not found",
    4: "denied",
    5: "ambiguous",
    6: "conflict or locked",
    7: "part of a batch failed",
    8: "unreadable or damaged data found",
    9: "refused as unsafe",
    10: "unavailable (store or model)",
    INTERRUPTED: "interrupted",
}
