"""What a confined command may reach: paths, system calls, and how bubblewrap and Landlock are told of them.

Knows kernels and folders; refuses to know commands. Two numbers per machine: what is not listed here is not confined here.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Literal

Confinement = Literal["bubblewrap", "landlock"]
BUBBLEWRAP = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap", "/run/current-system/sw/bin/bwrap")
SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/nix", "/gnu", "/snap", "/Library",
)  # fmt: skip
KERNEL = ("/proc", "/sys/devices/system", "/sys/fs/cgroup")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
TOOLCHAINS = (
    ".pyenv", ".nvm", ".rustup", ".cargo/bin", ".cargo/registry", ".local/bin", ".local/lib", ".local/share/uv",
    ".local/share/mise", ".asdf", ".bun/bin", ".deno/bin", "go", ".volta", ".rbenv", ".ghcup", ".sdkman/candidates",
)  # fmt: skip
"""What of a home is no secret and needed to run programs."""
KEPT = (".git/hooks", ".git/config")
"""What git would run later, outside: a command that is confined with bubblewrap may not change it."""

_FILE = 1 | 2 | 4 | 1 << 14 | 1 << 15
READ = 1 | 4 | 8
WRITE = (1 << 15) - 1
LEAST_ABI = 3
"""Before it, files outside could be emptied."""
_NET_ABI, _DEVICE_ABI, _SCOPE_ABI = 4, 5, 6
_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_REFUSED = {
    "x86_64": (
        41, 101, 155, 161, 165, 166, 167, 168, 169, 175, 176, 246, 248, 249, 250, 272, 298, 304, 308, 310, 311, 313, 320, 321, 323,
    ),
    "aarch64": (
        198, 117, 41, 51, 40, 39, 224, 225, 142, 105, 106, 104, 217, 218, 219, 97, 241, 265, 268, 270, 271, 273, 294, 280, 282,
    ),
}  # fmt: skip
"""socket, ptrace, pivot_root, chroot, mount, umount2, swapon, swapoff, reboot, init_module, delete_module, kexec_load, add_key,
request_key, keyctl, unshare, perf_event_open, open_by_handle_at, setns, process_vm_readv, process_vm_writev, finit_module,
kexec_file_load, bpf, userfaultfd: in this order for each machine."""
_REFUSED_ALIKE = (425, 428, 429, 430, 438, 442)
"""io_uring_setup, open_tree, move_mount, fsopen, pidfd_getfd, mount_setattr."""


@lru_cache(maxsize=1)
def abi() -> int:
    """Return the version of Landlock that this kernel speaks, 0 for none."""
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        return 0
    return max(0, int(ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), ctypes.c_uint(1))))


@lru_cache(maxsize=1)
def bubblewrap() -> str:
    """Return the path of a bubblewrap that works here; empty for none."""
    for place in BUBBLEWRAP:
        if os.access(place, os.X_OK):
            argv = [place, "--unshare-all", "--cap-drop", "ALL", "--ro-bind", "/", "/", "--proc", "/proc", "/bin/true"]
            try:
                tried = subprocess.run(  # noqa: S603 - no word of it comes from outside
                    argv, capture_output=True, timeout=10, check=False, stdin=subprocess.DEVNULL
                )
            except (OSError, subprocess.TimeoutExpired):
                continue
            if tried.returncode == 0:
                return place
    return ""


def confinement() -> Confinement | None:
    """Return what can confine a command here; None where nothing can."""
    if bubblewrap():
        return "bubblewrap"
    return "landlock" if abi() >= LEAST_ABI else None


def readable(home: Path) -> list[str]:
    """Return the folders that a command may read besides its project: programs and their settings, never a home."""
    own = {str(Path(p).resolve()) for p in (sys.prefix, sys.base_prefix)}
    tools = [str(home / t) for t in TOOLCHAINS]
    above = {str(p) for p in (home, *home.parents)}
    return [p for p in dict.fromkeys([*SYSTEM, *tools, *sorted(own - above)]) if Path(p).exists()]


def wrapped(argv: list[str], root: Path, scratch: Path, home: Path) -> list[str]:
    """Return a command line that starts `argv` in bubblewrap: no network, one writable folder, nothing of the home."""
    line = [bubblewrap(), "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    for place in readable(home):
        line += ["--ro-bind", place, place]
    line += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--bind", str(scratch), str(scratch)]  # noqa: S108
    line += ["--bind", str(root), str(root)]
    for name in KEPT:
        if (root / name).exists() and not (root / name).is_symlink():
            line += ["--ro-bind", str(root / name), str(root / name)]
    return [*line, "--remount-ro", "/", "--chdir", str(root), "--", *argv]


def rules(root: Path, scratch: Path, home: Path) -> tuple[str, list[tuple[str, int]]]:
    """Return Landlock's ruleset, as hexadecimal digits, and what is allowed below which path."""
    version = abi()
    handled = WRITE | (1 << 15 if version >= _DEVICE_ABI else 0)
    attributes = struct.pack("=Q", handled)
    attributes += struct.pack("=Q", 3) if version >= _NET_ABI else b""
    attributes += struct.pack("=Q", 3) if version >= _SCOPE_ABI else b""
    listed = [(p, READ) for p in [*readable(home), *KERNEL]]
    listed += [(d, 2 | 4) for d in DEVICES]
    listed += [(str(root), WRITE), (str(scratch), WRITE)]
    existing = [(p, a & handled if Path(p).is_dir() else a & _FILE & handled) for p, a in listed if Path(p).exists()]
    return attributes.hex(), existing


def refused_calls() -> str:
    """Return the program, as hexadecimal digits, that refuses the network and what reaches into other processes."""
    machine = platform.machine()
    numbers = (*_REFUSED[machine], *_REFUSED_ALIKE)
    code = [(0x20, 0, 0, 4), (0x15, 1, 0, _MACHINES[machine]), (0x06, 0, 0, 0x80000000), (0x20, 0, 0, 0)]
    code += [(0x35, len(numbers) + 1, 0, 0x40000000)]  # another way of numbering, which would pass the list
    code += [(0x15, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
    code += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050000 | 1)]
    return b"".join(struct.pack("=HBBI", *line) for line in code).hex()
