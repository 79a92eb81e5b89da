"""Running CoreData: on 127.0.0.1, with an initial Space and Project."""

import asyncio
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import attrs
from aiohttp import web
from attrs import define, field
from attrs.converters import optional

from coredata_async.sandbox import projects
from coredata_async.sandbox.bucket import Bucket, LocalBucket
from coredata_async.sandbox.document import Clock, Ids, User
from coredata_async.sandbox.exchange import Exchange
from coredata_async.sandbox.faults import Faults
from coredata_async.sandbox.fivepm.account import Account
from coredata_async.sandbox.routes import Router, routes
from coredata_async.sandbox.service import Keys, Service
from coredata_async.sandbox.state import State

_HOST = "127.0.0.1"
_PATIENCE = 0.1
"""Timeout for connections of a closing server, in seconds; their requests have been ended before."""
_LOOP_ITERATIONS = 4
"""Iterations of the loop in which an accepted connection becomes one that aiohttp knows, and closes."""
_USERS = (
    User("leia", "Leia", "Organa"),
    User("padme", "Padme", "Amidala"),
    User("rey", "Rey", "Skywalker"),
)


@define(eq=False, repr=False, kw_only=True)
class SandboxServer:
    """In-process CoreData; `async with` starts and stops it.

    Documents live in memory, bytes on disk. A bucket plugged in as `storage` replaces the
    built-in one, and then nothing is served under `/laika/`.
    """

    port: int = 0
    """Port to listen on; 0 selects a free one, which is then stored here."""
    data: Path | None = field(default=None, converter=optional(Path))
    """Directory for the bytes. None: a temporary one, removed at the end."""
    max_limit: int = 1000
    default_limit: int = 20
    url_lifetime: float = 900
    """Lifetime of a signed URL, in seconds; the vendor's is not documented."""
    storage: Bucket | None = None
    clock: Clock = time.time
    refuse_second_registration: bool = False
    """True to let a blob become a File only once, which the real service is not known to do."""
    range_includes_ends: bool = False
    """True if `created__range` and `modified__range` include both ends.

    The page excludes them, which is the default; the framework behind the service is known to include them.
    """
    spaces: Sequence[str] = field(default=("Sandbox",), converter=tuple[str, ...])
    """Titles of the initial Spaces, at least one."""
    keys: Keys = field(factory=Keys.fresh)
    faults: Faults = field(factory=Faults)
    state: State = field(init=False)
    space: str = field(init=False)
    """Id of the first Space."""
    space_ids: tuple[str, ...] = field(init=False)
    """Ids of the initial Spaces, in the order of `spaces`."""
    project: str = field(init=False)
    """Id of the initial Project, in the first Space."""
    fivepm: Account = field(init=False)
    """The second service, at the same URL."""
    bucket: Bucket = field(init=False)
    """Storage of the running server: `storage`, or the built-in one."""
    _router: Router = field(init=False)
    _closing: AsyncExitStack = field(init=False, factory=AsyncExitStack)

    def __attrs_post_init__(self) -> None:
        author = User(self.keys.user, "Administrator", "Administrator", "Administrator")
        users = {user.username: user for user in (author, *_USERS)}
        self.state = State(Ids(self.clock), author, users)
        _create_system_documents(self.state)
        if not self.spaces:
            raise ValueError("spaces is empty, but a sandbox needs at least one Space for its Project")
        self.space_ids = tuple(map(self.add_space, self.spaces))
        self.space = self.space_ids[0]
        self.project = projects.create_first_project(self.state, title="Project", space=self.space).id
        self.fivepm = Account(self.clock, lambda: self.url)
        self._router = routes(self.fivepm)
        self.faults.known = self._router.operations()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.url}>"

    @property
    def url(self) -> str:
        """Scheme, host and port, which a client accepts as its base URL."""
        return f"http://{_HOST}:{self.port}"

    @property
    def api_user(self) -> str:
        """User name for v2 requests."""
        return self.keys.user

    @property
    def api_key(self) -> str:
        """Key for v2 requests."""
        return self.keys.v2

    @property
    def api_key_v3(self) -> str:
        """Key for v3 requests: the same as v2's until it is set (it is not documented)."""
        return self.keys.v3

    @api_key_v3.setter
    def api_key_v3(self, key: str) -> None:
        self.keys.v3 = key

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.bucket = self.storage or await self._local(stack)
            service = Service(
                state=self.state,
                faults=self.faults,
                bucket=self.bucket,
                keys=self.keys,
                max_limit=self.max_limit,
                default_limit=self.default_limit,
                refuse_second_registration=self.refuse_second_registration,
                range_includes_ends=self.range_includes_ends,
            )
            await self._listen(service, stack)
            if isinstance(self.bucket, LocalBucket):
                self.bucket.url = self.url
            self._closing = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    def add_space(self, title: str) -> str:
        """Create a Space, which the API itself cannot, and return its id."""
        return self.state.add_space(title)

    def add_project(self, title: str, *, space: str | None = None, dynatype: str = "Project") -> str:
        """Create a Project in a Space (the first one by default) and return its id.

        The dynatype `Programme`, which the API cannot create, makes a Project for `sub_project_of`.
        """
        return projects.create_first_project(
            self.state, title=title, space=space or self.space, dynatype=dynatype
        ).id

    async def content(self, file_id: str) -> bytes:
        """Return the bytes of a File in the built-in storage; for assertions."""
        blob = self.state.blobs[str(self.state.documents[file_id].fields["blob_name"])]
        return await asyncio.to_thread(blob.path.read_bytes)

    async def _listen(self, service: Service, stack: AsyncExitStack) -> None:
        exchange = Exchange(service, self._router)
        # Bodies are stored as they were sent: the client is responsible for a Content-Encoding.
        server = web.Server(exchange, access_log=None, auto_decompress=False)
        runner = web.ServerRunner(server, shutdown_timeout=_PATIENCE)
        listener = stack.enter_context(socket.create_server((_HOST, self.port)))
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        stack.push_async_callback(exchange.aclose)
        stack.push_async_callback(_deaf, listener)
        self.port = int(runner.addresses[0][1])

    async def _local(self, stack: AsyncExitStack) -> LocalBucket:
        directory = await asyncio.to_thread(self._directory)
        if self.data is None:
            stack.push_async_callback(asyncio.to_thread, shutil.rmtree, directory, ignore_errors=True)
        bucket = LocalBucket(
            directory=directory,
            lifetime=self.url_lifetime,
            clock=self.clock,
            secret=secrets.token_hex(20),
            blobs=self.state.blobs,
            reserved=self.state.reserved,
        )
        stack.push_async_callback(asyncio.to_thread, bucket.workers.shutdown)
        return bucket

    def _directory(self) -> Path:
        if self.data is None:
            return Path(tempfile.mkdtemp(prefix="coredata-sandbox-"))
        self.data.mkdir(parents=True, exist_ok=True)
        return self.data


async def _deaf(listener: socket.socket) -> None:
    """Stop accepting connections, and wait for those just accepted, which would never be closed otherwise.

    asyncio takes an iteration of the loop between the two, and fails (3.11) if its server was closed
    meanwhile.
    """
    with suppress(NotImplementedError, RuntimeError):  # loops that listen in another way
        asyncio.get_running_loop().remove_reader(listener)
    for _ in range(_LOOP_ITERATIONS):
        await asyncio.sleep(0)


def _create_system_documents(state: State) -> None:
    """Create the system's own documents, which have no author."""
    domain = state.ids.new()
    no_author: Mapping[str, object] = {"created_by": None, "modified_by": None, "parent": domain}
    contacts = {"path": "/domain/spaces/system/global/Contacts"}
    trash = {**no_author, "path": "/domain/trash", "version": None}
    # The title is a placeholder that a template fills in: a path is for people, never to be parsed.
    template = {**no_author, "path": "/domain/settings/templates/Project/{{title}}"}
    for kind, title, fields in (
        ("ContactFolder", "Contacts", contacts),
        ("Folder", "trash", trash),
        ("Folder", "{{title}}", template),
    ):
        state.add(attrs.evolve(state.draft(kind, title, None), fields=fields))
