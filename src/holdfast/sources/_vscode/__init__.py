"""What only the reader of VS Code's chat knows."""
