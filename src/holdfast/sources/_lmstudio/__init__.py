"""What only the reader of LM Studio knows."""
