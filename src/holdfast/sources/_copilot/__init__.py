"""What only the reader of Copilot CLI knows."""
