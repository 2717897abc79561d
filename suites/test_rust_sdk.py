"""The AWS SDK for Rust: `rust-sdk/` is built, once, and run against the server."""

from __future__ import annotations

import subprocess
from pathlib import Path

from blackbox.deployment import ROOT, Deployment, clean_environment

CRATE = Path(__file__).with_name("rust-sdk")
BUILD_S = 900


def test_the_tests_of_the_rust_sdk_pass(deployment: Deployment) -> None:
    done = subprocess.run(
        ["cargo", "test", "--locked", "--quiet", "--manifest-path", CRATE / "Cargo.toml"],
        env=clean_environment(
            CARGO_TARGET_DIR=str(ROOT / "target" / "rust-sdk"), **deployment.aws_environment
        ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout, done.stdout
