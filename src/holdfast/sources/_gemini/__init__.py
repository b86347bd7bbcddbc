"""What only the reader of Gemini CLI knows."""
