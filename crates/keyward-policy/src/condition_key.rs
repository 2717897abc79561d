//! Condition keys by name.
//!
//! A key is looked up once, when a policy is compiled; whoever answers for it at a request matches
//! on an enum. What a key's value is, and when it is present, is not known here.

use std::fmt;

use crate::text::same_ignoring_case;

/// A condition key as a policy names it. Names are compared ignoring case, also behind the `/` or
/// the second `:`.
#[derive(Clone, Debug)]
pub enum ConditionKey {
    /// A key whose whole name is known.
    Named(NamedKey),
    /// A key of a family, with the rest of its name as the policy wrote it. It stands for every
    /// member that [`same_ignoring_case`] finds equal: two tags that differ only by case are two
    /// values of one key.
    Family(KeyFamily, Box<str>),
    /// Any other key, as the policy wrote it, for instance `<issuer>:sub`.
    Other(Box<str>),
}

impl ConditionKey {
    /// Finds the key with this name.
    pub fn parse(name: &str) -> Self {
        if let Some(&key) = NamedKey::ALL.iter().find(|key| same_ignoring_case(key.name(), name)) {
            return Self::Named(key);
        }
        let member = |family: &KeyFamily| {
            let (prefix, rest) = name.split_at_checked(family.prefix().len())?;
            let is_member = prefix.eq_ignore_ascii_case(family.prefix()) && !rest.is_empty();
            is_member.then(|| Self::Family(*family, rest.into()))
        };
        KeyFamily::ALL.iter().find_map(member).unwrap_or_else(|| Self::Other(name.into()))
    }

    /// Whether the key may hold several values, so that no policy variable can stand for it.
    pub fn is_multivalued(&self) -> bool {
        matches!(
            self,
            Self::Named(
                NamedKey::KmsEncryptionContextKeys
                    | NamedKey::KmsGrantOperations
                    | NamedKey::KmsResourceAliases
                    | NamedKey::AwsTagKeys
                    | NamedKey::AwsCalledVia
                    | NamedKey::AwsPrincipalServiceNamesList
                    | NamedKey::AwsPrincipalOrgPaths
                    | NamedKey::AwsResourceOrgPaths
                    | NamedKey::AwsSourceOrgPaths
                    | NamedKey::StsTransitiveTagKeys
            )
        )
    }

    /// Whether the key is effective in identity policies only, so that in the policy of a key it is
    /// as if the request did not have it.
    pub(crate) fn is_hidden_from_key_policies(&self) -> bool {
        matches!(
            self,
            Self::Named(NamedKey::KmsResourceAliases) | Self::Family(KeyFamily::AwsResourceTag, _)
        )
    }
}

impl fmt::Display for ConditionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(key) => f.write_str(key.name()),
            Self::Family(family, rest) => write!(f, "{}{rest}", family.prefix()),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl PartialEq for ConditionKey {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(a), Self::Named(b)) => a == b,
            (Self::Family(a, rest), Self::Family(b, other_rest)) => {
                a == b && same_ignoring_case(rest, other_rest)
            }
            (Self::Other(a), Self::Other(b)) => same_ignoring_case(a, b),
            _ => false,
        }
    }
}

impl Eq for ConditionKey {}

/// Makes an enum, its list and its names from one table, so that none can be forgotten.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident, $what:ident, { $($variant:ident $name:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type {
            $(#[doc = concat!("`", $name, "`.")] $variant,)+
        }

        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As written in policies.
            pub const fn $what(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

names! {
    /// The families of keys that have a name of the client's choice in theirs.
    KeyFamily, prefix, {
        AwsPrincipalTag "aws:PrincipalTag/",
        AwsRequestTag "aws:RequestTag/",
        AwsResourceTag "aws:ResourceTag/",
        IamResourceTag "iam:ResourceTag/",
        KmsEncryptionContext "kms:EncryptionContext:",
        KmsRecipientAttestation "kms:RecipientAttestation:",
    }
}

names! {
    /// The keys whose whole name is known.
    NamedKey, name, {
        AwsCalledVia "aws:CalledVia",
        AwsCalledViaFirst "aws:CalledViaFirst",
        AwsCalledViaLast "aws:CalledViaLast",
        AwsCurrentTime "aws:CurrentTime",
        AwsEpochTime "aws:EpochTime",
        AwsFederatedProvider "aws:FederatedProvider",
        AwsMultiFactorAuthAge "aws:MultiFactorAuthAge",
        AwsMultiFactorAuthPresent "aws:MultiFactorAuthPresent",
        AwsPrincipalAccount "aws:PrincipalAccount",
        AwsPrincipalArn "aws:PrincipalArn",
        AwsPrincipalIsAwsService "aws:PrincipalIsAWSService",
        AwsPrincipalOrgId "aws:PrincipalOrgID",
        AwsPrincipalOrgPaths "aws:PrincipalOrgPaths",
        AwsPrincipalServiceName "aws:PrincipalServiceName",
        AwsPrincipalServiceNamesList "aws:PrincipalServiceNamesList",
        AwsPrincipalType "aws:PrincipalType",
        AwsReferer "aws:Referer",
        AwsRequestedRegion "aws:RequestedRegion",
        AwsResourceAccount "aws:ResourceAccount",
        AwsResourceOrgId "aws:ResourceOrgID",
        AwsResourceOrgPaths "aws:ResourceOrgPaths",
        AwsSecureTransport "aws:SecureTransport",
        AwsSourceAccount "aws:SourceAccount",
        AwsSourceArn "aws:SourceArn",
        AwsSourceIdentity "aws:SourceIdentity",
        AwsSourceIp "aws:SourceIp",
        AwsSourceOrgId "aws:SourceOrgID",
        AwsSourceOrgPaths "aws:SourceOrgPaths",
        AwsSourceVpc "aws:SourceVpc",
        AwsSourceVpce "aws:SourceVpce",
        AwsTagKeys "aws:TagKeys",
        AwsTokenIssueTime "aws:TokenIssueTime",
        AwsUserAgent "aws:UserAgent",
        AwsUserid "aws:userid",
        AwsUsername "aws:username",
        AwsViaAwsService "aws:ViaAWSService",
        AwsVpcSourceIp "aws:VpcSourceIp",
        IamPermissionsBoundary "iam:PermissionsBoundary",
        IamPolicyArn "iam:PolicyARN",
        KmsBypassPolicyLockoutSafetyCheck "kms:BypassPolicyLockoutSafetyCheck",
        KmsCallerAccount "kms:CallerAccount",
        KmsCustomerMasterKeySpec "kms:CustomerMasterKeySpec",
        KmsCustomerMasterKeyUsage "kms:CustomerMasterKeyUsage",
        KmsDataKeyPairSpec "kms:DataKeyPairSpec",
        KmsEncryptionAlgorithm "kms:EncryptionAlgorithm",
        KmsEncryptionContextKeys "kms:EncryptionContextKeys",
        KmsExpirationModel "kms:ExpirationModel",
        KmsGrantConstraintSourceArn "kms:GrantConstraintSourceArn",
        KmsGrantConstraintType "kms:GrantConstraintType",
        KmsGrantIsForAwsResource "kms:GrantIsForAWSResource",
        KmsGrantOperations "kms:GrantOperations",
        KmsGranteePrincipal "kms:GranteePrincipal",
        KmsGranteeServicePrincipal "kms:GranteeServicePrincipal",
        KmsKeyAgreementAlgorithm "kms:KeyAgreementAlgorithm",
        KmsKeyOrigin "kms:KeyOrigin",
        KmsKeySpec "kms:KeySpec",
        KmsKeyUsage "kms:KeyUsage",
        KmsMacAlgorithm "kms:MacAlgorithm",
        KmsMessageType "kms:MessageType",
        KmsMultiRegion "kms:MultiRegion",
        KmsMultiRegionKeyType "kms:MultiRegionKeyType",
        KmsPolicyName "kms:PolicyName",
        KmsPrimaryRegion "kms:PrimaryRegion",
        KmsReEncryptOnSameKey "kms:ReEncryptOnSameKey",
        KmsReplicaRegion "kms:ReplicaRegion",
        KmsRequestAlias "kms:RequestAlias",
        KmsResourceAliases "kms:ResourceAliases",
        KmsRetiringPrincipal "kms:RetiringPrincipal",
        KmsRetiringServicePrincipal "kms:RetiringServicePrincipal",
        KmsRotationPeriodInDays "kms:RotationPeriodInDays",
        KmsScheduleKeyDeletionPendingWindowInDays "kms:ScheduleKeyDeletionPendingWindowInDays",
        KmsSigningAlgorithm "kms:SigningAlgorithm",
        KmsTrailingDaysWithoutKeyUsage "kms:TrailingDaysWithoutKeyUsage",
        KmsValidTo "kms:ValidTo",
        KmsViaService "kms:ViaService",
        KmsWrappingAlgorithm "kms:WrappingAlgorithm",
        KmsWrappingKeySpec "kms:WrappingKeySpec",
        StsExternalId "sts:ExternalId",
        StsRoleSessionName "sts:RoleSessionName",
        StsSourceIdentity "sts:SourceIdentity",
        StsTransitiveTagKeys "sts:TransitiveTagKeys",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_found_by_its_name_in_any_case() {
        for &key in NamedKey::ALL {
            for name in [key.name().to_owned(), key.name().to_ascii_uppercase()] {
                assert_eq!(ConditionKey::parse(&name), ConditionKey::Named(key));
            }
        }
    }

    #[test]
    fn a_member_of_a_family_keeps_the_rest_of_its_name() {
        for &family in KeyFamily::ALL {
            let name = format!("{}Team", family.prefix().to_ascii_uppercase());
            let key = ConditionKey::parse(&name);
            assert_eq!(key, ConditionKey::Family(family, "tEAM".into()));
            assert_eq!(key.to_string(), format!("{}Team", family.prefix()));
            assert_eq!(
                ConditionKey::parse(family.prefix()),
                ConditionKey::Other(family.prefix().into())
            );
        }
    }

    #[test]
    fn an_unknown_key_is_itself() {
        let key = ConditionKey::parse("accounts.example.com:sub");
        assert_eq!(key, ConditionKey::Other("accounts.example.com:sub".into()));
        assert_ne!(key, ConditionKey::parse("accounts.example.com:aud"));
    }
}
