"""Location of a program: on the path, or beside this interpreter, where pip puts rclone."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def program(name: str) -> str | None:
    """Return its path, or None if it is not installed."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), beside)))
