"""Models: asking one, and what it answers with. Nothing here is imported before a model is called."""
