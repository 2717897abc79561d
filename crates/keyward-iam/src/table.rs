//! Every operation offered, one line each.

use keyward_engine::{Entry, Operation, query_entry};

use crate::iam::list_account_aliases::ListAccountAliases;
use crate::sts::get_access_key_info::GetAccessKeyInfo;
use crate::sts::get_caller_identity::GetCallerIdentity;
use crate::{iam, sts};

const fn iam_entry<O: Operation>() -> Entry {
    query_entry::<O>(&iam::API)
}

const fn sts_entry<O: Operation>() -> Entry {
    query_entry::<O>(&sts::API)
}

/// Every operation of IAM that is offered, in the order of names.
pub static IAM_OPERATIONS: &[Entry] = &[iam_entry::<ListAccountAliases>()];

/// Every operation of STS that is offered, in the order of names.
pub static STS_OPERATIONS: &[Entry] =
    &[sts_entry::<GetAccessKeyInfo>(), sts_entry::<GetCallerIdentity>()];

/// The operation of this name. No name is one of both services.
pub fn find(name: &str) -> Option<&'static Entry> {
    let find_in = |table: &'static [Entry]| {
        let found = table.binary_search_by(|entry| entry.name.cmp(name)).ok();
        found.and_then(|at| table.get(at))
    };
    find_in(IAM_OPERATIONS).or_else(|| find_in(STS_OPERATIONS))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use keyward_shape::disagreements;

    use super::*;

    fn tables() -> impl Iterator<Item = (&'static Entry, &'static [&'static str])> {
        let iam = IAM_OPERATIONS.iter().map(|entry| (entry, iam::constraints::tests::SAMPLES));
        let sts = STS_OPERATIONS.iter().map(|entry| (entry, sts::constraints::tests::SAMPLES));
        iam.chain(sts)
    }

    #[test]
    fn every_request_has_the_members_of_the_model() {
        for (entry, _) in tables() {
            let written = (entry.input_members)().unwrap_or_default();
            let written: BTreeSet<_> = written.iter().copied().collect();
            let model: BTreeSet<_> =
                entry.model.input.members.iter().map(|member| member.name).collect();
            assert_eq!(written, model, "{}", entry.name);
        }
    }

    /// Among the bodies tried is every word of every enum.
    #[test]
    fn every_request_is_read_exactly_when_the_validator_finds_nothing() {
        for (entry, samples) in tables() {
            let found = disagreements(entry.model.input, samples, entry.readings);
            assert_eq!(found, Vec::<String>::new(), "{}", entry.name);
        }
    }

    #[test]
    fn an_entry_has_the_name_of_its_model_and_is_found_by_it() {
        for table in [IAM_OPERATIONS, STS_OPERATIONS] {
            assert!(table.is_sorted_by(|a, b| a.name < b.name));
        }
        for (entry, _) in tables() {
            assert_eq!(entry.name, entry.model.name);
            assert!(find(entry.name).is_some_and(|found| std::ptr::eq(found, entry)));
        }
        assert!(find("getCallerIdentity").is_none());
    }
}
