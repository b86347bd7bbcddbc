"""The made-up sessions of the demo, and one writer for each agent's format."""
