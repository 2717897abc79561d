//! A context from the JSON of a case.
//!
//! Text, booleans and integers stand for themselves, `{"instant": ms}` and `{"ip": "…"}` for those
//! types, and a list for a multivalued key.

use std::collections::BTreeMap;

use keyward_policy::{ConditionKey, ContextValue, RequestContext};
use serde::Deserialize;
use serde_json::Value;

#[derive(Default, Deserialize)]
pub(crate) struct Values(BTreeMap<String, Value>);

impl RequestContext for Values {
    fn visit(&self, key: &ConditionKey, visit: &mut dyn FnMut(ContextValue<'_>)) -> bool {
        let mut is_present = false;
        for (_, value) in self.0.iter().filter(|(name, _)| ConditionKey::parse(name) == *key) {
            is_present = true;
            match value {
                Value::Array(values) => values.iter().for_each(|value| visit(of(value))),
                single => visit(of(single)),
            }
        }
        is_present
    }
}

fn of(value: &Value) -> ContextValue<'_> {
    match value {
        Value::String(text) => ContextValue::Text(text),
        Value::Bool(value) => ContextValue::Bool(*value),
        Value::Number(number) => ContextValue::Integer(number.as_i64().unwrap()),
        typed => match (typed["instant"].as_i64(), typed["ip"].as_str()) {
            (Some(ms), None) => ContextValue::Instant(ms),
            (None, Some(address)) => ContextValue::Ip(address.parse().unwrap()),
            _ => panic!("no value: {typed}"),
        },
    }
}
