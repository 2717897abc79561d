//! The table itself, and the samples with which [`keyward_shape::disagreements`] holds the
//! operations' shapes against it.

use keyward_shape::Shape;

use super::*;
use crate::constraint_tests::patterns_of;

/// A text for every pattern of the model.
pub(crate) const SAMPLES: &[&str] =
    &["arn:aws:iam::111122223333:role/a", "123456", "AKIAIOSFODNN7EXAMPLE", "v1", "/"];

#[test]
fn the_table_has_every_operation_once_by_name() {
    assert_eq!(OPERATIONS.len(), 106);
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
