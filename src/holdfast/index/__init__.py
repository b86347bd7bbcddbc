"""The search index: derived from the store, deleted and rebuilt at will. Knows words and places; keeps no text."""

from holdfast.index.words import Index

__all__ = ["Index"]
