//! Records for tests.

/// A key.
pub(super) const KEY: &str = "0d6f7a52-91c4-4e0e-b3a8-5c2e9f1b7d60";

/// The id of a sample event.
pub(super) fn event_id(number: u64) -> String {
    format!("6f3b2c1d-0000-4000-8000-{number:012}")
}

/// An Encrypt of so many seconds after 10:15, with other members such as an error.
pub(super) fn record(number: u64, error: &str) -> Vec<u8> {
    record_of("111122223333", number, error)
}

/// The same in the log of another account.
pub(super) fn record_of(account: &str, number: u64, error: &str) -> Vec<u8> {
    let (minute, second) = (15 + number / 60, number % 60);
    let id = event_id(number);
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{{"type":"IAMUser","principalId":"AIDAKW7PLMQ3EXAMPLE01","arn":"arn:aws:iam::111122223333:user/ops/dana","accountId":"111122223333","accessKeyId":"AKIAKW7PLMQ3EXAMPLE1","userName":"dana"}},"eventTime":"2026-03-04T10:{minute:02}:{second:02}Z","eventSource":"kms.amazonaws.com","eventName":"Encrypt","awsRegion":"us-west-2","sourceIPAddress":"198.51.100.24","userAgent":"x",{error}"requestParameters":{{"encryptionContext":{{"keyId":"secret"}},"keyId":"alias/app"}},"responseElements":null,"requestID":"5b1e8a50-0000-4000-8000-{number:012}","eventID":"{id}","readOnly":true,"resources":[{{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"arn:aws:kms:us-west-2:111122223333:key/{KEY}"}}],"eventType":"AwsApiCall","managementEvent":true,"recipientAccountId":"{account}","eventCategory":"Management"}}"#
    )
    .into_bytes()
}
