"""What only the reader of Crush knows."""
