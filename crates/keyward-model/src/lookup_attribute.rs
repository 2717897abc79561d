//! What events of the audit trail are looked up by.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupAttribute.html>

use crate::wire_enum::wire_enum;

wire_enum! {
    /// What events are looked up by: members of the record, but for the two noted.
    LookupAttribute {
        /// `eventID`:
        EventId = "EventId",
        EventName = "EventName",
        ReadOnly = "ReadOnly",
        /// The user's name, the name of a role's session, or `root`:
        Username = "Username",
        /// The type of any of `resources`:
        ResourceType = "ResourceType",
        /// The ARN of any of `resources`:
        ResourceName = "ResourceName",
        EventSource = "EventSource",
        /// `userIdentity.accessKeyId`:
        AccessKeyId = "AccessKeyId",
    }
}
