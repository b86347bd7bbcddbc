"""Readers of other agents' files, one module each."""
