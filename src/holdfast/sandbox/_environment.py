"""Which environment variables a command is not told. Knows names and shapes of secrets; refuses to know which command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = re.compile(
    r"KEY(_?ID|S|FILE|_FILE|_PATH)?$|TOKENS?(_|$)|SECRETS?(_|$)|PASSW(OR)?DS?(_|$)|PASSPHRASE|CREDENTIALS?(_|$)|_PWD$|_PASS$|_PAT$"
    r"|(^|_)(AUTH|AUTHORIZATION|BEARER|COOKIES?|DSN|API_?KEY|PRIVATE|SALT|WEBHOOK)(_|$)|_KEY_|_?DATABASE_URL$|CONNECTION_STRING"
    r"|(SSH_AUTH_SOCK|SSH_AGENT_PID|GPG_AGENT_INFO|GPG_TTY|DBUS_SESSION_BUS_ADDRESS|DOCKER_HOST|KUBECONFIG|XAUTHORITY"
    r"|DISPLAY|WAYLAND_DISPLAY|XDG_RUNTIME_DIR|NETRC|PGPASSFILE)$"
)
_VALUES = re.compile(
    r"://[^/\s:@]*:[^/\s@]+@|-----BEGIN|\b(sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bgh[pousr]_\w{20,}|\bgithub_pat_|\bglpat-|\bxox[abprs]-"
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b|\beyJ[\w-]{10,}\.[\w-]{5,}|\bAIza[\w-]{30,}|\bhf_[A-Za-z0-9]{20,}|\bnpm_[A-Za-z0-9]{30,}"
)


def cleaned(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what is named or shaped like a secret, or leads to an agent that holds some."""
    return {n: v for n, v in env.items() if not _NAMES.search(n.upper()) and not _VALUES.search(v)}
