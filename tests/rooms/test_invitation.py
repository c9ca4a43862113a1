"""The addresses that phones are told, and the QR code with them."""

from __future__ import annotations

from collections import namedtuple
from urllib.parse import unquote

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as some

from cnn_core.rooms import invitation
from cnn_core.rooms.invitation import addresses, cleaned, qr_code

Place = namedtuple("Place", ["family", "address"])


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """One with a loopback, a container bridge, no lease on one card, and a Wi-Fi."""
    hosts = ["127.0.0.1", "172.17.0.1", "169.254.3.4", "192.168.0.10"]
    places = [Place(invitation.socket.AF_INET, host) for host in hosts]
    places.append(Place(invitation.socket.AF_INET6, "fe80::1"))
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"cards": places})
    monkeypatch.setattr(invitation, "ANYWHERE", ("127.0.0.1", 1))


def test_all_addresses_of_the_machine_are_offered_with_port_and_base_path() -> None:
    offered = addresses("http://localhost:8501/lab", {})
    assert sorted(offered) == ["http://172.17.0.1:8501/lab", "http://192.168.0.10:8501/lab"]


def test_the_address_in_the_presenters_browser_comes_before_others() -> None:
    assert addresses("http://192.168.0.10:8501", {})[0] == "http://192.168.0.10:8501"
    assert addresses("https://cnn.example.org/lab/", {})[0] == "https://cnn.example.org/lab"


def test_the_address_of_the_proxy_is_the_likeliest() -> None:
    offered = addresses("http://localhost:8501", {"CONVSCOPE_URL": "https://cnn.example.org/lab/"})
    assert offered[0] == "https://cnn.example.org/lab"
    assert len(offered) > 1


def test_a_machine_without_a_network_still_has_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "net_if_addrs", dict)
    assert addresses("http://localhost:8501/", {}) == ["http://localhost:8501"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("192.168.0.10:8501", "http://192.168.0.10:8501"),
        (" https://cnn.example.org/lab/?room=BKTX#x ", "https://cnn.example.org/lab"),
        ("http://[fd00::1]:8501", "http://[fd00::1]:8501"),
        ("", ""),
        ("javascript:alert(1)", ""),
        ("javascript://x", ""),
        ("http://host:port", ""),
        ("http://", ""),
        ("http://[", ""),
        ("a\nb", ""),
    ],
)
def test_what_is_typed_becomes_an_address_or_nothing(typed: str, expected: str) -> None:
    assert cleaned(typed) == expected


@given(some.text())
def test_whatever_is_typed_is_an_address_of_the_web_or_nothing(typed: str) -> None:
    address = cleaned(typed)
    assert address == "" or address.startswith(("http://", "https://"))


def test_a_qr_code_is_dark_on_white_and_grows_with_its_place() -> None:
    picture = unquote(qr_code("http://192.168.0.10:8501/room?room=BKTX"))
    assert picture.startswith("data:image/svg+xml")
    assert "viewBox" in picture
    assert "#000" in picture
    assert "#fff" in picture
