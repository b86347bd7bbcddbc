"""Ways in for people and programs: parse, one service call, render."""
