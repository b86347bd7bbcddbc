"""What only the reader of Continue knows."""
