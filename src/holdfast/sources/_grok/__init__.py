"""What only the reader of Grok Build knows."""
