//! Whether records keep to themselves what no record shows, of requests that are refused unread.

use keyward_engine::{Authentication, Entry};
use keyward_shape::{Shape, Structure};
use serde_json::{Map, Value, json};

use crate::{Client, TestApp};

/// How many broken values of hidden members these operations refused, and the records that tell one.
/// Each broken value holds text that stands nowhere else.
pub async fn hidden_members_told(
    app: &TestApp,
    client: &Client,
    operations: &'static [Entry],
) -> (usize, Vec<Value>) {
    let mut marks = Vec::new();
    for entry in operations {
        // Of strangers there is no record.
        if entry.authentication != Authentication::Signature {
            continue;
        }
        let members = entry.model.input.members.iter();
        for member in members.filter(|member| entry.api.hidden.contains(&member.name)) {
            for make in BROKEN {
                let mark = format!("never{}told", marks.len());
                let mut input = Map::new();
                input.insert(member.name.to_owned(), make(member.shape, &mark));
                client.refused(entry.name, input.into()).await;
                marks.push(mark);
            }
        }
    }
    let tells = |record: &Value| {
        let text = record.to_string();
        marks.iter().any(|mark| text.contains(mark))
    };
    (marks.len(), app.audit().into_iter().filter(tells).collect())
}

const BROKEN: [fn(Shape, &str) -> Value; 6] = [
    |_, mark| json!([mark]),
    |_, mark| json!({ mark: mark }),
    |shape, mark| holding(shape, &format!("{mark}\u{1f600} \u{7f}")),
    |shape, mark| holding(shape, &mark.repeat(20_000 / mark.len())),
    |_, mark| json!([mark, ""]),
    |_, mark| Value::Array(vec![mark.into(); 11]),
];

/// A value of the right type around the text.
fn holding(shape: Shape, text: &str) -> Value {
    match shape {
        Shape::List(list) => json!([holding(list.member, text)]),
        Shape::Structure(Structure { members, .. }) => {
            let members = members.iter();
            members.map(|member| (member.name.to_owned(), holding(member.shape, text))).collect()
        }
        _ => text.into(),
    }
}
