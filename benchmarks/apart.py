"""Benchmark parts in processes of their own, with separate caches, memory and garbage."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from benchmarks.served import ROOT


def run_part(module: str, *options: object, timeout: float = 900, missing: bool = False) -> Any:
    """Run a benchmark module, and return the JSON in the last line that it prints.

    Args:
        module: Name of the module.
        options: Options of its command line.
        timeout: Timeout for the process, in seconds.
        missing: True if it may exit with 1, as it does when it misses a bound of its own.

    Raises:
        RuntimeError: If it failed.
    """
    command = [sys.executable, "-m", module, *map(str, options)]
    out = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True, cwd=ROOT, timeout=timeout)
    lines = out.stdout.splitlines()
    if not lines or out.returncode not in {0, int(missing)}:
        raise RuntimeError(f"{module} ended with {out.returncode}")
    return json.loads(lines[-1])
