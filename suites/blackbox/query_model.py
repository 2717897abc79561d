"""Holds every answer of a Query service to the API model that botocore carries."""

from __future__ import annotations

import base64
import re
import uuid
from typing import Any
from xml.etree import ElementTree

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape

CONTENT_TYPE = "text/xml"
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# Errors that any operation may answer with although the model of none lists them.
COMMON_ERRORS = {
    "AccessDenied",
    "InvalidClientTokenId",
    "MalformedInput",
    "MalformedQueryString",
    "ValidationError",
}
# Where the service is known to answer with an error that its model leaves out.
MORE_ERRORS = {"CreateRole": {"NoSuchEntity"}}


def check_answer(http_response: Any, model: OperationModel, **_: Any) -> None:
    """An `after-call` handler for a boto3 client."""
    headers = http_response.headers
    assert headers["Content-Type"] == CONTENT_TYPE, headers
    request_id = headers["x-amzn-RequestId"]
    assert str(uuid.UUID(request_id)) == request_id
    root = ElementTree.fromstring(http_response.content)
    namespace = model.service_model.metadata["xmlNamespace"]
    for element in root.iter():
        assert element.tag.startswith(f"{{{namespace}}}"), element.tag
        element.tag = element.tag.rpartition("}")[2]
    if http_response.status_code == 200:
        check_reply(model, root, request_id)
    else:
        check_error(model, root, http_response.status_code, request_id)


def check_reply(model: OperationModel, root: ElementTree.Element, request_id: str) -> None:
    """A success."""
    assert root.tag == f"{model.name}Response"
    assert root.findtext("ResponseMetadata/RequestId") == request_id
    wrapper = model.output_shape and model.output_shape.serialization["resultWrapper"]
    known = {"ResponseMetadata"} | ({wrapper} if wrapper else set())
    assert {child.tag for child in root} == known, [child.tag for child in root]
    if wrapper:
        result = root.find(wrapper)
        assert result is not None
        check_value(model.output_shape, result, model.name)


def check_error(
    model: OperationModel, root: ElementTree.Element, status: int, request_id: str
) -> None:
    """A refusal."""
    assert root.tag == "ErrorResponse"
    assert root.findtext("RequestId") == request_id
    code = root.findtext("Error/Code")
    modelled = {
        shape.metadata.get("error", {}).get("code", shape.name): shape
        for shape in model.error_shapes
    }
    known = set(modelled) | COMMON_ERRORS | MORE_ERRORS.get(model.name, set())
    assert code in known, f"{model.name} does not answer {code}"
    assert root.findtext("Error/Type") == ("Sender" if status < 500 else "Receiver")
    if code in modelled:
        assert status == modelled[code].metadata["error"]["httpStatusCode"], (code, status)


def check_value(shape: Shape, element: ElementTree.Element, path: str) -> None:
    """An element against its shape, down to the leaves."""
    checker = {
        "structure": _structure,
        "list": _list,
        "map": _map,
        "string": _string,
        "timestamp": _timestamp,
        "blob": _blob,
        "boolean": _boolean,
        "integer": _integer,
    }[shape.type_name]
    checker(shape, element, path)


def _structure(shape: StructureShape, element: ElementTree.Element, path: str) -> None:
    names = [child.tag for child in element]
    assert len(names) == len(set(names)), f"{path}: twice: {names}"
    unknown = set(names) - set(shape.members)
    assert not unknown, f"{path}: not in the model: {sorted(unknown)}"
    absent = set(shape.required_members) - set(names)
    assert not absent, f"{path}: required and absent: {sorted(absent)}"
    for child in element:
        check_value(shape.members[child.tag], child, f"{path}.{child.tag}")


def _list(shape: ListShape, element: ElementTree.Element, path: str) -> None:
    for at, child in enumerate(element):
        assert child.tag == "member", f"{path}: {child.tag}"
        check_value(shape.member, child, f"{path}[{at}]")


def _map(shape: MapShape, element: ElementTree.Element, path: str) -> None:
    for child in element:
        assert [part.tag for part in child] == ["key", "value"], path
        name, value = child
        check_value(shape.key, name, f"{path} key")
        check_value(shape.value, value, f"{path}[{name.text}]")


def _string(shape: StringShape, element: ElementTree.Element, path: str) -> None:
    text = element.text or ""
    assert len(element) == 0, path
    if shape.enum:
        assert text in shape.enum, f"{path}: {text} is not one of {shape.enum}"
    _bounded(shape, len(text), path)
    pattern = shape.metadata.get("pattern")
    if pattern and shape.name != "policyDocumentType":
        assert re.search(_python(pattern), text), f"{path}: {text!r} !~ {pattern}"


def _python(pattern: str) -> str:
    """The few properties of characters that the model's patterns use, in Python's words."""
    return re.sub(r"\\p\{[LNZ]\}", r"\\w\\s", pattern)


def _timestamp(_: Shape, element: ElementTree.Element, path: str) -> None:
    assert DATE.fullmatch(element.text or ""), f"{path}: {element.text}"


def _blob(_: Shape, element: ElementTree.Element, path: str) -> None:
    assert base64.b64decode(element.text or "", validate=True), path


def _boolean(_: Shape, element: ElementTree.Element, path: str) -> None:
    assert element.text in ("true", "false"), f"{path}: {element.text}"


def _integer(shape: Shape, element: ElementTree.Element, path: str) -> None:
    _bounded(shape, int(element.text or ""), path)


def _bounded(shape: Shape, size: int, path: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    assert low is None or size >= low, f"{path}: {size} is below {low}"
    assert high is None or size <= high, f"{path}: {size} is above {high}"
