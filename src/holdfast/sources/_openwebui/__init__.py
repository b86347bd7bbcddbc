"""What only the reader of Open WebUI knows."""
