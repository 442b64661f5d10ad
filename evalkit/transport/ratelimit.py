"""What a provider says about its limits in the headers of a reply."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s|)")
_SECONDS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How much of one limit is left."""

    of: Literal["requests", "tokens"]
    limit: float | None
    """What there is when nothing is used; None when the provider does not say."""
    remaining: float
    reset_s: float
    """Seconds until nothing is used any more."""
    refills: bool
    """Whether it comes back bit by bit until then, or all at once at the end."""

    @property
    def per_second(self) -> float:
        """How fast it comes back, as far as is known: 0 where it comes back at once, at the end."""
        if not self.refills or self.limit is None or self.reset_s <= 0:
            return 0.0
        return max(0.0, self.limit - self.remaining) / self.reset_s


@dataclass(slots=True)
class Stock:
    """What is left of a limit: what a provider said, less what calls have taken since."""

    level: float
    per_second: float
    whole_at: float
    """When nothing is used any more, on the clock of the other arguments; then it says nothing any more."""
    at: float

    def ready_at(self, needed: float) -> float:
        """When so much is there."""
        short = needed - self.level
        if short <= 0:
            return self.at
        return self.whole_at if self.per_second <= 0 else min(self.whole_at, self.at + short / self.per_second)

    def take(self, now: float, needed: float) -> None:
        """A call takes so much."""
        self.level += self.per_second * (now - self.at) - needed
        self.at = now


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long the provider asks to be left alone.

    Args:
        headers: Names in lower case.
        now: With a time zone.

    Returns:
        Seconds from now, at least 0; None when there is no header, or none that can be read.

    Source:
        RFC 9110, section 10.2.3: a number of seconds or a date; `retry-after-ms` is OpenAI's and Azure's, and finer.
    """
    precise = _number(headers.get("retry-after-ms", ""))
    if precise is not None:
        return precise / 1000
    text = headers.get("retry-after", "").strip()
    seconds = _number(text)
    if seconds is not None:
        return seconds
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for a year that no machine can count to
        return None
    # A date that names no zone is in UTC.
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def standings(headers: Mapping[str, str], now: datetime) -> list[Standing]:
    """What is left of each limit that the headers name.

    Args:
        headers: Names in lower case.
        now: With a time zone.

    Source:
        OpenAI, Azure and Groq: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, reset as a duration (`6m0s`);
        Anthropic: `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}`, reset as
        a time (RFC 3339); both say when the limit is whole again. IETF draft-ietf-httpapi-ratelimit-headers-07:
        `ratelimit-{limit,remaining,reset}`, in seconds until the window ends.
    """
    if not any("ratelimit" in name for name in headers):
        return []
    return list(_standings(headers, now))


def _standings(headers: Mapping[str, str], now: datetime) -> Iterator[Standing]:
    kinds: tuple[Literal["requests", "tokens"], ...] = ("requests", "tokens")
    for kind in kinds:
        names = tuple(f"x-ratelimit-{part}-{kind}" for part in ("limit", "remaining", "reset"))
        yield from _standing(headers, names, now, kind, refills=True)
        for full in (kind,) if kind == "requests" else ("tokens", "input-tokens", "output-tokens"):
            names = tuple(f"anthropic-ratelimit-{full}-{part}" for part in ("limit", "remaining", "reset"))
            yield from _standing(headers, names, now, kind, refills=True)
    names = tuple(f"ratelimit-{part}" for part in ("limit", "remaining", "reset"))
    yield from _standing(headers, names, now, "requests", refills=False)


def _standing(
    headers: Mapping[str, str],
    names: tuple[str, ...],
    now: datetime,
    of: Literal["requests", "tokens"],
    *,
    refills: bool,
) -> Iterator[Standing]:
    limit, remaining, reset = (headers.get(name, "") for name in names)
    left, reset_s = _number(remaining), _until_s(reset, now)
    if left is not None and reset_s is not None:
        yield Standing(of=of, limit=_number(limit), remaining=left, reset_s=reset_s, refills=refills)


def _until_s(text: str, now: datetime) -> float | None:
    """Seconds until a moment that is given as a duration (`1m30s`, `120ms`, `12.5`) or as a time (RFC 3339)."""
    text = text.strip()
    parts = _DURATION.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    try:
        until = datetime.fromisoformat(text)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - now).total_seconds())


def _number(text: str) -> float | None:
    text = text.strip()
    return float(text) if text.isascii() and text.replace(".", "", 1).isdecimal() else None
