//! What the tests of both tables share.

use keyward_shape::{Pattern, Shape};

/// Every pattern reachable from `shape`. The models have no cycles.
pub(crate) fn patterns_of(shape: Shape) -> Vec<&'static Pattern> {
    match shape {
        Shape::List(list) => patterns_of(list.member),
        Shape::Structure(structure) => {
            structure.members.iter().flat_map(|member| patterns_of(member.shape)).collect()
        }
        Shape::Text(text) => text.pattern.iter().collect(),
        _ => Vec::new(),
    }
}
