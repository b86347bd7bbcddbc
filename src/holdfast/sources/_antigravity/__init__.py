"""What only the reader of Antigravity knows."""
