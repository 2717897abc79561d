"""Reads the metrics page of a deployment."""

from __future__ import annotations

import re

from blackbox.deployment import Deployment
from blackbox.waiting import asked

Series = dict[str, float]


def page(deployment: Deployment) -> str:
    """The metrics page. Its address is in the log alone, for it took any free port."""
    address = re.findall(r"serving metrics address=(\S+)", deployment.log.read_text())[-1]
    answer = asked(f"http://{address}/metrics")
    assert answer.status_code == 200
    return answer.text


def series(deployment: Deployment) -> Series:
    """Every series and its value."""
    lines = [line for line in page(deployment).splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
