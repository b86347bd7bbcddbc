"""What only the readers of Cline, Roo Code and Kilo know."""
