"""What a refused call said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from blackbox.wire import Answer


class Refusal(NamedTuple):
    """The error of an answer. `message` is None when the answer had none at all."""

    code: str
    message: str | None


def refusal(call: Callable[..., Any], **parameters: Any) -> Refusal:
    """Makes a boto3 call that must be refused."""
    return of(refused(call, **parameters).response["ResponseMetadata"]["RawBody"])


def refused(call: Callable[..., Any], **parameters: Any) -> ClientError:
    """The error of a boto3 call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value


def refusal_of(answer: Answer) -> Refusal:
    """What an answer to a request made by hand refused with; its status is 400."""
    assert answer.status == 400, answer
    return of(answer.json)


def of(body: dict[str, str]) -> Refusal:
    return Refusal(body["__type"], body.get("message", body.get("Message")))


def invalid(clause: str, *more: str) -> Refusal:
    """The refusal of a request that breaks constraints of the API model."""
    clauses = [clause, *more]
    plural = "" if len(clauses) == 1 else "s"
    text = f"{len(clauses)} validation error{plural} detected: {'; '.join(clauses)}"
    return Refusal("ValidationException", text)


def must(path: str, value: object, rule: str) -> str:
    """One clause of such a refusal."""
    return f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {rule}"


def too_long(told: Refusal, path: str, bound: int) -> bool:
    """Whether a text was refused for its length. How much of it the answer repeats is open."""
    start = "1 validation error detected: Value '"
    end = must(path, "", f"have length less than or equal to {bound}").removeprefix("Value '")
    message = told.message or ""
    return (
        told.code == "ValidationException" and message.startswith(start) and message.endswith(end)
    )


INVALID_CIPHERTEXT = Refusal("InvalidCiphertextException", None)


def query_refusal(call: Callable[..., Any], **parameters: Any) -> Refusal:
    """Makes a call of IAM or STS that must be refused."""
    error = refused(call, **parameters).response["Error"]
    return Refusal(error["Code"], error["Message"])
