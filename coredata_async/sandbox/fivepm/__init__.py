"""In-process 5pm: all 36 methods, in every dialect that the facts leave open (facts 13 of 5pm).

Written from the facts and never from the client, like the rest of the sandbox. "Facts" in this folder
are those of 5pm; inferred behaviour stays switchable here:

```python
box.fivepm.dialect = Dialect(errors="body", offset_base=1)
```
"""

from coredata_async.sandbox.fivepm.dialect import Dialect as Dialect
