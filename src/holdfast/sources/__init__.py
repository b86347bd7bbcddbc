"""Readers of other agents' files: one module each, with a folder beside it where one module is not enough."""
