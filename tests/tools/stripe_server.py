"""A server that answers as Stripe's published API does for refunds: real books, idempotency keys, pages, faults.

It keeps payments and refunds, compares the parameters of a repeated key, answers 409 while a key is in flight, and can
be told to fail before or after the effect.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

KEY: Final = "sk_test_books"


@dataclass
class StripeBooks:
    """`fault` is what happens to the next refund: "timeout_before", "timeout_after", "500_after", "500_before"."""

    payments: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: list[dict[str, Any]] = field(default_factory=list)
    keys: dict[str, tuple[dict[str, str], tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    in_flight: set[str] = field(default_factory=set)
    fault: str | None = None
    now: int = 1_795_000_000
    slow: float = 1.0
    asked: list[tuple[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def capture(self, payment: str, minor: int, currency: str, *, disputed: bool = False) -> None:
        self.payments[payment] = {"amount": minor, "currency": currency.lower(), "disputed": disputed}

    def answer(self, params: dict[str, str], key: str | None) -> tuple[int, dict[str, Any]]:
        with self.lock:
            if key is not None and key in self.keys:
                known, answer = self.keys[key]
                if known != params:
                    return 400, _error("idempotency_error", None, "Keys for idempotent requests can only be used ...")
                return answer
            if key is not None and key in self.in_flight:
                return 409, _error("invalid_request_error", "idempotency_key_in_use", "In progress.")
            answer = self._refunded(params)
            # Like Stripe: what failed validation leaves its key free.
            if key is not None and answer[0] != 400:
                self.keys[key] = (params, answer)
            return answer

    def _refunded(self, params: dict[str, str]) -> tuple[int, dict[str, Any]]:
        name = params.get("payment_intent") or params.get("charge") or ""
        payment = self.payments.get(name)
        if payment is None:
            return 400, _error("invalid_request_error", "resource_missing", f"No such payment_intent: '{name}'")
        if payment["disputed"]:
            return 400, _error("invalid_request_error", "charge_disputed", "The charge is disputed.")
        amount = int(params["amount"])
        if amount <= 0:
            return 400, _error("invalid_request_error", "parameter_invalid_integer", "Invalid positive integer")
        done = [one for one in self.refunds if one["payment_intent"] == name and one["status"] != "failed"]
        if amount + sum(one["amount"] for one in done) > payment["amount"]:
            message = "Refund amount is greater than unrefunded amount on charge"
            return 400, _error("invalid_request_error", None, message)
        return 200, self.book(name, amount, {"baton_reference": params["metadata[baton_reference]"]})

    def book(self, payment: str, amount: int, metadata: dict[str, str]) -> dict[str, Any]:
        self.now += 1
        refund = {
            "id": f"re_{next(self.numbers)}",
            "object": "refund",
            "amount": amount,
            "currency": self.payments[payment]["currency"],
            "payment_intent": payment,
            "charge": None,
            "status": "succeeded",
            "created": self.now,
            "metadata": metadata,
        }
        self.refunds.append(refund)
        return refund

    def page(self, query: dict[str, str]) -> dict[str, Any]:
        found = [one for one in reversed(self.refunds) if one["created"] >= int(query.get("created[gte]", 0))]
        if after := query.get("starting_after"):
            found = found[[one["id"] for one in found].index(after) + 1 :]
        limit = int(query.get("limit", 10))
        return {"object": "list", "url": "/v1/refunds", "data": found[:limit], "has_more": len(found) > limit}


def _error(kind: str, code: str | None, message: str) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message} | ({"code": code} if code else {})}


class _Handler(BaseHTTPRequestHandler):
    books: StripeBooks

    def log_message(self, *_: object) -> None:
        return

    def do_GET(self) -> None:
        self.books.asked.append((self.command, self.path))
        if self.books.fault == "down":
            self._say(503, _error("api_error", None, "Down."))
            return
        self._say(200, self.books.page(dict(parse_qsl(urlsplit(self.path).query))))

    def do_POST(self) -> None:
        self.books.asked.append((self.command, self.path))
        params = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        fault, self.books.fault = self.books.fault, None
        if self.headers["Authorization"] != f"Bearer {KEY}":
            self._say(401, _error("invalid_request_error", None, "Invalid API Key"))
            return
        if fault in ("timeout_before", "500_before"):
            self._fail(fault)
            return
        status, answer = self.books.answer(params, self.headers["Idempotency-Key"])
        if fault in ("timeout_after", "500_after"):
            self._fail(fault)
            return
        self._say(status, answer)

    def _fail(self, fault: str) -> None:
        if fault.startswith("timeout"):
            time.sleep(self.books.slow)
            self.close_connection = True
            return
        self._say(500, _error("api_error", None, "An unknown error occurred"))

    def _say(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def stripe_server(books: StripeBooks) -> Iterator[str]:
    handler = type("Handler", (_Handler,), {"books": books})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
