"""What only the reader of Factory Droid knows."""
