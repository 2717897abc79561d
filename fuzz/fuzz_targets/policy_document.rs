//! Whatever text comes as a policy: a document that survives being written and read again, or an
//! error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(document) = keyward_policy::parse(text) {
        assert_eq!(keyward_policy::parse(&document.to_string()).as_ref(), Ok(&document));
    }
});
