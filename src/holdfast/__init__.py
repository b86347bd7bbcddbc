"""Holdfast keeps the sessions of every AI agent a person runs."""

from __future__ import annotations

__version__ = "0.1.0"
