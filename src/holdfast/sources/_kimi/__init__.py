"""What only the reader of Kimi knows."""
