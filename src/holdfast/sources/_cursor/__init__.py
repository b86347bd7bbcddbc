"""What only the reader of Cursor knows."""
