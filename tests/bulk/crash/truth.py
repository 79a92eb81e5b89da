"""Conditions that must hold in the end, whatever happened before."""

import hashlib
from collections import Counter
from pathlib import Path

from coredata_async.bulk import Report
from coredata_async.sandbox import SandboxThread, control
from coredata_async.sandbox.document import Document

from .scene import Scene


def files_below(root: Path) -> dict[str, str]:
    """Return the digest of each local file, by its path."""
    return {
        f"{root.name}/{path.relative_to(root)}": hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def files_there(box: SandboxThread, parent: str) -> dict[str, list[str]]:
    """Return the digests of the Files of each path, computed from the stored bytes."""
    found: dict[str, list[str]] = {}
    for file in box.state.files:
        if _is_below(box, file, parent):
            stored = box.state.blobs[str(file.fields["blob_name"])]
            assert (stored.md5, stored.size) == (file.fields["digest"], file.fields["size"])
            path = "/".join(filter(None, (control._path(box.state, file), str(file.fields["filename"]))))
            found.setdefault(path, []).append(hashlib.md5(stored.path.read_bytes()).hexdigest())
    return found


def folders_there(box: SandboxThread, parent: str) -> Counter[str]:
    made = [box.state.documents[key] for _, key in control._user_made(box.state)]
    return Counter(
        "/".join(filter(None, (control._path(box.state, one), one.title)))
        for one in made
        if _is_below(box, one, parent)
    )


def blobs_of_files(box: SandboxThread) -> set[str]:
    return {str(file.fields["blob_name"]) for file in box.state.files}


def assert_exactly_once(scene: Scene, report: Report) -> None:
    """Check that every file has exactly one File with equal bytes in the right folder, also in the report."""
    expected = files_below(scene.root)
    assert files_there(scene.box, scene.parent) == {path: [digest] for path, digest in expected.items()}
    assert_report_is_true(scene, report, planned=len(expected))


def assert_report_is_true(scene: Scene, report: Report, *, planned: int) -> None:
    """Check a complete run without failures: no duplicates, and no orphan that a File references."""
    box = scene.box
    folders = folders_there(box, scene.parent)
    assert set(folders.values()) <= {1}, f"duplicate folders: {folders}"
    assert set(box.state.files_per_blob().values()) <= {1}
    assert report.adds_up
    assert report.finished
    assert report.exit_code == 0, report
    assert report.counts.planned == planned == report.counts.done + report.counts.skipped
    reported = {orphan.blob for orphan in report.orphans}
    assert not reported & blobs_of_files(box), "a blob with a File is reported as an orphan"
    assert reported <= set(box.state.reserved)


def _is_below(box: SandboxThread, document: Document, parent: str) -> bool:
    return any(one.id == parent for one in box.state.ancestors(document))
