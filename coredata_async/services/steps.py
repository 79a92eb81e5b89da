"""The steps of an upload, one by one, for programs that keep the state themselves.

The states `Stored`, `Unsettled` and `Registered` are frozen values with `to_dict` and `from_dict`, without
URL and API key. Reserving and sending the bytes are one step, because a signed URL is a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coredata_async.config import Retry
from coredata_async.ids import Id
from coredata_async.operations import Observe
from coredata_async.storage.sources import Source
from coredata_async.storage.spool import SpoolMode
from coredata_async.transfer.comparison import UndecidableError
from coredata_async.transfer.drive import log_unsettled
from coredata_async.transfer.outcomes import OnProgress
from coredata_async.transfer.probe import Parent, ProbeRequest, probe_schedule, uncertain
from coredata_async.transfer.steps import Registered, Stored, Unsettled
from coredata_async.transfer.uploads import OnReserved, Upload, Uploader
from coredata_async.wire.files import NewFile


class UploadSteps:
    """The steps of an upload: `client.files.steps`.

    The caller saves `Stored` and its intent before `register`, and `Registered` after it. If `register`
    returns `Unsettled`, or the process died in between, the caller searches for the File at the times of
    `probe_schedule`, and registers the same blob again only if it was not found.
    """

    def __init__(
        self, uploader: Uploader, on_unsettled: Callable[[Unsettled, NewFile], object] = log_unsettled
    ) -> None:
        self._uploader = uploader
        self._on_unsettled = on_unsettled
        self._settler = uploader.driver.settler

    @property
    def retry(self) -> Retry:
        """The policy whose `settle` and `probe_gap` say when to look for a File."""
        return self._settler.policy

    @property
    def observe(self) -> Observe:
        """Begin an operation that the hooks of the client observe, around several steps."""
        return self._uploader.driver.observe

    def new_file(
        self,
        *,
        parent: Id,
        filename: str,
        title: str | None = None,
        dynatype: str | None = None,
        contacts: Sequence[Id] = (),
        tags: Sequence[str] = (),
    ) -> NewFile:
        """Describe the File to create. Sends nothing.

        Raises:
            ConfigurationError: If a value is invalid.
        """
        return Upload(
            source=b"",
            parent=parent,
            filename=filename,
            title=title,
            dynatype=dynatype,
            contacts=contacts,
            tags=tags,
        ).new()

    async def store(
        self,
        source: Source,
        *,
        filename: str | None = None,
        content_type: str | None = None,
        size: int | None = None,
        spool: SpoolMode = "auto",
        progress: OnProgress | None = None,
        on_reserved: OnReserved | None = None,
    ) -> Stored:
        """Send the bytes of a source to the storage. They are not registered as a File yet.

        Sends two requests: reserve (v3 blob) and PUT. Both are repeated with new URLs if that can help. It is
        safe to call again: bytes that were stored before stay without a File.

        Args:
            source: A path, bytes, a binary file, or an (async) iterable of bytes.
            filename: Defaults to the name of the path or file.
            content_type: Defaults to the type of the extension.
            size: Number of bytes. A path that has another size has changed.
            spool: See `files.upload`.
            progress: Called at each stage and after each block.
            on_reserved: Called with each blob name and the time of its reservation, before bytes are sent;
                awaited if it is asynchronous.

        Raises:
            TransferError: If the source cannot be read, or the storage does not accept the bytes.
            APIError: If the reservation is refused.
        """
        wanted = Upload(source=source, filename=filename, content_type=content_type, size=size, spool=spool)
        return await self._uploader.store(wanted, on_reserved, progress)

    async def register(self, stored: Stored, new: NewFile, *, again: bool = False) -> Registered | Unsettled:
        """Register stored bytes as a File, once.

        Sends one request. It is never repeated blindly: two requests would create two Files.

        Args:
            stored: The blob.
            new: The File, from `new_file`.
            again: True if a registration was sent before: then a refusal may mean that it was carried out.

        Returns:
            `Registered`, or `Unsettled` if it is unknown whether the File exists.

        Raises:
            APIError: If the service refused, or was not reached. No File was created by this request.
        """
        state = await self._uploader.driver.register_once(stored, new, again=again)
        if isinstance(state, Unsettled):
            self._on_unsettled(state, new)
        return state

    async def find(self, stored: Stored, new: NewFile) -> Registered | None:
        """Search once for the File of a blob, in a complete listing of its parent.

        Sends one request per 200 Files of the parent. Safe to repeat. `None` proves that the File does not
        exist only if no registration of it can be in flight, and if two listings show it: see
        `probe_schedule`.

        Raises:
            APIError: If the listing fails.
            RegistrationUncertainError: If the listing is incomplete, or shows a File that may be the one.
        """
        wanted = ProbeRequest(stored=stored, new=new, parent=Parent(new.parent))
        try:
            return await self._settler.look_once(wanted)
        except UndecidableError as exc:
            undecided = exc
        raise uncertain(Unsettled(stored, "searched for once"), new, str(undecided), undecided.candidates)

    def probe_schedule(self, retry: Retry | None = None) -> tuple[float, ...]:
        """Return the times at which to call `find`, in seconds since the registration was given up.

        If none of these calls finds the File, the last two have proved that it does not exist.
        """
        return probe_schedule(retry or self._settler.policy)

    async def settle(
        self, stored: Stored, new: NewFile, *, waited: float = 0.0, in_flight: bool = True
    ) -> Registered | None:
        """Search for the File of a blob until it is found, or proved not to exist.

        Takes up to `Retry.settle` + `Retry.probe_gap` seconds. Callers that search in the same parent
        concurrently share their listings.

        Args:
            stored: The blob.
            new: The File.
            waited: Seconds since the registration was given up.
            in_flight: False if no registration of the File can be in flight; then this does not wait.

        Raises:
            RegistrationUncertainError: If listings fail, stay incomplete, or show a File that may be the one.
        """
        unsettled = Unsettled(stored, "its registration was given up")
        return await self._settler.settle(unsettled, new, self._settler.clock() - waited, in_flight=in_flight)

    async def look_up(self, request: ProbeRequest, given_up: float) -> Registered | None:
        """Search for a File as `settle` does, by more than its blob; for code such as bulk jobs.

        Args:
            request: The blob, the File, and the rules of the search.
            given_up: Time of `time.monotonic` at which the registration was given up.

        Raises:
            APIError: If `request.patience` listings in a row failed.
            UndecidableError: If a File may be the one and this cannot be decided, or if listings stay
                incomplete.
        """
        return await self._settler.find(request, given_up)

    def remember(self, parent: str, file_id: str) -> None:
        """Remember a File that exists: a listing of its parent that does not show it proves nothing."""
        self._settler.witnesses.add(parent, file_id, self._settler.clock())
