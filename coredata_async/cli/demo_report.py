"""Report of a demo: counts that add up, an exit code, and a table for people."""

from __future__ import annotations

from pathlib import Path

from attrs import define, field
from rich.table import Table

from coredata_async.cli.exits import exit_code
from coredata_async.cli.scan import Found

UNREADABLE = 3


@define
class DemoReport:
    """Results for the files of a folder so far."""

    found: Found
    uploaded: dict[str, tuple[Path, int]] = field(factory=dict[str, tuple[Path, int]])
    """By File id: local path and size."""
    listed: set[str] = field(factory=set[str])
    """Ids that the listing showed with the right digest and size."""
    verified: int = 0
    failures: list[tuple[Path, str]] = field(factory=list[tuple[Path, str]])
    """Every file that is not verified, with the reason."""
    exit_code: int = 0
    upload_seconds: float = 0.0
    seconds: float = 0.0

    def __attrs_post_init__(self) -> None:
        for path, why in self.found.unreadable:
            self._add_failure(path, why, UNREADABLE)

    def fail(self, path: Path, error: Exception) -> None:
        """Count a failure."""
        self._add_failure(path, str(error), exit_code(error))

    def _add_failure(self, path: Path, why: str, code: int) -> None:
        self.failures.append((path, why))
        self.exit_code = max(self.exit_code, code)

    @property
    def files(self) -> int:
        """Number of all files, readable or not."""
        return len(self.found.files) + len(self.found.unreadable)

    @property
    def bytes(self) -> int:
        """Number of uploaded bytes."""
        return sum(size for _, size in self.uploaded.values())

    def summary(self) -> dict[str, float]:
        """Return the figures, for programs."""
        busy = self.upload_seconds or 1.0
        return {
            "files": self.files,
            "bytes": self.bytes,
            "uploaded": len(self.uploaded),
            "listed": len(self.listed),
            "verified": self.verified,
            "failed": len(self.failures),
            "skipped": len(self.found.skipped),
            "seconds": round(self.seconds, 3),
            "upload_seconds": round(self.upload_seconds, 3),
            "files_per_second": round(len(self.uploaded) / busy, 1),
            "megabytes_per_second": round(self.bytes / busy / 1e6, 2),
        }


def table(tally: DemoReport) -> Table:
    """Build a table of the figures, for people."""
    figures = tally.summary()
    shown = Table(title="coredata demo", show_header=False, title_justify="left")
    shown.add_column(style="bold")
    shown.add_column(justify="right")
    for name, text in (
        ("files", f"{figures['files']:,}"),
        ("bytes", f"{figures['bytes']:,}"),
        ("uploaded", f"{figures['uploaded']:,}"),
        (
            "upload rate",
            f"{figures['files_per_second']:,.0f} files/s, {figures['megabytes_per_second']:,.1f} MB/s",
        ),
        ("listed back", f"{figures['listed']:,}"),
        ("downloaded and verified", f"{figures['verified']:,}"),
        ("failed", f"{figures['failed']:,}"),
        ("skipped (links, special files)", f"{figures['skipped']:,}"),
        ("seconds in total", f"{figures['seconds']:,.1f}"),
    ):
        shown.add_row(name, text)
    return shown
