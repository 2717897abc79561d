"""The AWS SDK for Rust: `rust-sdk/` is built, once, and run against the server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from botocore import xform_name

from blackbox.deployment import ROOT, Deployment, clean_environment
from blackbox.operations import unfulfilled
from blackbox.relay import SERVICE, relay

CRATE = Path(__file__).with_name("rust-sdk")
BUILD_S = 900


def cargo(*arguments: str, **environment: str) -> str:
    """What cargo printed."""
    done = subprocess.run(
        ["cargo", *arguments, "--locked", "--quiet", "--manifest-path", CRATE / "Cargo.toml"],
        env=clean_environment(CARGO_TARGET_DIR=str(ROOT / "target" / "rust-sdk"), **environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_operation_of_the_rust_sdk_is_called(deployment: Deployment) -> None:
    with relay(deployment.address) as seen:
        told = cargo("test", **deployment.aws_environment, AWS_ENDPOINT_URL_KMS=seen.endpoint)
    assert "15 passed" in told, told
    assert not seen.violations
    assert not unfulfilled(seen.answers)


def test_the_model_has_every_operation_of_the_rust_sdk() -> None:
    packages = json.loads(cargo("metadata", "--format-version=1"))["packages"]
    [sdk] = [package for package in packages if package["name"] == "aws-sdk-kms"]
    modules = Path(sdk["manifest_path"]).parent.glob("src/operation/*.rs")
    assert {module.stem for module in modules} == set(map(xform_name, SERVICE.operation_names))
