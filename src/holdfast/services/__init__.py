"""The only place where two parts meet."""
