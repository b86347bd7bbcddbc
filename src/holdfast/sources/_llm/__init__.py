"""What only the reader of the program llm knows."""
