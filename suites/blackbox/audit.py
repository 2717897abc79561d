"""Reads the audit journal: one record per line, in segments whose names sort by age."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError


def records(directory: Path) -> list[dict[str, Any]]:
    """Every record, oldest first. A line that is still being written has no end and is left out."""
    found = []
    for segment in sorted((directory / "journal").glob("*.jsonl")):
        # Bytes: texts have ends of lines of their own, which may stand in a line of JSON.
        whole, _, _ = segment.read_bytes().rpartition(b"\n")
        found += [json.loads(line) for line in whole.split(b"\n") if line]
    return found


def request_id(answer: Any) -> str:
    """The request id of a boto3 answer or error, or of an answer to a request made by hand."""
    if isinstance(answer, ClientError):
        answer = answer.response
    if isinstance(answer, dict):
        return answer["ResponseMetadata"]["RequestId"]
    return answer.headers["x-amzn-requestid"]


def record_of(directory: Path, answer: Any) -> dict[str, Any]:
    """The one record of a call."""
    wanted = request_id(answer)
    found = [record for record in records(directory) if record.get("requestID") == wanted]
    assert len(found) == 1, f"{len(found)} records of the request {wanted}"
    return found[0]
