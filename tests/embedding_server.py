"""A server that speaks OpenAI's embeddings API over real HTTP and misbehaves as told."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes]
Behaviour = Callable[[dict[str, Any]], Reply]


def vector_of(text: str, dimensions: int) -> list[float]:
    """A vector that depends on the text alone."""
    digest = hashlib.sha256(text.encode()).digest()
    return [digest[number % 32] / 255 + number * 0.01 + 0.01 for number in range(dimensions)]


def answer(request: dict[str, Any]) -> Reply:
    """What a well-behaved server says."""
    dimensions = request.get("dimensions", 4)
    data = [
        {"object": "embedding", "index": index, "embedding": vector_of(text, dimensions)}
        for index, text in enumerate(request["input"])
    ]
    return json_reply(200, {"object": "list", "data": data[::-1], "model": request["model"]})


def json_reply(status: int, body: object, **headers: str) -> Reply:
    """A reply with a JSON body; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, json.dumps(body).encode()


class EmbeddingServer:
    """Listens on a free port of loopback while in its ``with`` block.

    Attributes:
        behaviour: Makes the reply to a request's JSON; to be replaced by a test.
        requests: The JSON of each request so far.
        headers: The headers of each request so far.
        url: Base address, as clients are configured with it.
    """

    def __init__(self) -> None:
        self.behaviour: Behaviour = answer
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append({"path": self.path, **body})
                outer.headers.append(dict(self.headers.items()))
                status, headers, content = outer.behaviour(body)
                try:
                    self.send_response(status)
                    for name, value in headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except ConnectionError:
                    pass  # the client gave up, as some tests want it to

            def do_GET(self) -> None:
                outer.requests.append({"path": self.path, "method": "GET"})
                self.send_error(405)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> EmbeddingServer:
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
