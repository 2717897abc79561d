//! Audit records in CloudTrail's form and the journal they are appended to.
