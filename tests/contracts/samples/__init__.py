"""One small home for each agent, in that agent's own format: `build(root)` writes it, `EXPECTED` says what is in it.

Optional names: ROOT_TABLE, APPEND_ONLY, JSON_LINES, UNKNOWN_RECORD; they stand for the SourceContract's own of that name.
"""
