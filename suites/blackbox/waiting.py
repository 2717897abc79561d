"""The one place that waits for something which sends no event."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

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
