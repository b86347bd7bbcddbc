"""What only the reader of Amp knows."""
