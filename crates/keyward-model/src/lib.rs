//! The vocabulary: key ids, ARNs, key specs and states, encryption context, caller, clock, RNG.
