"""Program that becomes another one, which the kernel kills when its parent dies.

python -m coredata_async.cluster.exec_with_parent PARENT PROGRAM [ARGUMENT...]
"""

from __future__ import annotations

import os
import sys

from coredata_async.bulk.lease import die_with

if __name__ == "__main__":
    die_with(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606  # no shell; the setting of the kernel remains
