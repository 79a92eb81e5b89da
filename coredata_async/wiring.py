"""The inside of a client: what moves its files, and the nouns it offers, on its two chains.

Nouns, and all that files are moved with, are imported when they are first used: with them, making a client
took 1.5 times as long, from a fresh interpreter on, as importing the libraries it stands on (benchmarks/
import_time.py). Whoever cannot wait then, in a running event loop, names what is needed beforehand:
`import coredata_async.services.files`.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from attrs import evolve

from coredata_async.config import Limits
from coredata_async.message import Send
from coredata_async.services.project_locks import ProjectLocks
from coredata_async.transport.auth import Credentials
from coredata_async.transport.chain import SendOptions, SharedLimits, api_chain, storage_chain
from coredata_async.transport.pool import Pool
from coredata_async.transport.retry import Budget
from coredata_async.transport.throttle import Slots
from coredata_async.transport.trace import Hook

if TYPE_CHECKING:  # the one place besides the package's `__init__` and the client: see above
    from coredata_async.services.blobs import Blobs
    from coredata_async.services.comments import Comments
    from coredata_async.services.contacts import Contacts
    from coredata_async.services.documents import Documents
    from coredata_async.services.dynatypes import Dynatypes
    from coredata_async.services.files import Files
    from coredata_async.services.folders import Folders
    from coredata_async.services.projects import Projects
    from coredata_async.services.spaces import Spaces
    from coredata_async.services.tasks import Tasks
    from coredata_async.services.user_home import UserHome
    from coredata_async.services.users import Users
    from coredata_async.services.value_lists import ValueLists
    from coredata_async.transfer.admission import Admission
    from coredata_async.transfer.engine import Engine


class Wiring:
    """What a client is made of."""

    _base_url: str
    _credentials: Credentials
    _limits: Limits
    _pool: Pool
    _send_options: SendOptions
    _shared_limits: SharedLimits
    _project_locks: ProjectLocks

    def engine(
        self,
        *,
        api: Slots | None = None,
        storage: Slots | None = None,
        budget: Budget | None = None,
        hooks: Sequence[Hook] = (),
        around_storage: Callable[[Send], Send] = lambda send: send,
        admission: Admission | None = None,
    ) -> Engine:
        """Return what moves this client's files, for those who build on it, as the bulk uploader does.

        Args:
            api: Other gates for requests to the service than those of `Limits`.
            storage: Likewise for the storage.
            budget: For repeats, other than the client's.
            hooks: Called after every attempt, besides the client's own.
            around_storage: Laid around the `Send` for the storage, as a limit of bytes per second.
            admission: Decides when an upload may reserve its URL.
        """
        from coredata_async.transfer.drive import Driver
        from coredata_async.transfer.engine import Engine
        from coredata_async.transfer.probe import RegistrationProbe
        from coredata_async.transfer.store import Storer
        from coredata_async.transfer.uploads import Uploader

        gates = evolve(
            self._shared_limits,
            api=api or self._shared_limits.api,
            storage=storage or self._shared_limits.storage,
            budget=budget or self._shared_limits.budget,
        )
        manner = evolve(self._send_options, hooks=(*self._send_options.hooks, *hooks))
        send = api_chain(self._pool, gates, manner, self._base_url, self._credentials)
        put = around_storage(storage_chain(self._pool, gates, manner, self._credentials))
        driver = Driver(
            send, Storer(send, put, manner.retry, admission), RegistrationProbe(send, manner.retry)
        )
        return Engine(
            api=send,
            storage=put,
            uploader=Uploader(driver, gates.streams, gates.open_files),
            retry=manner.retry,
            limits=self._limits,
            tenant=self._base_url,
            account=self._credentials.user,
        )

    @cached_property
    def spaces(self) -> Spaces:
        """See `services.spaces.Spaces`."""
        from coredata_async.services.spaces import Spaces

        return Spaces(self._send)

    @cached_property
    def projects(self) -> Projects:
        """See `services.projects.Projects`."""
        from coredata_async.services.projects import Projects

        return Projects(self._send, self._project_locks)

    @cached_property
    def files(self) -> Files:
        """See `services.files.Files`."""
        from coredata_async.services.files import Files
        from coredata_async.transfer.fetch import Fetcher

        engine = self.engine()
        fetcher = Fetcher(
            engine.api, engine.storage, engine.retry, self._shared_limits.open_files, base_url=engine.tenant
        )
        return Files(engine.api, engine.uploader, fetcher, engine.limits)

    @cached_property
    def blobs(self) -> Blobs:
        """See `services.blobs.Blobs`."""
        from coredata_async.services.blobs import Blobs

        return Blobs(self._send)

    @cached_property
    def folders(self) -> Folders:
        """See `services.folders.Folders`."""
        from coredata_async.services.folders import Folders

        return Folders(self._send)

    @cached_property
    def tasks(self) -> Tasks:
        """See `services.tasks.Tasks`."""
        from coredata_async.services.tasks import Tasks

        return Tasks(self._send)

    @cached_property
    def contacts(self) -> Contacts:
        """See `services.contacts.Contacts`."""
        from coredata_async.services.contacts import Contacts

        return Contacts(self._send)

    @cached_property
    def users(self) -> Users:
        """See `services.users.Users`."""
        from coredata_async.services.users import Users

        return Users(self._send)

    @cached_property
    def comments(self) -> Comments:
        """See `services.comments.Comments`."""
        from coredata_async.services.comments import Comments

        return Comments(self._send)

    @cached_property
    def value_lists(self) -> ValueLists:
        """See `services.value_lists.ValueLists`."""
        from coredata_async.services.value_lists import ValueLists

        return ValueLists(self._send)

    @cached_property
    def dynatypes(self) -> Dynatypes:
        """See `services.dynatypes.Dynatypes`."""
        from coredata_async.services.dynatypes import Dynatypes

        return Dynatypes(self._send)

    @cached_property
    def documents(self) -> Documents:
        """See `services.documents.Documents`."""
        from coredata_async.services.documents import Documents

        return Documents(self._send)

    @cached_property
    def _home(self) -> UserHome:
        from coredata_async.services.user_home import UserHome

        return UserHome(self._send)

    @cached_property
    def _send(self) -> Send:
        return api_chain(
            self._pool, self._shared_limits, self._send_options, self._base_url, self._credentials
        )

    def _reset_services(self) -> None:
        """Make everything again when it is next used: after a copy, in another manner."""
        for name, what in vars(Wiring).items():
            if isinstance(what, cached_property):
                self.__dict__.pop(name, None)
