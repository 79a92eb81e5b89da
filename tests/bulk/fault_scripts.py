"""Random trees and random scripts of faults, for the property tests of the promises."""

import os
from pathlib import Path
from typing import Any
from unicodedata import normalize

from attrs import field, frozen
from hypothesis import strategies as st

from tests.rig import some_bytes

LINK, PIPE = "symbolic link", "pipe"
Content = bytes | str
"""The bytes of a file, or `LINK` or `PIPE`."""


@frozen
class Tree:
    """Files by their paths below one directory."""

    files: dict[str, Content]

    def write(self, root: Path) -> Path:
        """Create the files below a new directory, which is returned."""
        root.mkdir()
        for name, content in self.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content == LINK:
                path.symlink_to("nowhere")
            elif content == PIPE:
                os.mkfifo(path)
            else:
                path.write_bytes(content)
        return root

    @property
    def skipped(self) -> set[str]:
        """Paths that are not regular files."""
        return {name for name, content in self.files.items() if isinstance(content, str)}

    @property
    def unfit(self) -> set[str]:
        """Paths of regular files that fail by default: forbidden names, and names that become equal."""
        regular = [name for name in self.files if name not in self.skipped]
        remote = [normalize("NFC", name) for name in regular]
        return {
            name
            for name in regular
            if remote.count(normalize("NFC", name)) > 1
            or set("\n\\") & set(name)
            or name.endswith((".", " "))
        }

    @property
    def uploaded(self) -> dict[str, bytes]:
        """Content by the path on the server of all files that a complete job uploads."""
        return {
            normalize("NFC", name): content
            for name, content in self.files.items()
            if isinstance(content, bytes) and name not in self.unfit
        }


@frozen
class FaultCall:
    """One call of a method of `box.faults`."""

    method: str
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(factory=dict)

    def apply(self, faults: Any) -> None:
        """Add the fault to the script of a sandbox."""
        getattr(faults, self.method)(*self.arguments, **self.options)


_DIRECTORIES = st.sampled_from(["", "d/", "d/e/", "\u00e9/", "two words/"])
_NAMES = st.sampled_from(
    ["a.txt", "b.pdf", "A.TXT", "no ending", "%41", "\u00e9.txt", "e\u0301.txt", "\u65e5\u672c", "x" * 200]
)
_FORBIDDEN = st.sampled_from(["a\nb", "back\\slash", "final."])
_CONTENTS = st.sampled_from([b"a", b"same", b"", b"other", some_bytes(3_000), some_bytes(70_000)])


def trees(*, odd: bool = True, max_files: int = 10) -> st.SearchStrategy[Tree]:
    """Trees of up to `max_files` files; `odd` ones have links, pipes and forbidden names, too."""
    names = _NAMES | _FORBIDDEN if odd else _NAMES
    contents = _CONTENTS | st.sampled_from([LINK, PIPE]) if odd else _CONTENTS
    paths = st.builds("{}{}".format, _DIRECTORIES, names)
    return st.builds(Tree, st.dictionaries(paths, contents, min_size=1, max_size=max_files))


WHEN = st.one_of(
    st.fixed_dictionaries({"times": st.integers(1, 4), "after": st.integers(0, 4)}),
    st.fixed_dictionaries({"times": st.none(), "every": st.integers(2, 4), "after": st.integers(0, 2)}),
    st.fixed_dictionaries({"times": st.none(), "after": st.integers(0, 6)}),
)
"""At which requests a fault strikes: some, each n-th, or all from one on."""

_WRITES = st.sampled_from(["files.register", "blobs.reserve", "folders.create", "storage.put"])
_READS = st.sampled_from(["files.list", "projects.files", "folders.list", "files.get"])
_OPERATIONS = _WRITES | _READS
_CODES = st.sampled_from([400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 524])


def _calls(method: str, *arguments: st.SearchStrategy[Any], **options: Any) -> st.SearchStrategy[FaultCall]:
    return st.builds(
        lambda given, when: FaultCall(method, given, {**options, **when}), st.tuples(*arguments), WHEN
    )


def lost(writes: st.SearchStrategy[str]) -> st.SearchStrategy[FaultCall]:
    """Return faults of writes that are carried out, and of which the response is lost."""
    return st.one_of(
        _calls("reset_after", writes),
        _calls("status", writes, _CODES.filter(lambda code: code >= 500), done=True),
        _calls("broken_json", writes),
        _calls("truncate", writes, st.integers(0, 60)),
        _calls("commit_late", writes.filter(lambda write: write.startswith("f")), st.just(0.03)),
    )


LOST = lost(_WRITES)
LOST_REGISTRATION = lost(st.just("files.register"))

HIDDEN = st.builds(
    lambda names, null: FaultCall("hide", ("*", *names), {"null": null, "times": None}),
    st.sampled_from([("blob_name", "digest"), ("blob_name",), ("digest",)]),
    st.booleans(),
)
"""Reads that omit fields which identify a File."""

BLIND = st.one_of(
    HIDDEN,
    _calls("status", _READS, _CODES),
    _calls("broken_json", _READS),
    _calls("lying_next", _READS, st.sampled_from(["always", "never", "same"])),
    st.just(FaultCall("listing_lag", (), {"seconds": 0.02})),
)
"""Reads that show less than there is, or nothing."""

FAULTS = st.one_of(
    LOST,
    BLIND,
    _calls("status", _OPERATIONS, _CODES),
    _calls("status", _OPERATIONS, st.sampled_from([429, 503]), retry_after=0.01),
    _calls("reset_before", _OPERATIONS),
    _calls("html", _OPERATIONS),
    _calls("cut_upload", st.just("storage.put"), st.sampled_from([0, 1, 2_000])),
    _calls("corrupt", st.just("storage.put")),
    _calls("expire"),
    _calls("wrong_digest", st.sampled_from(["storage.put", "files.list", "projects.files", "files.get"])),
)
"""Everything that a service may do wrong and a job must survive."""

OBSTACLES = st.one_of(
    _calls("status", st.just("blobs.reserve"), _CODES.filter(lambda code: code != 401)),
    _calls("reset_before", st.just("blobs.reserve")),
    _calls("html", st.just("blobs.reserve")),
    _calls("broken_json", st.just("blobs.reserve")),
)
"""Faults that keep files from being uploaded at all."""


def scripts(faults: st.SearchStrategy[FaultCall] = FAULTS) -> st.SearchStrategy[list[FaultCall]]:
    """Scripts of up to four faults."""
    return st.lists(faults, max_size=4)
