//! Signature Version 4 verification over bytes: no I/O, no clock, no HTTP framework.
