"""Which addresses of the network a source may reach: public ones, and those the operator of the service allows."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

SETTING: Final = "BATON_ALLOW_PRIVATE_SOURCES"
"""Where the operator allows private hosts. No option of a source does: whoever may add one must not reach inside."""
PORTS: Final = frozenset({80, 443})
MAX_ADDRESSES: Final = 4
_RESOLVE_SECONDS: Final = 5.0
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], list[str]]
"""A host and a port to addresses. Raises OSError."""

# Where clouds hand their machines' keys to whoever asks: no name leads there, only the address itself being allowed.
_METADATA: Final = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")
)
_TRANSLATED: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
_RESERVED: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
                 "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "::/128", "100::/64", "2001::/23", "2001:db8::/32",
                 "3fff::/20", "5f00::/16", "fec0::/10", "::/96")
)  # fmt: skip


class Forbidden(Exception):
    """A source must not reach this address. The message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Hosts by name and networks that a source may reach though they are private, on any port."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Allowed:
        """ "help.internal, 10.1.0.0/16, 127.0.0.1". Raises ValueError with the word that is neither."""
        hosts: set[str] = set()
        networks: list[Network] = []
        for word in text.replace(",", " ").split():
            try:
                networks.append(ipaddress.ip_network(word, strict=False))
            except ValueError:
                if "/" in word or ":" in word:
                    raise ValueError(f"{word} is neither a host nor a network like 10.1.0.0/16") from None
                hosts.add(word.lower().rstrip("."))
        return cls(hosts=frozenset(hosts), networks=tuple(networks))

    def names(self, host: str) -> bool:
        """Whether `host` is on the list, by name or as an address."""
        host = host.lower().strip("[]").rstrip(".")
        address = _address(host)
        return host in self.hosts or (address is not None and self.holds(address))

    def holds(self, address: Address) -> bool:
        return any(address in network for network in self.networks if network.version == address.version)


def check_url(url: str, allowed: Allowed) -> None:
    """Raises Forbidden for what no source may ask for, whatever its name leads to."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Forbidden("is no web address") from None
    if parts.scheme not in ("http", "https"):
        raise Forbidden(f"is no web address: {parts.scheme or 'nothing'} is neither http nor https")
    if not parts.hostname:
        raise Forbidden("is no web address: it names no host")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("holds a password; remove it from the address")
    address = _address(parts.hostname)
    reason = _reason(address, allowed, listed=False) if address is not None else ""
    if reason:
        raise Forbidden(_no_entry(parts.hostname, reason))
    if port is not None and port not in PORTS and not allowed.names(parts.hostname):
        raise Forbidden(f"is on port {port}; only 80 and 443 are read, unless the operator allows the host ({SETTING})")


def permitted(host: str, port: int, allowed: Allowed, resolve: Resolve) -> list[str]:
    """The addresses of `host` to connect to, each of them checked. Raises Forbidden, OSError.

    One forbidden address among several forbids the host: which of them is taken must not be left to luck.
    """
    listed = host.lower().strip("[]").rstrip(".") in allowed.hosts
    found = list(dict.fromkeys(resolve(host.strip("[]"), port)))
    for text in found:
        address = _address(text.split("%")[0])
        reason = "unreadable" if address is None else _reason(address, allowed, listed=listed)
        if reason:
            raise Forbidden(_no_entry(text, reason))
    return found[:MAX_ADDRESSES]


def resolve(host: str, port: int) -> list[str]:
    """By the system's resolver, which may take minutes on its own account: given up after five seconds."""
    answer: list[list[str] | OSError] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.append([str(address[0]) for *_, address in found])
        except (OSError, UnicodeError) as failure:
            answer.append(failure if isinstance(failure, OSError) else OSError(str(failure)))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_RESOLVE_SECONDS)
    found = answer[0] if answer else OSError(f"the name did not resolve within {_RESOLVE_SECONDS:.0f} s")
    if isinstance(found, OSError):
        raise found
    return found


def _no_entry(address: str, reason: str) -> str:
    return (
        f"leads to {address}, a {reason} address, which sources may not reach; for a help center in your own network "
        f"the operator can allow its host ({SETTING})"
    )


def _reason(address: Address, allowed: Allowed, *, listed: bool) -> str:
    """Why an address is no public one, or ""."""
    if allowed.holds(address):
        return ""
    inner = _inner(address)
    if inner is not None:
        # An IPv4 address in another's clothes: what counts is where it leads.
        return _reason(inner, allowed, listed=listed) and "disguised private"
    if address in _METADATA:
        return "machine's own"
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return "link-local" if address.is_link_local else "multicast" if address.is_multicast else "local"
    if listed:
        return ""
    if address.is_loopback:
        return "local"
    reserved = address.is_reserved or any(address in one for one in _RESERVED if one.version == address.version)
    return "private" if address.is_private or reserved or not address.is_global else ""


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
