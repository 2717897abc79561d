"""The AWS SDK for JavaScript: the tests of `js-sdk/`, run by Node against the server."""

from __future__ import annotations

import subprocess
from pathlib import Path

from blackbox.deployment import Deployment, clean_environment

PACKAGE = Path(__file__).with_name("js-sdk")


def test_the_tests_of_the_javascript_sdk_pass(deployment: Deployment) -> None:
    done = subprocess.run(
        ["node", "--test", "--test-reporter=tap"],
        cwd=PACKAGE,
        env=clean_environment(**deployment.aws_environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 5" in done.stdout, done.stdout
