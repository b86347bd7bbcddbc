"""Where sessions are kept, one module each."""
