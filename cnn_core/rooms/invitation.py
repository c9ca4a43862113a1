"""How phones come into a room: the addresses at which they may reach this machine, and a QR code."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit

import psutil

OWN_URL = "CONVSCOPE_URL"
ANYWHERE = ("192.0.2.1", 1)  # an address for documentation; nothing is sent to it
LONGEST = 200  # characters of an address


def addresses(url: str, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Addresses of the app for other devices, the likeliest first, without a slash at the end.

    `CONVSCOPE_URL`, if it is set; then the address in the presenter's own browser, unless that only
    reaches the machine itself; then one for each address of this machine, with the same port and path.

    Args:
        url: Of the app's first page as the presenter's browser has it, with the base path.
        environment: Where `CONVSCOPE_URL` is looked for.
    """
    offered = [cleaned(environment.get(OWN_URL, ""))]
    parts = urlsplit(url)
    if parts.hostname and not _is_this_machine_only(parts.hostname):
        offered.append(cleaned(url))
    for host in _hosts():
        place = f"{host}:{parts.port}" if parts.port else host
        offered.append(cleaned(urlunsplit(("http", place, parts.path, "", ""))))
    return list(dict.fromkeys(filter(None, offered))) or [cleaned(url)]


def cleaned(text: str) -> str:
    """An address that somebody typed, with its scheme, up to the path; empty if it is none."""
    text = text.strip()[:LONGEST]
    if text and "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises if that is no number
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or not text.isprintable():
        return ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))


def qr_code(text: str) -> str:
    """A QR code as an SVG picture in a data address, dark on white in every theme."""
    import segno

    code = segno.make(text, error="m", micro=False)
    return str(code.svg_data_uri(scale=4, border=3, dark="#000", light="#fff", omitsize=True))


def _hosts() -> list[str]:
    """The IPv4 addresses of this machine that others may reach; first the one that leads away from it."""
    hosts = []
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect(ANYWHERE)
        hosts.append(str(way.getsockname()[0]))
    with suppress(OSError):
        for places in psutil.net_if_addrs().values():
            hosts += [place.address for place in places if place.family == socket.AF_INET]
    reachable = [host for host in dict.fromkeys(hosts) if not _is_this_machine_only(host)]
    return sorted(reachable, key=lambda host: host != hosts[0] and host.startswith("172."))


def _is_this_machine_only(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified or address.is_link_local
