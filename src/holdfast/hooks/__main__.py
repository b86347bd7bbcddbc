"""The way in: `holdfast-hook AGENT [EVENT] [--pid N] [--data DIR] [PAYLOAD]`, the payload on stdin where none is given.

Ends with 0 whatever happens, within seconds, and prints nothing but the answer that the agent waits for.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Note what the agent says, and end at once."""
    try:
        from holdfast.hooks._note import note  # noqa: PLC0415 - a broken installation must not fail the agent either

        note(sys.argv[1:])
    except BaseException:  # noqa: BLE001 - an agent is never failed, not even by an interrupt
        os._exit(0)
    os._exit(0)  # taking the interpreter apart takes a tenth of the time


if __name__ == "__main__":
    main()
