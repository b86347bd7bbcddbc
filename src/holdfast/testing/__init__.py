"""What adapters and programs test themselves with: contracts, builders, a home with sessions."""

from __future__ import annotations

from holdfast.testing.demo_home import demo_home

__all__ = ["demo_home"]
