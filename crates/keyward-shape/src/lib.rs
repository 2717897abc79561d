//! Request shapes: the constraint table's types, the validator that words violations, wire primitives.
