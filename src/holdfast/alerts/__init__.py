"""Alerts: what became worth a person's attention between two boards, how often it is told, and by which way.

Knows boards and ways to tell; refuses to look at sessions itself. Nothing is told by default: each way is opted in to.
"""

from holdfast.alerts._rules import Alert, Rules, changes, conditions
from holdfast.alerts._sinks import Bell, Command, Desktop, Sink, Webhook, deliver, sinks_of
from holdfast.alerts._telling import Memory, acknowledged, due

__all__ = [
    "Alert",
    "Bell",
    "Command",
    "Desktop",
    "Memory",
    "Rules",
    "Sink",
    "Webhook",
    "acknowledged",
    "changes",
    "conditions",
    "deliver",
    "due",
    "sinks_of",
]
