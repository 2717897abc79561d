//! Where audit records go besides files: each sink follows the journal at its own pace, from a
//! position of its own, so that nothing waits in memory.
