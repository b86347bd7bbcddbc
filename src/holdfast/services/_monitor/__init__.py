"""What the monitor is made of: joining processes to sessions, judging their state, and adding up what they burn."""
