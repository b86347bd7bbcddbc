"""What only the reader of Visual Studio's Copilot knows."""
