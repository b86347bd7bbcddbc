"""Find and mask secrets in text; knows key formats, and nothing of sessions, stores or files."""

from __future__ import annotations

from holdfast.redact.finding import MASK_PATTERN, Finding, is_masked
from holdfast.redact.redactor import Redactor

__all__ = ["MASK_PATTERN", "Finding", "Redactor", "is_masked"]
