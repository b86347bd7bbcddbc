"""What only the reader of Aider knows."""
