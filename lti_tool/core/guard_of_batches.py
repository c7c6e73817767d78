"""The same guard for aiohttp, by which batches of scores go out; use `core.http`.

A guard cannot be the network there: it is the resolver, and the door of the connection pool.
"""

import socket
from typing import TYPE_CHECKING

import aiohttp
import aiohttp.abc

from lti_tool.core.addresses import is_allowed, is_literal
from lti_tool.core.guard import judge_addresses, judge_target, tls_context

if TYPE_CHECKING:
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace


class Connector(aiohttp.TCPConnector):
    """aiohttp asks no resolver about addresses written as such: they are judged here."""

    def __init__(self, allowed_hosts: tuple[str, ...], limit: int) -> None:
        super().__init__(limit=limit, ssl=tls_context(), resolver=_Resolver(allowed_hosts))
        self._allowed_hosts = allowed_hosts

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: "list[Trace]",
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own signature
    ) -> "Connection":
        """Judge the target, then hand out a connection as aiohttp does."""
        url = req.url
        host = url.raw_host or ""
        _, allowed = judge_target(url.scheme, host, url.port, b"", self._allowed_hosts)
        if is_literal(host):
            judge_addresses(host, (host,), allowed=allowed)
        return await super().connect(req, traces, timeout)


class _Resolver(aiohttp.abc.AbstractResolver):
    """The system's resolver, in a thread, with our verdict on every answer."""

    def __init__(self, allowed_hosts: tuple[str, ...]) -> None:
        self._allowed_hosts = allowed_hosts
        self._resolver = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[aiohttp.abc.ResolveResult]:
        results = await self._resolver.resolve(host, port, family)
        allowed = is_allowed(host, port, self._allowed_hosts)
        judge_addresses(host, [result["host"] for result in results], allowed=allowed)
        return results

    async def close(self) -> None:
        await self._resolver.close()
