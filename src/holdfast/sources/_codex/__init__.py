"""What only the reader of Codex knows."""
