"""Which operations a client must have called, and with what result: all that the model names."""

from __future__ import annotations

from collections.abc import Mapping

from blackbox.relay import SERVICE

SUCCESS = "success"

# There is nothing behind a key store yet, so that none can be made: docs/WIRE.md. One of these
# refusals is what a client must have seen.
REFUSED = {
    "ConnectCustomKeyStore": {"CustomKeyStoreNotFoundException"},
    "CreateCustomKeyStore": {"CloudHsmClusterNotFoundException", "XksProxyUriUnreachableException"},
    "DeleteCustomKeyStore": {"CustomKeyStoreNotFoundException"},
    "DisconnectCustomKeyStore": {"CustomKeyStoreNotFoundException"},
    "UpdateCustomKeyStore": {"CustomKeyStoreNotFoundException"},
}


def unfulfilled(answers: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The operations never answered as they must be, with the answers they gave instead."""
    named = SERVICE.operation_names
    assert len(named) == 56 and set(answers) <= set(named)
    given = {name: answers.get(name, set()) for name in named}
    return {
        name: answer for name, answer in given.items() if not answer & REFUSED.get(name, {SUCCESS})
    }
