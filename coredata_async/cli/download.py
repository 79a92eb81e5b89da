"""Command `coredata download`: the content of files, each verified, without accidental overwriting."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from attrs import frozen

from coredata_async.cli import connection
from coredata_async.cli.connection import client
from coredata_async.cli.failures import AT_ONCE, exit_on_failures, run_each
from coredata_async.cli.output import echo_json, printable
from coredata_async.client import CoreData
from coredata_async.errors import CoreDataError
from coredata_async.resources.files import File
from coredata_async.storage.bodies import md5_of_file
from coredata_async.storage.filenames import alternatives, fold, safe_filename


@frozen(kw_only=True)
class DownloadTarget:
    """A file and the local path to save it to."""

    file: File
    path: Path
    resume: bool
    force: bool


@click.command(params=connection.options(hidden=True))
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    metavar="DEST",
    help="Folder, created if the name ends in a slash or there are several files; or the name of the "
    "one file. Default: the current folder.",
)
@click.option(
    "--resume", is_flag=True, help="Keep a partial download after a failure, and continue it next time."
)
@click.option("--force", is_flag=True, help="Overwrite existing files.")
@click.option(
    "--concurrency",
    default=AT_ONCE,
    show_default=True,
    type=click.IntRange(1, 256),
    metavar="N",
    help="Maximum number of files at once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per saved file.")
def download(
    *, ids: tuple[str, ...], output: str | None, resume: bool, force: bool, concurrency: int, as_json: bool
) -> None:
    """Download files, each under its own name, and verify their digests.

    A file appears under its name when it is complete and verified. With --resume, a file that already
    exists with the right content is left alone.
    """
    every = tuple(dict.fromkeys(ids))
    folder, name = destination(output, several_files=len(every) > 1)
    asyncio.run(
        _download(
            client(), every, folder, name, resume=resume, force=force, width=concurrency, as_json=as_json
        )
    )


async def _download(
    made: CoreData,
    ids: Sequence[str],
    folder: Path,
    name: str | None,
    *,
    resume: bool,
    force: bool,
    width: int,
    as_json: bool,
) -> None:
    async def save(target: DownloadTarget) -> None:
        with naming_file(f"File {target.file.id}", target.path):
            await _save(made, target)
            size = target.path.stat().st_size
        if as_json:
            echo_json({"id": target.file.id, "path": str(target.path), "size": size})
        else:
            click.echo(printable(f"{target.file.id} → {target.path}"))

    async with made:
        found = await run_each(ids, made.files.get, width)
        files = [each for each in found if isinstance(each, File)]
        names = [name] if name else distinct(safe_filename(file.filename, file.id) for file in files)
        targets = [
            DownloadTarget(file=file, path=folder / each, resume=resume, force=force)
            for file, each in zip(files, names, strict=False)
        ]
        saved = await run_each(targets, save, width)
    exit_on_failures([*(each for each in found if isinstance(each, Exception)), *saved])


async def _save(made: CoreData, target: DownloadTarget) -> None:
    if await asyncio.to_thread(_is_done, target):
        return
    async with made.files.download(target.file.id, digest=target.file.digest or None) as content:
        await content.save(target.path, resume=target.resume, overwrite=target.force)


@contextmanager
def naming_file(what: str, path: Path) -> Generator[None]:
    """Name the file in an error of the disk, which says only "No space left on device".

    Raises:
        CoreDataError: If the disk fails.
    """
    try:
        yield
    except CoreDataError:  # a timeout is an error of the system, too
        raise
    except OSError as exc:
        failure = exc.strerror or str(exc)
    else:
        return
    raise CoreDataError(f"{what} was not saved as {path}: {failure}")


def _is_done(target: DownloadTarget) -> bool:
    """Return whether a file with the right content is already on the disk.

    Raises:
        CoreDataError: If the path exists with other content.
    """
    if target.force or not os.path.lexists(target.path):  # a broken link also occupies the path
        return False
    comparable = target.resume and target.file.digest and target.path.is_file()
    if comparable and md5_of_file(target.path) == (target.file.digest or "").lower():
        return True
    raise CoreDataError(
        f"File {target.file.id} was not saved, because {target.path} exists: --force overwrites it"
    )


def destination(output: str | None, *, several_files: bool) -> tuple[Path, str | None]:
    """Return the folder, and the name if one was given."""
    path = Path(output or ".")
    separators = tuple(each for each in (os.sep, os.altsep) if each)
    # `Path.is_dir` raises an error if a folder above may not be entered, or the name is too long.
    if several_files or os.path.isdir(path) or (output or "").endswith(separators):  # noqa: PTH112
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise click.UsageError(f"{path} is not a folder and cannot be created: {exc.strerror}") from None
        return path, None
    if not os.path.isdir(path.parent):  # noqa: PTH112
        raise click.UsageError(f"the folder {path.parent} does not exist")
    return path.parent, path.name


def distinct(names: Iterable[str]) -> list[str]:
    """Return the names in their order, the second `a.txt` as `a (2).txt`.

    Names that differ only in case or Unicode form count as the same: they are on some file systems.
    """
    taken: set[str] = set()
    found: list[str] = []
    for name in names:
        free = next(each for each in alternatives(name) if fold(each) not in taken)
        taken.add(fold(free))
        found.append(free)
    return found
