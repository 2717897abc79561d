//! The operations offered, held against the API model.

use keyward_cloudtrail::{OPERATIONS, constraints};

#[test]
fn every_operation_of_the_table_is_offered() {
    let offered: Vec<_> = OPERATIONS.iter().map(|entry| entry.name).collect();
    let model: Vec<_> = constraints::OPERATIONS.iter().map(|operation| operation.name).collect();
    assert_eq!(offered, model);
}
