"""The one place that waits for something which sends no event."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import httpx

T = TypeVar("T")

STEP_S = 0.02


def wait_for(what: str, probe: Callable[[], T | None], deadline_s: float = 30.0) -> T:
    """Asks `probe` until it answers with something, or fails after the deadline."""
    end = time.monotonic() + deadline_s
    while True:
        found = probe()
        if found is not None:
            return found
        if time.monotonic() >= end:
            raise TimeoutError(f"after {deadline_s:g} s there is still no {what}")
        time.sleep(STEP_S)


def asked(url: str) -> httpx.Response:
    """The answer to a GET, which is asked for again if none comes: a busy machine is no error."""

    def answer() -> httpx.Response | None:
        try:
            return httpx.get(url, timeout=30)
        except httpx.TransportError:
            return None

    return wait_for(f"answer from {url}", answer)


def within_an_hour(attempt: Callable[[], T]) -> T:
    """Does what the end of an hour is in the way of, for then a server makes digests; if it came
    meanwhile, once more."""
    while True:
        hour = datetime.now(UTC).hour
        try:
            done = attempt()
        except AssertionError:
            if datetime.now(UTC).hour == hour:
                raise
            continue
        if datetime.now(UTC).hour == hour:
            return done
