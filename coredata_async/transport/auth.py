"""The API's credentials: added to requests for the service, and to nothing else."""

from __future__ import annotations

from http import HTTPStatus

from attrs import evolve, field, frozen

from coredata_async.errors import ConfigurationError
from coredata_async.message import Reply, Request, Send


def _hidden(_: str) -> str:
    return "'…'"


@frozen
class Credentials:
    """Who asks. Version 2 wants user and key, version 3 the key alone."""

    user: str
    key: str = field(repr=_hidden)
    key_v3: str = field(repr=_hidden)

    def __attrs_post_init__(self) -> None:
        if ":" in self.user:
            raise ConfigurationError("api_user must not hold a colon: the server splits user and key there")
        for name, value in (("api_user", self.user), ("api_key", self.key), ("api_key_v3", self.key_v3)):
            if not value.isascii() or not value.isprintable() or " " in value:
                raise ConfigurationError(f"{name} holds a space, a line break or another odd character")

    def header(self, path: str) -> str:
        """The Authorization header for a path: `apikey user:key`, plain, with no base64."""
        if path.startswith("/api/v3/"):
            return f"apikey {self.key_v3}"
        return f"apikey {self.user}:{self.key}"


def authorized(send: Send, credentials: Credentials) -> Send:
    """Say who asks; and should a refusal or a redirect repeat the key, strike it out before it is read."""
    secrets = {credentials.key.encode(), credentials.key_v3.encode()}

    async def through(request: Request) -> Reply:
        headers = {**request.headers, "Authorization": credentials.header(request.target)}
        reply = await send(request.with_headers(headers))
        if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
            for secret in secrets:
                if secret in reply.body:
                    reply = evolve(reply, body=reply.body.replace(secret, b"***"))
        return reply

    return through
