"""A server that speaks OpenAI's chat API over real HTTP, writes cards or grades answers as told.

It quotes sentences from the passages that a prompt fences, so that what it writes can be found on
the page; whatever is said outside of the fences it obeys, whatever is said inside it does not.
"""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODELS = ("card-writer", "card-writer-large")
PASSAGE = re.compile(r'<source-(\w+) chunk="(\d+)">\n(.*?)\n</source-\1>', re.DOTALL)
MATERIAL = re.compile(r"<(\w+)-(\w{16})>\n(.*?)\n</\1-\2>", re.DOTALL)
WANTED = re.compile(r"Write (\d+) flashcard")
SENTENCE = re.compile(r"[A-Z][^.!?]{30,}[.!?]")
WORD = re.compile(r"\b[a-z]{5,}\b")


@dataclass(frozen=True)
class Asked:
    """A request to the chat API."""

    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def system(self) -> str:
        return self._said("system")

    @property
    def text(self) -> str:
        return self._said("user")

    @property
    def wanted(self) -> int:
        """How many cards are asked for."""
        found = WANTED.search(self.text)
        return int(found[1]) if found else 1

    @property
    def passages(self) -> dict[int, str]:
        """The fenced texts by chunk."""
        return {int(chunk): text for _, chunk, text in PASSAGE.findall(self.text)}

    @property
    def material(self) -> dict[str, str]:
        """What a question about an answer fences, by name."""
        return {name: text for name, _, text in MATERIAL.findall(self.text)}

    def _said(self, role: str) -> str:
        said = [item["content"] for item in self.body["messages"] if item["role"] == role]
        return "\n".join(said)


@dataclass(frozen=True)
class Said:
    """What the server answers: text, or a refusal with a body of its own.

    Attributes:
        wait: Seconds until the first byte.
        pause: Seconds between two pieces of a stream.
        breaks: Whether the connection breaks off in the middle.
        counts: Whether usage is told.
    """

    text: str = ""
    status: int = 200
    error: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    pause: float = 0.0
    breaks: bool = False
    counts: bool = True


Behaviour = Callable[[Asked], Said]


def cards_of(asked: Asked) -> list[dict[str, Any]]:
    """As many cards as are asked for, from each passage in turn, all different."""
    told = [
        [(chunk, sentence) for sentence in SENTENCE.findall(passage) if WORD.search(sentence)]
        for chunk, passage in asked.passages.items()
    ]
    turns = [each for turn in itertools.zip_longest(*told) for each in turn if each]
    return [cloze(chunk, sentence) for chunk, sentence in turns[: asked.wanted]]


def cloze(chunk: int, sentence: str) -> dict[str, Any]:
    """A sentence with its first word of five small letters or more hidden."""
    word = WORD.findall(sentence)[0]
    return {
        "kind": "cloze",
        "chunk": chunk,
        "front": re.sub(rf"\b{word}\b", f"{{{{c1::{word}}}}}", sentence),
        "back": word,
        "options": [],
        "quote": sentence,
    }


def write_cards(asked: Asked) -> Said:
    """What a well-behaved model says."""
    return Said(json.dumps({"cards": cards_of(asked)}))


def grade_with(grade: str, evidence: str, reason: str) -> Behaviour:
    """Grades every answer the same."""
    said = Said(json.dumps({"grade": grade, "evidence": evidence, "reason": reason}))
    return lambda _: said


def refuse(status: int, code: str, message: str = "No.", **headers: str) -> Said:
    """A refusal as OpenAI words it; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"error": {"message": message, "type": "error", "param": None, "code": code}}
    return Said(status=status, error=body, headers=named)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first request meets the first behaviour, and so on; the last one stays."""
    left = iter(behaviours[:-1])
    lock = threading.Lock()

    def turn(asked: Asked) -> Said:
        with lock:
            behaviour = next(left, behaviours[-1])
        return behaviour(asked)

    return turn


class ModelServer:
    """Listens on a free port of loopback while in its ``with`` block.

    Attributes:
        behaviour: Answers requests; to be replaced by a test.
        asked: Each request so far.
        most_at_once: How many requests were in work at once, at most.
        hung_up: Requests whose client went away before the answer was over.
        url: Base address, as clients are configured with it.
    """

    def __init__(self, behaviour: Behaviour = write_cards) -> None:
        self.behaviour = behaviour
        self.asked: list[Asked] = []
        self.at_once = 0
        self.most_at_once = 0
        self.hung_up = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path != "/v1/chat/completions":
                    self.send_error(404)
                    return
                asked = Asked(body, {name.lower(): value for name, value in self.headers.items()})
                with outer.working(asked):
                    outer.answer(self, asked)

            def do_GET(self) -> None:
                data = [{"id": name, "object": "model"} for name in MODELS]
                outer.send(self, 200, {"object": "list", "data": data}, {})

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> ModelServer:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def working(self, asked: Asked) -> Working:
        """Counts a request while it is in work."""
        return Working(self, asked)

    def answer(self, handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        """Sends what the behaviour says, whole or as a stream."""
        name = asked.body["model"]
        if name not in MODELS:
            said = refuse(404, "model_not_found", f"The model `{name}` does not exist")
        else:
            said = self.behaviour(asked)
        if self._over.wait(said.wait):
            return
        try:
            if said.status != 200:
                self.send(handler, said.status, said.error, said.headers)
            elif asked.body.get("stream"):
                self._stream(handler, asked, said)
            else:
                self.send(handler, 200, _completion(asked, said), said.headers)
        except (BrokenPipeError, ConnectionResetError):
            with self._lock:
                self.hung_up += 1
            handler.close_connection = True

    def send(
        self, handler: BaseHTTPRequestHandler, status: int, body: object, headers: dict[str, str]
    ) -> None:
        """Sends a whole body."""
        content = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def _stream(self, handler: BaseHTTPRequestHandler, asked: Asked, said: Said) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        for event in _events(asked, said):
            handler.wfile.write(f"data: {event}\n\n".encode())
            handler.wfile.flush()
            if said.pause and self._over.wait(said.pause):
                return


@dataclass
class Working:
    """A request in work."""

    server: ModelServer
    asked: Asked

    def __enter__(self) -> None:
        server = self.server
        with server._lock:
            server.asked.append(self.asked)
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)

    def __exit__(self, *_: object) -> None:
        with self.server._lock:
            self.server.at_once -= 1


def _usage(asked: Asked, said: Said) -> dict[str, int]:
    prompt, answer = len(asked.system + asked.text) // 4, len(said.text) // 4
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
    }


def _completion(asked: Asked, said: Said) -> dict[str, Any]:
    message = {"role": "assistant", "content": said.text}
    return {
        **_head(asked, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": _usage(asked, said),
    }


def _events(asked: Asked, said: Said) -> Iterator[str]:
    """The events of a stream: pieces of 40 characters, the end, usage if asked for."""
    head = _head(asked, "chat.completion.chunk")
    pieces = [said.text[start : start + 40] for start in range(0, len(said.text), 40)]
    for piece in pieces[: len(pieces) // 2] if said.breaks else pieces:
        delta = {"role": "assistant", "content": piece}
        yield json.dumps({**head, "choices": [{"index": 0, "delta": delta}]})
    if said.breaks:
        yield '{"id": "chatcmpl-1", "choi'
        return
    yield json.dumps({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if said.counts and asked.body.get("stream_options", {}).get("include_usage"):
        yield json.dumps({**head, "choices": [], "usage": _usage(asked, said)})
    yield "[DONE]"


def _head(asked: Asked, kind: str) -> dict[str, Any]:
    created = int(time.time())
    return {"id": "chatcmpl-1", "object": kind, "created": created, "model": asked.body["model"]}
