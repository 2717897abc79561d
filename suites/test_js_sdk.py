"""The AWS SDK for JavaScript, and what stands on it: the tests of `js-sdk/`, run by Node."""

from __future__ import annotations

import subprocess
from pathlib import Path

from blackbox.deployment import Deployment, clean_environment
from blackbox.relay import relay

PACKAGE = Path(__file__).with_name("js-sdk")


def test_the_tests_of_the_javascript_sdk_pass(deployment: Deployment) -> None:
    with relay(deployment.address) as seen:
        done = subprocess.run(
            ["node", "--test", "--test-reporter=tap"],
            cwd=PACKAGE,
            env=clean_environment(**deployment.aws_environment, AWS_ENDPOINT_URL_KMS=seen.endpoint),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 14" in done.stdout, done.stdout
    assert not seen.violations
