//! The ARNs that an `AWS` principal can be, by form. Whether the principal exists is asked later.

/// What the text of one `AWS` principal is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AwsPrincipal<'a> {
    /// `*`.
    Everyone,
    /// A bare account id, or the ARN of an account's root.
    Account(&'a str),
    /// A user, role or role session, by its ARN.
    Identity(&'a str),
    /// A federated-user session. Nothing but its account can be known to exist.
    FederatedUser(&'a str),
    /// A form that exists but can never be granted anything: a wildcard in an ARN, the unique id
    /// that a deleted user or role leaves behind, another partition.
    NoOne,
    /// Not the ARN of a principal: malformed, a group, another kind of resource.
    NotAPrincipal,
}

/// The account of the one principal of `partition` that this ARN names: an account's root, a user,
/// a role, a role session or a federated-user session. `None` for every other text: a bare account
/// id, a wildcard, a group, a service, what a deleted user leaves behind.
pub fn account_of_principal<'a>(arn: &'a str, partition: &str) -> Option<&'a str> {
    if !arn.starts_with("arn:") {
        return None;
    }
    match classify(arn, partition) {
        AwsPrincipal::Account(account) | AwsPrincipal::FederatedUser(account) => Some(account),
        AwsPrincipal::Identity(arn) => arn.split(':').nth(4),
        AwsPrincipal::Everyone | AwsPrincipal::NoOne | AwsPrincipal::NotAPrincipal => None,
    }
}

/// Tells what a principal is, seen from `partition`.
pub(crate) fn classify<'a>(text: &'a str, partition: &str) -> AwsPrincipal<'a> {
    if text == "*" {
        AwsPrincipal::Everyone
    } else if is_account(text) {
        AwsPrincipal::Account(text)
    } else if is_unique_id(text) {
        AwsPrincipal::NoOne
    } else {
        classify_arn(text, partition)
    }
}

fn classify_arn<'a>(text: &'a str, partition: &str) -> AwsPrincipal<'a> {
    let mut parts = text.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (scheme, arn_partition, service) = (next(), next(), next());
    let (region, account, resource) = (next(), next(), next());
    if scheme != "arn" || !matches!(service, "iam" | "sts") || !region.is_empty() {
        return AwsPrincipal::NotAPrincipal;
    }
    if text.contains(['*', '?']) && !resource.is_empty() {
        return AwsPrincipal::NoOne;
    }
    if !is_account(account) {
        return AwsPrincipal::NotAPrincipal;
    }
    let kind = match (service, resource.split_once('/')) {
        ("iam", None) if resource == "root" => AwsPrincipal::Account(account),
        ("iam", Some(("user" | "role", path))) if is_path(path) => AwsPrincipal::Identity(text),
        ("sts", Some(("assumed-role", session))) if is_role_session(session) => {
            AwsPrincipal::Identity(text)
        }
        ("sts", Some(("federated-user", name))) if is_name(name) => {
            AwsPrincipal::FederatedUser(account)
        }
        _ => AwsPrincipal::NotAPrincipal,
    };
    match kind {
        AwsPrincipal::NotAPrincipal => AwsPrincipal::NotAPrincipal,
        _ if !is_partition(arn_partition) => AwsPrincipal::NotAPrincipal,
        _ if arn_partition != partition => AwsPrincipal::NoOne,
        found => found,
    }
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `AIDA…` and `AROA…`: what stands for a user or role in the policy once it has been deleted.
fn is_unique_id(text: &str) -> bool {
    (16..=128).contains(&text.len())
        && (text.starts_with("AIDA") || text.starts_with("AROA"))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn is_partition(text: &str) -> bool {
    text == "aws" || text.starts_with("aws-")
}

/// A name, possibly after a path: `name` or `path/to/name`. A path may hold any visible character.
fn is_path(text: &str) -> bool {
    let (path, name) = text.rsplit_once('/').unwrap_or(("", text));
    is_name(name) && path.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_role_session(text: &str) -> bool {
    text.split_once('/').is_some_and(|(role, session)| is_name(role) && is_name(session))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_principal_has_one_account() {
        for resource in ["root", "user/alice", "user/a/b/alice", "role/app", "role/a/app"] {
            let arn = format!("arn:aws:iam::111122223333:{resource}");
            assert_eq!(account_of_principal(&arn, "aws"), Some("111122223333"), "{arn}");
            assert_eq!(account_of_principal(&arn, "aws-cn"), None, "{arn}");
        }
        for resource in ["assumed-role/app/i-1", "federated-user/bob"] {
            let arn = format!("arn:aws:sts::111122223333:{resource}");
            assert_eq!(account_of_principal(&arn, "aws"), Some("111122223333"), "{arn}");
        }
        for text in [
            "",
            "*",
            "111122223333",
            "AIDACKCEVSQ6C2EXAMPLE",
            "arn:aws:iam::111122223333:*",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws:iam::111122223333:user/",
            "arn:aws:iam::111122223333:group/team",
            "arn:aws:iam::11112222333:root",
            "arn:aws:iam:us-east-1:111122223333:root",
            "arn:aws:s3:::bucket",
            "arn:aws:sts::111122223333:assumed-role/app",
            "dynamodb.us-west-2.amazonaws.com",
        ] {
            assert_eq!(account_of_principal(text, "aws"), None, "{text}");
        }
    }

    #[test]
    fn the_path_of_a_user_belongs_to_its_arn() {
        let arn = "arn:aws:iam::111122223333:user/division/team/alice";
        assert_eq!(classify(arn, "aws"), AwsPrincipal::Identity(arn));
    }

    #[test]
    fn the_root_arn_and_the_bare_account_are_the_same() {
        let root = classify("arn:aws:iam::111122223333:root", "aws");
        assert_eq!(root, classify("111122223333", "aws"));
        assert_eq!(root, AwsPrincipal::Account("111122223333"));
    }

    #[test]
    fn a_session_has_a_role_and_a_name_and_no_more() {
        for session in ["", "app", "app/", "/i-1", "app/i-1/x"] {
            let arn = format!("arn:aws:sts::111122223333:assumed-role/{session}");
            assert_eq!(classify(&arn, "aws"), AwsPrincipal::NotAPrincipal, "{arn}");
        }
    }
}
