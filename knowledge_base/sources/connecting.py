"""Connections that only reach checked addresses and end with a deadline: what `fetching.py` puts below HTTP."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any, Final

import httpcore2

from knowledge_base.sources.guarding import Allowed, Forbidden, Resolve, permitted

_CONNECT_SECONDS: Final = 10.0


class Deadline:
    """When everything on these connections has to be over. One fetch at a time sets it."""

    def __init__(self) -> None:
        self._until = 0.0

    def set(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds

    def extend(self, seconds: float) -> None:
        self._until += seconds

    def left(self) -> float:
        return self._until - time.monotonic()


class GuardedBackend(httpcore2.NetworkBackend):
    """Resolves a name once, checks what it found, and connects to just that: a name that changes between the check and
    the connection (DNS rebinding) cannot win. TLS is checked against the name as ever."""

    def __init__(self, allowed: Allowed, resolve: Resolve, deadline: Deadline) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        try:
            addresses = permitted(host, port, self._allowed, self._resolve)
        except OSError as failure:
            raise httpcore2.ConnectError(f"its name leads nowhere ({failure.strerror or failure})") from failure
        failed: Exception = httpcore2.ConnectError("its name leads nowhere")
        for address in addresses:
            left = min(_CONNECT_SECONDS, self._deadline.left())
            if left <= 0:
                raise httpcore2.ConnectTimeout
            try:
                stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failure:
                failed = failure
                continue
            return _BoundedStream(stream, self._deadline)
        raise failed

    def connect_unix_socket(self, path: str, *_: Any, **__: Any) -> httpcore2.NetworkStream:  # noqa: ANN401
        raise Forbidden("is no web address")


class _BoundedStream(httpcore2.NetworkStream):
    """Every read and write ends with the deadline: a server that sends a byte a second keeps no timeout from starting
    anew, but it does not move the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        left = self._deadline.left()
        if left <= 0:
            raise httpcore2.ReadTimeout
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        left = self._deadline.left()
        if left <= 0:
            raise httpcore2.WriteTimeout
        self._stream.write(buffer, left)

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = max(0.001, min(_CONNECT_SECONDS, self._deadline.left()))
        return _BoundedStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()
