"""An OpenID Connect provider on this machine: its page offers accounts to choose from, without passwords."""

from __future__ import annotations

import base64
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from proxies import free_port
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT = ("the-client", "the-secret")
KEY_ID = "one"
LIFE_S = 600


class Provider:
    """The authorization code flow as far as an app needs it (OpenID Connect Core 1.0, section 3.1).

    Args:
        accounts: Subject (`sub`) to the name that the account's button bears.
    """

    def __init__(self, accounts: Mapping[str, str]) -> None:
        self.accounts = accounts
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/keys", self._keys),
                Route("/authorize", self._ask),
                Route("/chosen", self._send_back),
                Route("/token", self._exchange, methods=["POST"]),
            ]
        )
        self._key = RSAKey.generate_key(2048, {"kid": KEY_ID}, private=True)
        self._granted: dict[str, tuple[str, str]] = {}  # code to subject and nonce

    def secrets_file(self, redirect: str, **others: str) -> str:
        """What a server's secrets.toml says of this provider."""
        client, secret = CLIENT
        lines = {
            "redirect_uri": redirect,
            "cookie_secret": "a long random word",
            "client_id": client,
            "client_secret": secret,
            "server_metadata_url": f"{self.url}/.well-known/openid-configuration",
        } | others
        return "[auth]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items())

    def _metadata(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False, use="sig", alg="RS256")]})

    def _ask(self, request: Request) -> Response:
        query = request.query_params
        assert (query["client_id"], query["response_type"]) == (CLIENT[0], "code")
        assert "openid" in query["scope"].split()
        hidden = "".join(
            f'<input type="hidden" name="{name}" value="{escape(query.get(name, ""))}">'
            for name in ("redirect_uri", "state", "nonce")
        )
        buttons = "".join(
            f'<button name="sub" value="{escape(subject)}">{escape(name)}</button>'
            for subject, name in self.accounts.items()
        )
        refusal = '<button name="sub" value="">None of these</button>'
        return HTMLResponse(f'<form action="/chosen">{hidden}{buttons}{refusal}</form>')

    def _send_back(self, request: Request) -> Response:
        given = request.query_params
        back = f"{given['redirect_uri']}?state={given['state']}"
        if not given["sub"]:
            return RedirectResponse(f"{back}&error=access_denied")
        code = secrets.token_urlsafe()
        self._granted[code] = (given["sub"], given["nonce"])
        return RedirectResponse(f"{back}&code={code}")

    async def _exchange(self, request: Request) -> Response:
        form = await request.form()
        credentials = base64.b64encode(":".join(CLIENT).encode()).decode()
        if request.headers.get("authorization") != f"Basic {credentials}":
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        subject, nonce = self._granted.pop(str(form["code"]))
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": subject,
            "aud": CLIENT[0],
            "iat": now,
            "exp": now + LIFE_S,
            "nonce": nonce,
            "name": self.accounts[subject],
        }
        token = jwt.encode({"alg": "RS256", "kid": KEY_ID}, claims, self._key)
        return JSONResponse({"access_token": "unused", "token_type": "Bearer", "id_token": token})


@contextmanager
def provider(accounts: Mapping[str, str]) -> Iterator[Provider]:
    """A provider that answers."""
    running = Provider(accounts)
    server = uvicorn.Server(uvicorn.Config(running.app, port=running.port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.05)
        yield running
    finally:
        server.should_exit = True
        thread.join()
