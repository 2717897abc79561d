//! Whatever bytes come as a body, for every operation of the model: the validator and the
//! hand-written shape agree.
#![no_main]

use keyward_ops::{OPERATIONS, constraints};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    for operation in constraints::OPERATIONS {
        let _ = keyward_shape::validate(operation.input, body);
    }
    for entry in OPERATIONS {
        let is_valid = keyward_shape::validate(entry.model.input, body).is_ok();
        let readings = (entry.readings)(body);
        assert!(!readings.at_once || is_valid, "{} reads what its table refuses", entry.name);
    }
});
