"""An HTTP transport that ends replies which do not end by themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

import httpx2

MAX_REPLY_BYTES: Final = 1_000_000
"""An answer of 700 tokens is about 5 kB, as a stream about 200 kB. Past this a server is broken or hostile."""


class CappedTransport(httpx2.AsyncBaseTransport):
    """Ends a response that does not end by itself, before it fills the memory."""

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        if isinstance(response.stream, httpx2.AsyncByteStream):
            response.stream = _Counted(response.stream)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


@dataclass(slots=True)
class _Counted(httpx2.AsyncByteStream):
    inner: httpx2.AsyncByteStream
    received: int = field(default=0)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self.inner:
            self.received += len(piece)
            if self.received > MAX_REPLY_BYTES:
                raise httpx2.ReadError(f"the reply is longer than {MAX_REPLY_BYTES} bytes")
            yield piece

    async def aclose(self) -> None:
        await self.inner.aclose()
