"""An MFA device: time-based one-time passwords (RFC 6238) of a seed in base32."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

STEP_S = 30


def code(seed: bytes, step: int) -> str:
    """The code of a time step."""
    key = base64.b32decode(seed)
    digest = hmac.digest(key, step.to_bytes(8, "big"), hashlib.sha1)
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def now() -> int:
    """The present time step."""
    return int(time.time()) // STEP_S
