"""What went wrong between us and a model, told as errors of ours: what, where, and the next command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_ai import exceptions as wire

from holdfast.errors import BadInput, Denied, HoldfastError, Unavailable
from holdfast.llm.names import NO_KEY, PROVIDERS

if TYPE_CHECKING:
    from holdfast.llm.names import Target

FAILURES = (wire.AgentRunError, wire.UserError, OSError)
_AGAIN = (429, 500, 502, 503, 504, 529)
_LONGEST = 300


def is_passing(error: Exception) -> bool:
    """Tell whether asking once more may help: too many requests, a fault of the server, no connection."""
    if isinstance(error, wire.ModelQuotaExceededError):
        return False
    if isinstance(error, wire.ModelHTTPError):
        return error.status_code in _AGAIN
    if isinstance(error, wire.ModelTimeoutError):
        return False
    return isinstance(error, wire.ModelConnectionError | wire.ModelServerError | wire.ModelUnavailableError)


def wait_asked(error: Exception) -> float | None:
    """Return the seconds a server asked us to wait, if it did."""
    return error.retry_after if isinstance(error, wire.ModelAPIError) else None


def told(error: Exception, where: Target) -> HoldfastError:
    """Return the failure as its reader needs it."""
    server = where.endpoint or where.provider
    if isinstance(error, wire.ModelAuthenticationError) or _status(error) in (401, 403):
        return Denied(f"{server} refused the key: {_said(error)}", _key_hint(where))
    if isinstance(error, wire.ModelQuotaExceededError):
        return Unavailable(
            f"{server} has no credit left for {where.model}: {_said(error)}", "top up, or use another model"
        )
    if isinstance(error, wire.ModelContextWindowExceededError):
        return BadInput(
            f"the conversation is longer than {where.model} can read: {_said(error)}",
            "shorten it, or use another model",
        )
    if isinstance(error, wire.ModelNotFoundError) or _status(error) == 404:  # noqa: PLR2004 - HTTP
        return BadInput(f"{server} knows no model {where.model!r}: {_said(error)}", _model_hint(where))
    if _status(error) == 429:  # noqa: PLR2004 - HTTP
        return Unavailable(
            f"{server} takes no more requests for now: {_said(error)}", "wait a little, or use another model"
        )
    if isinstance(error, wire.ModelTimeoutError | wire.ModelRequestTimeout):
        return Unavailable(f"{server} said nothing more: {_said(error)}", "try again, or allow more time with timeout=")
    if isinstance(error, wire.ModelConnectionError) and error.phase == "read":
        return Unavailable(f"the answer of {server} broke off: {_said(error)}", "try again")
    if isinstance(error, wire.ModelConnectionError | OSError):
        return Unavailable(f"{server} cannot be reached: {_said(error)}", _start_hint(where))
    if isinstance(error, wire.ModelRequestRejectedError | wire.UserError):
        hint = (
            "use a model that can call tools, or offer none"
            if "tool" in _said(error)
            else "change the model or the message"
        )
        return BadInput(f"{server} cannot take this request: {_said(error)}", hint)
    return Unavailable(f"{server} gave no usable answer: {_said(error)}", "try again, or use another model")


def _status(error: Exception) -> int:
    return error.status_code if isinstance(error, wire.ModelHTTPError) else 0


def _said(error: Exception) -> str:
    """Return a server's own words, on one line and not too many."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    words = inner.get("message") if isinstance(inner, dict) else inner if isinstance(inner, str) else None
    line = " ".join(str(words or getattr(error, "message", "") or error).split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."


def _key_hint(where: Target) -> str:
    variable = PROVIDERS[where.provider].keys[0]
    return f"export {variable}=..." if where.key == NO_KEY else f"check {variable}"


def _model_hint(where: Target) -> str:
    return f"ollama pull {where.model}" if where.provider == "ollama" else "check the name and the address"


def _start_hint(where: Target) -> str:
    if where.provider == "ollama":
        return "ollama serve (or set OLLAMA_HOST)"
    variable = PROVIDERS[where.provider].address[0]
    return f"check {variable}={where.endpoint}" if where.endpoint else "check the network"
