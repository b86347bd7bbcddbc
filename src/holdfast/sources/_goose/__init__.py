"""What only the reader of Goose knows."""
