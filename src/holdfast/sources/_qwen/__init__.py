"""What only the reader of Qwen Code knows."""
