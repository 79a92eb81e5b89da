"""In-process 5pm: all 36 methods, in every dialect that the vendor's page leaves open.

Written from that page and from public clients of 5pm, never from our own client, like the rest of the
sandbox. Behaviour that is inferred can be switched:

```python
box.fivepm.dialect = Dialect(errors="body", offset_base=1)
```
"""

from coredata_async.sandbox.fivepm.dialect import Dialect as Dialect
