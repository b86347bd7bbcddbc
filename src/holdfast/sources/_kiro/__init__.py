"""What only the reader of Kiro CLI knows."""
