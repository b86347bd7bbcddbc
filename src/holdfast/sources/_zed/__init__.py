"""What only the reader of Zed knows."""
