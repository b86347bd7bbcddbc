"""How a process is told from all others and ended, and where a session is saved before."""
