"""Fifty takers at once: how long a response takes from being sent until it is acknowledged.

Each taker has a connection of its own, begins at a moment of its own, and gives an answer every
half to one and a half seconds, so that about fifty responses a second reach one server.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time

from benchmarks._running import Server

TAKERS = 50
ITEMS = 30
PAUSE = (0.5, 1.5)  #: seconds between two answers of one taker
OPTIONS = ["mitosis", "meiosis", "osmosis", "diffusion"]


def response_times(running: Server) -> list[float]:
    """Milliseconds of each response of all takers."""
    sittings = _sittings(running)
    times: list[float] = []
    failures: list[str] = []

    def take(place: int) -> None:
        try:
            times.extend(_take(running, sittings[place], random.Random(place)))
        except (OSError, ValueError, http.client.HTTPException) as error:
            failures.append(f"taker {place}: {error}")

    threads = [threading.Thread(target=take, args=(place,)) for place in range(TAKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit("\n".join(failures))
    return times


def _sittings(running: Server) -> list[dict[str, object]]:
    """A sitting for each taker, of a test of choices and written answers in turn."""
    client = running.client
    test = client.post("/tests", json={"title": "Cells"}).json()["test"]["id"]
    for number in range(ITEMS):
        stem = f"Question {number}: what moves water?"
        kind = {"kind": "choice", "options": OPTIONS} if number % 2 else {"kind": "short"}
        item = {"stem": stem, "answer": "osmosis", **kind}
        client.post(f"/tests/{test}/items", json=item).raise_for_status()
    client.patch(f"/tests/{test}", json={"status": "ready"}).raise_for_status()
    return [
        client.post(f"/tests/{test}/sittings", json={"taker": f"Taker {place}"}).json()
        for place in range(TAKERS)
    ]


def _take(running: Server, sitting: dict[str, object], chance: random.Random) -> list[float]:
    url = running.client.base_url
    connection = http.client.HTTPConnection(url.host, url.port or 80, timeout=60)
    items = sitting["items"]
    assert isinstance(items, list)
    times = []
    time.sleep(chance.uniform(0, PAUSE[1]))
    for item in items:
        answer = chance.choice(OPTIONS)
        body = json.dumps({"answer": answer, "milliseconds": chance.randrange(60_000)})
        path = f"/sittings/{sitting['id']}/responses/{item['id']}"
        begun = time.perf_counter()
        connection.request("PUT", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        times.append((time.perf_counter() - begun) * 1000)
        if response.status != 204:
            raise ValueError(f"answered {response.status}")
        time.sleep(chance.uniform(*PAUSE))
    connection.close()
    return times
