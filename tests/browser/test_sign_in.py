"""Signing in with a real OpenID Connect provider: the account owns the runs, in every browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Server, eventually
from playwright.sync_api import Page, expect
from provider import Provider, provider
from proxies import free_port
from screens import SHORT, Playground

SIGN_IN = re.compile("^Sign in:")
SIGN_OUT = re.compile("Sign out$")
pytestmark = pytest.mark.long


@pytest.fixture
def accounts() -> Iterator[Provider]:
    with provider({"17": "Anna", "18": "Ben <b>"}) as those:
        yield those


@pytest.fixture
def app_with_accounts(
    accounts: Provider, start: Callable[..., Server], tmp_path: Path
) -> Callable[..., Server]:
    """Starts a server whose secrets name the provider; keywords change what they say."""

    def start_server(**settings: str) -> Server:
        port, file = free_port(), tmp_path / "secrets.toml"
        redirect = f"http://127.0.0.1:{port}/oauth2callback"
        file.write_text(accounts.secrets_file(redirect, **settings), "utf-8")
        return start(port, STREAMLIT_SECRETS_FILES=str(file))

    return start_server


def sign_in(page: Page, name: str) -> None:
    page.get_by_role("button", name=SIGN_IN).click()
    page.get_by_role("button", name=name, exact=True).click()


def own_runs(page: Page, server: Server) -> list[str]:
    """Ids of the runs that the playground lists as the visitor's own."""
    page.goto(f"{server.url}/playground?lang=en")
    screen = Playground.of(page)
    screen.part("runs").locator("summary").click()
    screen.settled()
    return [run for run in server.runs() if screen.part(f"open_{run}").count()]


def test_an_account_owns_its_runs_in_every_browser(app_with_accounts, window):
    server = app_with_accounts()
    laptop = window(server.link(lang="en"))
    sign_in(laptop, "Anna")
    expect(laptop.get_by_role("button", name="Signed in as Anna. Sign out")).to_be_visible()
    laptop.goto(server.link(lang="en", **SHORT))
    screen = Playground.of(laptop)
    run = screen.train()
    screen.wait_for_end()

    phone = window(server.link(lang="en"))
    assert own_runs(phone, server) == []
    sign_in(phone, "Anna")
    expect(phone.get_by_role("button", name=SIGN_OUT)).to_be_visible()
    assert own_runs(phone, server) == [run]
    phone.locator(f".st-key-delete_{run}").get_by_role("button").click()
    phone.locator(f".st-key-delete_yes_{run}").get_by_role("button").click()
    eventually(lambda: run not in server.runs())


def test_whoever_signs_out_is_the_browser_again(app_with_accounts, window):
    server = app_with_accounts()
    page = window(server.link(lang="en", **SHORT))
    screen = Playground.of(page)
    run = screen.train()
    screen.wait_for_end()
    sign_in(page, "Ben <b>")
    expect(page.get_by_role("button", name="Signed in as Ben <b>. Sign out")).to_be_visible()
    assert own_runs(page, server) == []
    page.get_by_role("button", name=SIGN_OUT).click()
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    assert own_runs(page, server) == [run]


@pytest.mark.parametrize("wrong", ["nobody there", "not a provider", "no address"])
def test_a_provider_that_does_not_respond_is_a_sentence_on_the_same_page(
    wrong, app_with_accounts, accounts, window
):
    address = {
        "nobody there": f"http://127.0.0.1:{free_port()}/",
        "not a provider": f"{accounts.url}/authorise",
        "no address": "",
    }[wrong]
    server = app_with_accounts(server_metadata_url=address)
    page = window(server.link(lang="en"))
    page.get_by_role("button", name=SIGN_IN).click()
    expect(page.get_by_text("Signing in did not work")).to_be_visible()
    assert "/playground" in page.url


def test_whoever_refuses_at_the_provider_comes_back_unchanged(app_with_accounts, window):
    server = app_with_accounts()
    page = window(server.link(lang="en"))
    sign_in(page, "None of these")
    expect(page.get_by_role("button", name=SIGN_IN)).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
