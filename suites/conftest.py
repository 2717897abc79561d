"""Fixtures: one shared deployment with two accounts, and deployments of a test's own.

Nothing is built here. The program is `target/debug/keyward`, or what KEYWARD_BIN names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from blackbox.deployment import (
    ACCOUNT,
    BINARY,
    OTHER_ACCOUNT,
    OTHER_REGION,
    PROXIES,
    REGION,
    Deployment,
)
from blackbox.keys import KeyOf
from blackbox.principals import Account
from blackbox.wire import Wire

for name in list(os.environ):
    if name.startswith("AWS_") or name.lower() in PROXIES:
        del os.environ[name]


def pytest_report_header() -> str:
    return f"keyward: {BINARY}"


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Two Regions and two accounts, served for as long as the tests run."""
    directory = tmp_path_factory.mktemp("shared") / "data"
    settings = directory.with_name("keyward.toml")
    settings.write_text("[keys]\nsm2 = true\n")
    made = Deployment.make(directory, "--region", REGION, "--region", OTHER_REGION)
    try:
        made.start("--config", str(settings))
        made.add_account()
        yield made
        assert made.stop() == 0, made.log.read_text()
        assert "panicked" not in made.log.read_text()
    finally:
        made.end()


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment of two accounts with users, roles and services, for the scenes of access."""
    made = Deployment.make(
        tmp_path_factory.mktemp("town") / "data", "--region", REGION, "--region", OTHER_REGION
    )
    try:
        made.start()
        made.add_account()
        yield made
        assert made.stop() == 0, made.log.read_text()
        assert "panicked" not in made.log.read_text()
    finally:
        made.end()


@pytest.fixture(scope="session")
def home(town: Deployment) -> Account:
    """The account whose keys the scenes are about."""
    return Account(town, ACCOUNT, "keyward")


@pytest.fixture(scope="session")
def away(town: Deployment) -> Account:
    """Another account."""
    return Account(town, OTHER_ACCOUNT, f"keyward-{OTHER_ACCOUNT}")


@pytest.fixture
def deploy(tmp_path: Path) -> Iterator[Callable[..., Deployment]]:
    """Makes a deployment that belongs to one test, not yet started."""
    made: list[Deployment] = []

    def make(*arguments: str) -> Deployment:
        made.append(Deployment.make(tmp_path / f"data-{len(made)}", *arguments))
        return made[-1]

    yield make
    for one in made:
        one.end()


@pytest.fixture(scope="session")
def kms(deployment: Deployment) -> Any:
    """The root of the first account."""
    return deployment.client()


@pytest.fixture(scope="session")
def other(deployment: Deployment) -> Any:
    """The root of the second account."""
    return deployment.client("keyward-444455556666")


@pytest.fixture(scope="session")
def abroad(deployment: Deployment) -> Any:
    """The root of the first account, in another Region."""
    return deployment.client(region=OTHER_REGION)


@pytest.fixture(scope="session")
def wire(deployment: Deployment) -> Wire:
    """Requests made by hand."""
    return deployment.wire()


@pytest.fixture
def key(kms: Any) -> dict[str, Any]:
    """The metadata of a new symmetric encryption key."""
    return kms.create_key()["KeyMetadata"]


@pytest.fixture(scope="session")
def key_of(kms: Any) -> KeyOf:
    """Keys of every kind, each made once: no test changes one."""

    @cache
    def made(spec: str, usage: str) -> dict[str, Any]:
        return kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]

    return made


@pytest.fixture
def other_key(other: Any) -> dict[str, Any]:
    """The metadata of a new key of the second account, which has granted nothing to the first."""
    return other.create_key()["KeyMetadata"]
