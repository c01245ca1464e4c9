"""Posts a signed message to an address that an operator has named, and to nowhere else.

A name is resolved once, and the connection goes to an address that was looked at, so that a name
cannot first resolve to a public address and then to one of the network that studyq stands in.
Redirects are not followed, for the same reason.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from studyq.providers.errors import ProviderError
from studyq.providers.remote_call import call_remote

SECONDS = 15.0  #: for a whole delivery
STEP_SECONDS = 10.0  #: for one connect, read or write
#: Statuses by which a receiver says "later" (RFC 9110, 15.5.9, and RFC 6585, 4).
LATER = frozenset({408, 429})

_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052, 2.1
_COMPATIBLE = ipaddress.ip_network("::/96")  # RFC 4291, 2.5.5.1

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_Resolved = tuple[int, int, int, Any]  # family, type, protocol, socket address


class Undelivered(Exception):
    """The message did not arrive.

    Attributes:
        code: for programs.
        message: the reason and the next step; it names the host only, as the rest of the address
            may be a secret.
        lasting: whether sending it again is no use until somebody changes something.
    """

    def __init__(self, code: str, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.lasting = lasting


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature` (https://www.standardwebhooks.com/).

    Args:
        timestamp: seconds since 1970-01-01 UTC, as in `webhook-timestamp`.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's, also inside of IPv6 forms that hold IPv4."""
    return all(
        one.is_global
        and not (one.is_multicast or one.is_reserved or one.is_unspecified or one.is_loopback)
        and not getattr(one, "is_site_local", False)
        for one in (_plain(address), *_embedded(address))
    )


def post(
    address: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    private: bool,
    check: Callable[[], None] | None = None,
    context: ssl.SSLContext | None = None,
    seconds: float = SECONDS,
) -> int:
    """Post a body, and return the status, which is from 200 to 299.

    Args:
        private: whether addresses that are not public may be connected to.
        check: called while waiting; what it raises ends the delivery.
        context: how TLS is spoken; by default with the system's certificates and names verified.
        seconds: for the whole delivery, the resolving of the name included.

    Raises:
        Undelivered: with the reason.
    """
    parts = urlsplit(address)
    opened: list[socket.socket] = []
    deliver = partial(_deliver, parts, body, headers, private, context, opened)
    try:
        status = call_remote(deliver, seconds=seconds, check=check)
    except ProviderError as error:
        raise Undelivered(
            "webhook_timeout", f"{parts.hostname} did not answer within {seconds:.0f} s."
        ) from error
    finally:
        for line in opened:  # ends the thread of a call that was left behind
            with suppress(OSError):  # the other side has ended it already
                line.shutdown(socket.SHUT_RDWR)
            line.close()
    _judge(parts, status)
    return status


def _deliver(
    parts: SplitResult,
    body: bytes,
    headers: Mapping[str, str],
    private: bool,
    context: ssl.SSLContext | None,
    opened: list[socket.socket],
) -> int:
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        line = _connect(_allowed(host, port, private=private), opened)
        if parts.scheme == "https":
            line = (context or ssl.create_default_context()).wrap_socket(line, server_hostname=host)
            opened.append(line)
        return _ask(parts, line, body, headers)
    except ssl.SSLCertVerificationError as error:
        raise Undelivered(
            "webhook_certificate",
            f"The certificate of {host} was refused: {error.verify_message}. Let the receiver "
            "show one for this name, signed by an authority that this machine knows.",
            lasting=True,
        ) from error
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise Undelivered("webhook_unreachable", f"{host} cannot be reached: {reason}.") from error


def _ask(parts: SplitResult, line: socket.socket, body: bytes, headers: Mapping[str, str]) -> int:
    connection = http.client.HTTPConnection("the-host-header-says", timeout=STEP_SECONDS)
    connection.sock = line  # open already, to the address that was looked at
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
    connection.request("POST", target, body, {"Host": _authority(parts), **headers})
    with connection.getresponse() as response:
        return response.status


def _authority(parts: SplitResult) -> str:
    name = (parts.hostname or "").encode("idna").decode() if "[" not in parts.netloc else ""
    if not name:
        return parts.netloc
    return name if parts.port is None else f"{name}:{parts.port}"


def _allowed(host: str, port: int, *, private: bool) -> list[_Resolved]:
    """Where a host is, as far as one may connect there."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise Undelivered(
            "webhook_address", f"{host} is no name of a host. Mend STUDYQ_ALERT_WEBHOOK.",
            lasting=True,
        ) from error  # fmt: skip
    places: list[_Resolved] = [
        (family, kind, protocol, where) for family, kind, protocol, _, where in found
    ]
    if private:
        return places
    public = [place for place in places if is_public(ipaddress.ip_address(place[3][0]))]
    if not public:
        raise Undelivered(
            "webhook_private",
            f"{host} is at an address that is not public. If that is meant, set "
            "STUDYQ_ALERT_WEBHOOK_PRIVATE=true; else mend STUDYQ_ALERT_WEBHOOK.",
            lasting=True,
        )
    return public


def _connect(places: list[_Resolved], opened: list[socket.socket]) -> socket.socket:
    """A connection to the first place that takes it."""
    failure: OSError | None = None
    for family, kind, protocol, where in places:
        line = socket.socket(family, kind, protocol)
        opened.append(line)
        line.settimeout(STEP_SECONDS)
        try:
            line.connect(where)
        except OSError as error:
            failure = error
            continue
        return line
    raise failure or OSError("the name has no address")


def _judge(parts: SplitResult, status: int) -> None:
    if 200 <= status < 300:
        return
    host = parts.hostname
    if 300 <= status < 400:
        raise Undelivered(
            "webhook_redirect",
            f"{host} answered {status}, a redirect, which is not followed. Set "
            "STUDYQ_ALERT_WEBHOOK to the address that it leads to.",
            lasting=True,
        )
    raise Undelivered(
        "webhook_refused",
        f"{host} answered {status}. Look at what the receiver says of it.",
        lasting=400 <= status < 500 and status not in LATER,
    )


def _plain(address: Address) -> Address:
    """The address that packets end at, where a machine or a gateway translates it."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return _low_bits(address)
    return address.ipv4_mapped or address


def _embedded(address: Address) -> Iterator[ipaddress.IPv4Address]:
    """IPv4 addresses that an IPv6 address may be tunnelled to."""
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address in _COMPATIBLE:
        yield _low_bits(address)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def _low_bits(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
