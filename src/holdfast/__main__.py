"""Runs the command line for `python -m holdfast`."""

from __future__ import annotations

from holdfast.faces.cli.main import main

if __name__ == "__main__":
    main()
