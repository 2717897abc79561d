"""Holds every answer to the API model that botocore carries: shapes, types, names, headers."""

from __future__ import annotations

import base64
import json
import re
import uuid
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

CONTENT_TYPE = "application/x-amz-json-1.1"

# Errors that any operation may answer with although the model of none lists them.
COMMON_ERRORS = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "SerializationException",
    "ServiceUnavailableException",
    "ThrottlingException",
    "UnrecognizedClientException",
    "UnsupportedOperationException",
    "ValidationException",
}
# Where the service documents an error that its model leaves out.
MORE_ERRORS = {"DescribeKey": {"InvalidGrantTokenException"}}
# The enum of this member lacks the newer specs, which replies show in it all the same.
OPEN_ENUMS = {"CustomerMasterKeySpec"}
# Where the service documents a value that its model does not allow: a grant without a name.
BESIDE_THE_MODEL = re.compile(r"List(Retirable)?Grants\.Grants\[\d+\]\.Name")
FAULTS = {
    "DependencyTimeoutException": 500,
    "InternalFailure": 500,
    "KMSInternalException": 500,
    "KeyUnavailableException": 500,
    "ServiceUnavailableException": 503,
}
CAPITAL_MESSAGE = {"AccessDeniedException", "SerializationException"}


def check_answer(http_response: Any, parsed: Any, model: OperationModel, **_: Any) -> None:
    """An `after-call` handler for a boto3 client."""
    status, body, headers = http_response.status_code, http_response.content, http_response.headers
    check_headers(headers)
    if status == 200:
        check_reply(model, body)
    else:
        # Kept for the tests: the parser does not tell an absent message from an empty one.
        parsed["ResponseMetadata"]["RawBody"] = json.loads(body)
        check_error(status, body, operation=model)


def check_headers(headers: Any) -> None:
    """What every answer carries."""
    assert headers["Content-Type"] == CONTENT_TYPE, headers
    assert str(uuid.UUID(headers["x-amzn-RequestId"])) == headers["x-amzn-RequestId"]
    assert headers["Date"], "clients mend their clock with it"
    assert "no-store" in headers["Cache-Control"]


def check_reply(model: OperationModel, body: bytes) -> None:
    """A success."""
    shape = model.output_shape
    if shape is None:
        assert body == b"", f"{model.name} has no output, but answered {body!r}"
    else:
        check_value(shape, json.loads(body), model.name)


def check_error(status: int, body: bytes, operation: OperationModel | None = None) -> str:
    """A refusal; its name."""
    error = json.loads(body)
    code = error["__type"]
    message = "Message" if code in CAPITAL_MESSAGE else "message"
    assert set(error) <= {"__type", message}, error
    assert status == FAULTS.get(code, 400), (status, error)
    assert isinstance(error.get(message, ""), str)
    if operation is not None:
        modelled = {shape.name for shape in operation.error_shapes}
        known = modelled | COMMON_ERRORS | MORE_ERRORS.get(operation.name, set())
        assert code in known, f"{operation.name} does not answer {code}"
    return code


def check_value(shape: Shape, value: Any, path: str) -> None:
    """A value against its shape, down to the leaves."""
    assert value is not None, f"{path}: members without a value are left out"
    checker = {
        "structure": _structure,
        "list": _list,
        "map": _map,
        "string": _string,
        "blob": _blob,
        "timestamp": _timestamp,
        "boolean": _boolean,
        "integer": _integer,
    }[shape.type_name]
    checker(shape, value, path)


def _structure(shape: StructureShape, value: Any, path: str) -> None:
    assert isinstance(value, dict), path
    unknown = set(value) - set(shape.members)
    assert not unknown, f"{path}: not in the model: {sorted(unknown)}"
    absent = set(shape.required_members) - set(value)
    assert not absent, f"{path}: required and absent: {sorted(absent)}"
    for name, inner in value.items():
        check_value(shape.members[name], inner, f"{path}.{name}")


def _list(shape: ListShape, value: Any, path: str) -> None:
    assert isinstance(value, list), path
    for at, inner in enumerate(value):
        check_value(shape.member, inner, f"{path}[{at}]")


def _map(shape: MapShape, value: Any, path: str) -> None:
    assert isinstance(value, dict), path
    for name, inner in value.items():
        check_value(shape.key, name, f"{path} key")
        check_value(shape.value, inner, f"{path}[{name}]")


def _string(shape: StringShape, value: Any, path: str) -> None:
    assert isinstance(value, str), path
    if value == "" and BESIDE_THE_MODEL.fullmatch(path):
        return
    if shape.enum and shape.name not in OPEN_ENUMS:
        assert value in shape.enum, f"{path}: {value} is not one of {shape.enum}"
    _bounded(shape, len(value), path)
    pattern = shape.metadata.get("pattern")
    if pattern:
        assert re.search(pattern, value), f"{path}: {value!r} !~ {pattern}"


def _blob(shape: Shape, value: Any, path: str) -> None:
    assert isinstance(value, str), path
    _bounded(shape, len(base64.b64decode(value, validate=True)), path)


def _timestamp(_: Shape, value: Any, path: str) -> None:
    assert isinstance(value, (int, float)) and not isinstance(value, bool), path
    assert abs(value * 1000 - round(value * 1000)) < 0.01, f"{path}: finer than milliseconds"


def _boolean(_: Shape, value: Any, path: str) -> None:
    assert isinstance(value, bool), path


def _integer(shape: Shape, value: Any, path: str) -> None:
    assert isinstance(value, int) and not isinstance(value, bool), path
    _bounded(shape, value, path)


def _bounded(shape: Shape, size: int, path: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    assert low is None or size >= low, f"{path}: {size} is below {low}"
    assert high is None or size <= high, f"{path}: {size} is above {high}"
