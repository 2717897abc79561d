//! Development tasks: ci, tidy, model.
fn main() {}
