"""Runs of the command in a process of its own."""

import subprocess
import sys


def coredata(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `coredata` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "coredata_async", *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
