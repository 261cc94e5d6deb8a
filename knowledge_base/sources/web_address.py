"""Web addresses: one spelling for each, what belongs to a scope, and what leads a crawl astray."""

from __future__ import annotations

import hashlib
import posixpath
import re
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

MAX_ADDRESS: Final = 2000
_MAX_CRAWLED: Final = 500
_MAX_SEGMENTS: Final = 12
_MAX_PARAMETERS: Final = 4
_SAFE: Final = "!$&'()*+,/:;=@~_-."
_TRACKING: Final = re.compile(
    r"utm_\w+|gclid|gbraid|wbraid|fbclid|msclkid|yclid|mc_[ce]id|_ga|_gl|_hs\w+|hsctatracking|ref_src|igshid|"
    r"(?:php|j|asp\.?net_?|asp)?sess(?:ion)?_?id|sid|session|return_to|replytocom",
    re.I,
)
_PATH_SESSION: Final = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/;?]*", re.I)
_NO_PAGE: Final = re.compile(
    r"\.(?:pdf|docx?|xlsx?|pptx?|zip|gz|tar|rar|7z|exe|dmg|apk|png|jpe?g|gif|webp|svg|ico|bmp|mp[34]|mov|avi|webm|css|js|"
    r"json|xml|rss|atom|csv|woff2?|ttf|ics)$",
    re.I,
)
_ACTIONS: Final = re.compile(
    r"(?:^|/)(?:login|logout|signin|sign_in|signup|register|cart|checkout|wp-admin|wp-json|feed)(?:/|$)", re.I
)
_DIGITS: Final = re.compile(r"\d+")


def normal(address: str) -> str | None:
    """`address` as it is asked for: no fragment, no tracking or session marks; None for what is no web address."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port
        host = (parts.hostname or "").rstrip(".").encode("idna").decode("ascii").lower()
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in ("http", "https") or not host or parts.username is not None or len(address) > MAX_ADDRESS:
        return None
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}[parts.scheme]
    path = _path(_PATH_SESSION.sub("", parts.path))
    kept = [
        (name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(name)
    ]
    query = urlencode(kept) if kept else ""
    return urlunsplit((parts.scheme, host if port in (None, usual) else f"{host}:{port}", path, query, ""))


def key_of(address: str) -> str:
    """The same for every spelling of a page: http or https, www or not, index.html or /, any order of parameters."""
    parts = urlsplit(address)
    path = re.sub(r"/(?:index|default)\.(?:html?|php|aspx?)$", "/", parts.path).rstrip("/")
    query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
    return f"{host_of(address)}{path}{'?' if query else ''}{query}"


def host_of(address: str) -> str:
    """Its host and port, without "www."."""
    return urlsplit(address).netloc.lower().removeprefix("www.")


def id_of(address: str) -> str:
    """A readable id that is the same as long as the page's address is."""
    key = key_of(address)
    last = [part for part in key.split("?")[0].split("/")[1:] if part] or [key.split("/")[0]]
    words = re.sub(r"[^a-z0-9]+", "-", re.sub(r"%[0-9A-F]{2}|\.html?$", "-", last[-1]).lower()).strip("-")[:80]
    digest = hashlib.sha256(key.encode()).hexdigest()[:10]
    return f"{words}-{digest}" if words else digest


def in_scope(address: str, scope: str) -> bool:
    """Whether its path is `scope` or lies below it."""
    path, scope = urlsplit(address).path, "/" + scope.strip("/")
    return scope == "/" or path.rstrip("/") == scope or path.startswith(scope + "/")


def astray(address: str) -> bool:
    """Whether a link is none to follow: a file, an action, or one of the endless addresses that some sites make up."""
    parts = urlsplit(address)
    segments = [part for part in parts.path.split("/") if part]
    if (
        len(address) > _MAX_CRAWLED
        or len(segments) > _MAX_SEGMENTS
        or _NO_PAGE.search(parts.path)
        or _ACTIONS.search(parts.path)
    ):
        return True
    repeated = any(segments.count(part) > 2 for part in segments)
    return repeated or len(parts.query.split("&")) > _MAX_PARAMETERS


def shape_of(address: str) -> str:
    """What addresses made by one calendar or one search have in common, or "" where it looks like a page of its own."""
    parts = urlsplit(address)
    numbers = sum(bool(_DIGITS.search(part)) for part in parts.path.split("/"))
    if parts.query:
        return f"{parts.netloc}{_DIGITS.sub('#', parts.path)}?"
    return f"{parts.netloc}{_DIGITS.sub('#', parts.path)}" if numbers > 1 else ""


def _path(path: str) -> str:
    """Without dots and double slashes, every character either itself or escaped in one way."""
    path = re.sub(r"%([0-9A-Fa-f]{2})", lambda match: _unescaped(match[1]), path)
    path = quote(path, safe=_SAFE + "%")
    folder = path.endswith(("/", "/.", "/.."))
    path = posixpath.normpath(re.sub("/{2,}", "/", path or "/"))
    path = "/" + path.lstrip("/")
    return path + "/" if folder and path != "/" else path


def _unescaped(code: str) -> str:
    character = chr(int(code, 16))
    return character if character.isascii() and (character.isalnum() or character in "-._~") else f"%{code.upper()}"
