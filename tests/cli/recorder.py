"""Server that records requests, and answers writes as CoreData does."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from attrs import field, frozen

ID = "e139a8ac-7368-11ee-8c99-0242ac120002"


@frozen
class Recorder:
    """Recorder: `with Recorder() as server` serves at `server.url`; `server.seen` contains the requests."""

    answers: dict[str, tuple[int, bytes]] = field(factory=dict[str, tuple[int, bytes]])
    """By method, another status and body."""
    seen: list[tuple[str, str, bytes]] = field(factory=list[tuple[str, str, bytes]])
    server: list[HTTPServer] = field(factory=list[HTTPServer])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server[0].server_port}"

    def __enter__(self) -> "Recorder":
        answers = {
            "POST": (201, b""),
            "PUT": (204, b""),
            "DELETE": (204, b""),
            "GET": (200, b"{}"),
        } | self.answers
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                seen.append((self.command, self.path, body))
                status, said = answers[self.command]
                self.send_response(status)
                self.send_header("Location", f"{self.path}{ID}/")
                self.send_header("Set-Cookie", "session=geheim")
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=self.server[0].serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server[0].shutdown()
        self.server[0].server_close()
