"""Formats that sessions are written to and read from, one module each."""
