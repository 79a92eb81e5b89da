"""Values that are never shown: their repr is a mask, and they cannot be pickled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Generic, NoReturn, TypeVar, cast, final

T = TypeVar("T")
K = TypeVar("K", bound=Mapping[str, object])

MASK: Final = "***"
_OPTIONS: Final = frozenset({"api_key", "api_key_v3", "password", "proxy"})
"""Options of the clients that are, or may contain, a secret; so are headers."""


@final
class Secret(Generic[T]):
    """A key, a password, or an object that contains one.

    Crash reporters print the local variables of every frame of a traceback. A secret therefore stays wrapped
    in variables and attributes, and is unwrapped only in the expression that writes it to a connection.
    """

    __slots__ = ("_hash", "_value")

    def __init__(self, value: T) -> None:
        self._value = value
        self._hash: int | None = None

    def reveal(self) -> T:
        """Return the value. Do not keep it in a variable."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == cast("Secret[object]", other)._value

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((Secret, self._value))
        return self._hash

    def __copy__(self) -> Secret[T]:
        return self

    def __deepcopy__(self, memo: object) -> Secret[T]:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled: pass the key to the other process yourself")


@final
class SecretMapping(Mapping[str, str]):
    """Strings by name, whose repr shows only the names: headers, or an environment."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = Secret(values)

    def __getitem__(self, name: str) -> str:
        return self._values.reveal()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values.reveal())

    def __len__(self) -> int:
        return len(self._values.reveal())

    def __repr__(self) -> str:
        return f"SecretMapping({dict.fromkeys(self, MASK)})"


def conceal(value: str | Secret[str] | None) -> Secret[str] | None:
    """Wrap a non-empty text, unless it is wrapped already; return None for an empty one."""
    if isinstance(value, Secret):
        return value if value.reveal() else None
    return Secret(value) if value else None


def wrap_secrets(options: K) -> K:
    """Return the options of a client that are set, with keys, passwords, proxy and headers wrapped."""
    wrapped = {name: value for name, value in options.items() if value is not None}
    for name in wrapped.keys() & _OPTIONS:
        wrapped[name] = conceal(cast("str | Secret[str] | None", wrapped[name]))
    if headers := wrapped.get("headers"):
        wrapped["headers"] = SecretMapping(cast("Mapping[str, str]", headers))
    return cast("K", wrapped)
