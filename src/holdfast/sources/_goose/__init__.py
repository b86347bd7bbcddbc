"""What only the reader of Goose needs."""
