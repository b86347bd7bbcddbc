"""What only the reader of OpenCode knows."""
