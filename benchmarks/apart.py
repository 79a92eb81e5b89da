"""A part of the benchmarks in a process of its own: caches, memory and garbage are nobody else's."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks.served import ROOT


def said(module: str, *options: object, timeout: float = 900, missing: bool = False) -> Any:
    """Run a module of ours, and give the JSON of the last line that it prints.

    Args:
        module: Its name.
        options: Of its command line.
        timeout: Seconds that it may take.
        missing: Whether it may exit with 1, as it does when it misses a bound of its own.

    Raises:
        RuntimeError: It failed.
    """
    command = [sys.executable, "-m", module, *map(str, options)]
    out = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, cwd=ROOT, timeout=timeout)
    lines = out.stdout.splitlines()
    if not lines or out.returncode not in {0, int(missing)}:
        raise RuntimeError(f"{module} ended with {out.returncode}")
    return json.loads(lines[-1])
