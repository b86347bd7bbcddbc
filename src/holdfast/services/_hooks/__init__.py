"""What the hooks service knows of agents and of their files, one file for each."""
