"""Models of 5pm: frozen values, snake_case, unknown fields in `extra`.

Ids are `str` everywhere: the vendor's pages type an object's own id as text, and references to it as
numbers. A reference of 0 or an empty one is `None`. Dates have no time zone: they are the account's own local
time, and are never converted. Statuses and priorities are open numbers, because an account may have its own.
"""
