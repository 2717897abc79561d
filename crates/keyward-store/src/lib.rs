//! Storage traits by aggregate, the records, and the conformance tests every backend must pass.
