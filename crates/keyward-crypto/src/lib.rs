//! Secrets, key hierarchy, seals and the ciphertext format: no storage.
