//! What holds for every text and every tree.

use keyward_policy::{
    Comparison, Condition, ConditionTest, Document, Effect, Element, Operator, Principal,
    PrincipalEntry, PrincipalKind, SetQualifier, Statement, Version, parse,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

fn text() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[a-z:*?${}]{0,8}", Just("*".to_owned())]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..3)
}

fn element<T: Clone + std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<Element<T>>> {
    let form = (value, any::<bool>()).prop_map(|(value, is_listed)| {
        if is_listed { Element::Listed(value) } else { Element::NotListed(value) }
    });
    option::of(form)
}

fn principal() -> impl Strategy<Value = Principal> {
    use PrincipalKind::{Aws, CanonicalUser, Federated, Service};
    let entries = subsequence(vec![Aws, Service, Federated, CanonicalUser], 0..=4)
        .prop_flat_map(|kinds| {
            kinds
                .into_iter()
                .map(|kind| texts().prop_map(move |names| PrincipalEntry { kind, names }))
                .collect::<Vec<_>>()
        })
        .prop_map(Principal::Entries);
    prop_oneof![Just(Principal::Everyone), entries]
}

fn operator() -> impl Strategy<Value = Operator> {
    let set = select(vec![None, Some(SetQualifier::ForAllValues), Some(SetQualifier::ForAnyValue)]);
    (set, select(Comparison::ALL), any::<bool>()).prop_map(|(set, comparison, if_exists)| {
        Operator { set, comparison, if_exists: if_exists && comparison != Comparison::Null }
    })
}

fn conditions() -> impl Strategy<Value = Vec<Condition>> {
    let tests = btree_map(text(), texts(), 0..3).prop_map(|tests| {
        tests.into_iter().map(|(key, values)| ConditionTest { key, values }).collect()
    });
    vec((operator(), tests), 0..3).prop_map(|mut conditions| {
        conditions.sort_by_key(|(operator, _)| operator.name());
        conditions.dedup_by_key(|(operator, _)| *operator);
        conditions.into_iter().map(|(operator, tests)| Condition { operator, tests }).collect()
    })
}

fn statement() -> impl Strategy<Value = Statement> {
    let effect = select(vec![Effect::Allow, Effect::Deny]);
    let targets = (element(texts()), element(texts()));
    (option::of(text()), effect, element(principal()), targets, conditions()).prop_map(
        |(sid, effect, principal, (action, resource), conditions)| Statement {
            sid,
            effect,
            principal,
            action,
            resource,
            conditions,
        },
    )
}

fn document() -> impl Strategy<Value = Document> {
    let version = select(vec![Version::V2008_10_17, Version::V2012_10_17]);
    (version, option::of(text()), vec(statement(), 1..4))
        .prop_map(|(version, id, statements)| Document { version, id, statements })
}

proptest! {
    #[test]
    fn any_text_gets_an_answer(text in any::<String>()) {
        let _answer = parse(&text);
    }

    #[test]
    fn any_brackets_and_quotes_get_an_answer(text in r#"[\[\]{}":,a\\u0-9 ]{0,200}"#) {
        let _answer = parse(&text);
    }

    #[test]
    fn a_written_tree_reads_back_as_itself(document in document()) {
        prop_assert_eq!(parse(&document.to_string()), Ok(document));
    }

    #[test]
    fn a_damaged_document_is_refused_or_still_means_something(
        document in document(),
        at in any::<proptest::sample::Index>(),
        put in any::<char>(),
    ) {
        let mut characters: Vec<char> = document.to_string().chars().collect();
        let at = at.index(characters.len());
        characters[at] = put;
        if let Ok(read) = parse(&characters.iter().collect::<String>()) {
            prop_assert_eq!(parse(&read.to_string()), Ok(read));
        }
    }
}
