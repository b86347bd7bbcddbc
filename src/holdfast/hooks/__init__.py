"""What agents call when something happens in a session: one line to a spool, and out of the way.

Standard library only: no other module of Holdfast is loaded, the archive is never opened, and nothing that goes wrong here
ever reaches the agent. What is written is read by the monitor.
"""
