"""Who may look: everybody on this machine, or who has the token."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from typing import Any, List, Optional
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

COOKIE_AGE_S = 30 * 24 * 3600
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of every answer: nothing is kept, nothing comes from elsewhere, and no other site can show it."""


def is_loopback(host: str) -> bool:
    """Whether only this machine itself can reach `host`, a name or an address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hostname(host: str) -> str:
    """The name in a `Host` header, without its port; empty where there is none."""
    try:
        return urlsplit("//" + host).hostname or ""
    except ValueError:
        return ""


def _named_tokens(request: Request) -> List[bytes]:
    """What a request names as a token, in its address and in its header; empty where it does not."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    bearer = credentials.strip(" \t") if scheme.lower() == "bearer" else ""
    return [
        request.query_params.get("token", "").encode(),
        bearer.encode("latin-1"),  # the bytes that came
    ]


class Guard:
    """An ASGI application in front of another one, which it lets only those reach who may.

    With a token: who names it as `?token=`, as `Authorization: Bearer`, or has the cookie that is set
    when it was named. Without one: who calls this machine by a name of its own; otherwise a site that
    lets its own name point here could read everything through its visitor's browser.

    Args:
        token: empty for none.
        port: keeps the cookies of two runs on one machine apart.
    """

    def __init__(self, app: Any, token: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        self._cookie = f"splitdet_{port}"
        # not the token itself: cookies go to every server of a host, and take only plain characters
        self._cookie_value = hmac.new(self._token, b"splitdet web view", hashlib.sha256).hexdigest()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """See ASGI: answer a request."""
        request = Request(scope)
        answer = self._refusal(request)
        named = self._token and answer is None and "token" in request.query_params
        if named and request.url.path == "/":
            answer = RedirectResponse("./", 303)  # takes the token out of the address bar

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if named:
                    headers.append("Set-Cookie", self._set_cookie(request))
            await send(message)

        await (answer or self._app)(scope, receive, send_guarded)

    def _refusal(self, request: Request) -> Optional[Response]:
        if not self._token:
            if is_loopback(_hostname(request.headers.get("host", ""))):
                return None
            return PlainTextResponse(
                "web_token is not set: only this machine itself can look, as http://127.0.0.1\n", 403
            )
        if self._has_token(request):
            return None
        problem = "this is not the right token" if any(_named_tokens(request)) else "a token is needed"
        return PlainTextResponse(
            f"{problem}: add ?token=.. with the web_token of the run\n",
            *(401, {"WWW-Authenticate": "Bearer"}),
        )

    def _has_token(self, request: Request) -> bool:
        cookie = request.cookies.get(self._cookie, "")
        candidates = [(token, self._token) for token in _named_tokens(request)]
        candidates.append((cookie.encode(), self._cookie_value.encode()))
        # what is wrong takes as long to compare as what is nearly right
        return any(hmac.compare_digest(given, wanted) for given, wanted in candidates)

    def _set_cookie(self, request: Request) -> str:
        secure = "; Secure" if request.url.scheme == "https" else ""
        return (
            f"{self._cookie}={self._cookie_value}; Path=/; Max-Age={COOKIE_AGE_S}; HttpOnly; "
            f"SameSite=Lax{secure}"
        )
