"""What only the reader of Claude Code knows."""
