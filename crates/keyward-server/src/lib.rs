//! HTTP: listeners, TLS, limits, protocol codecs, request ids, shutdown. Knows no operation by name.
