"""What only the reader of Pi knows."""
