"""What only the reader of Hermes knows."""
