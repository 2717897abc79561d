//! The table itself, and the samples with which [`keyward_shape::disagreements`] holds the
//! operations' shapes against it.

use keyward_shape::{Pattern, Shape};

use super::*;

/// A text for every pattern of the model.
pub(crate) const SAMPLES: &[&str] = &["eventName", "EventId", "insight", "a"];

/// Every pattern reachable from `shape`. The model has no cycles.
fn patterns_of(shape: Shape) -> Vec<&'static Pattern> {
    match shape {
        Shape::List(list) => patterns_of(list.member),
        Shape::Structure(structure) => {
            structure.members.iter().flat_map(|member| patterns_of(member.shape)).collect()
        }
        Shape::Text(text) => text.pattern.iter().collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_table_has_every_operation_once_by_name() {
    assert_eq!(OPERATIONS.len(), 13);
    assert!(OPERATIONS.is_sorted_by(|a, b| a.name < b.name));
}

#[test]
fn every_pattern_of_a_request_can_be_read() {
    for operation in OPERATIONS {
        for pattern in patterns_of(Shape::Structure(operation.input)) {
            assert!(pattern.is_valid(), "{}: {}", operation.name, pattern.text());
        }
    }
}
