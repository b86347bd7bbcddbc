"""TOON text: values written by its specification, and read back also where a writer broke it."""

from holdfast.interchange._toon.read import Damaged, loads
from holdfast.interchange._toon.write import dumps

__all__ = ["Damaged", "dumps", "loads"]
