"""What only the reader of Mistral Vibe knows."""
