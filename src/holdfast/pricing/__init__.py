"""Prices and context windows of models: knows what a provider lists; refuses to guess what it does not."""

from holdfast.pricing.prices import Basis, Cost, Prices, Total

__all__ = ["Basis", "Cost", "Prices", "Total"]
