use proptest::prelude::*;

use super::*;
use crate::table::{IntegerShape, TextShape};

const TEXT: Shape =
    Shape::Text(&TextShape { min: 0, max: usize::MAX, pattern: None, sensitive: false });
static TAG: Structure = Structure {
    name: "Tag",
    members: &[Member::optional("Key", TEXT), Member::optional("Value", TEXT)],
};
static REQUEST: Structure = Structure {
    name: "Request",
    members: &[
        Member::optional("Name", TEXT),
        Member::optional("Count", Shape::Integer(&IntegerShape { min: 0, max: 10 })),
        Member::optional("Flag", Shape::Boolean),
        Member::optional("Words", Shape::List(&ListShape { member: TEXT, min: 0, max: 10 })),
        Member::optional(
            "Tags",
            Shape::List(&ListShape { member: Shape::Structure(&TAG), min: 0, max: 10 }),
        ),
        Member::optional("Map", Shape::TextMap),
    ],
};

fn json(form: &str) -> String {
    to_json(&REQUEST, form.as_bytes()).unwrap().as_str().to_owned()
}

fn malformed(form: &str) -> Malformed {
    to_json(&REQUEST, form.as_bytes()).unwrap_err()
}

#[test]
fn members_are_read_by_their_shapes_in_the_models_order() {
    assert_eq!(
        json("Action=X&Version=1&Flag=true&Count=5&Name=a%20b%2Bc+d"),
        r#"{"Name":"a b+c d","Count":5,"Flag":true}"#
    );
    assert_eq!(json(""), "{}");
    assert_eq!(json("Name"), r#"{"Name":""}"#);
}

#[test]
fn lists_and_structures_are_read_from_paths_in_the_order_of_their_numbers() {
    let form = "Tags.member.10.Key=z&Tags.member.2.Value=y&Tags.member.2.Key=x&Words.member.1=w";
    assert_eq!(json(form), r#"{"Words":["w"],"Tags":[{"Key":"x","Value":"y"},{"Key":"z"}]}"#);
    assert_eq!(json("Words=&Tags="), r#"{"Words":[],"Tags":[]}"#);
    let map = "Map.entry.1.key=a&Map.entry.1.value=b&Map.entry.2.key=c";
    assert_eq!(json(map), r#"{"Map":{"a":"b","c":""}}"#);
}

#[test]
fn text_cannot_leave_its_place() {
    assert_eq!(json("Name=%22%2C%22Count%22%3A1"), r#"{"Name":"\",\"Count\":1"}"#);
    assert_eq!(json("Name=%5C%0A%00%1F"), r#"{"Name":"\\\n\u0000\u001f"}"#);
    let hostile: String = (0..=0x2100).filter_map(char::from_u32).collect();
    let mut written = String::new();
    write_text(&mut written, &hostile);
    assert_eq!(serde_json::from_str::<String>(&written).unwrap(), hostile);
}

#[test]
fn what_does_not_fit_is_left_to_the_validator() {
    for (form, expected) in [
        ("Count=x", r#"{"Count":"x"}"#),
        ("Count=01", r#"{"Count":"01"}"#),
        ("Count=", r#"{"Count":""}"#),
        ("Count=1,\"Name\":2", r#"{"Count":"1,\"Name\":2"}"#),
        ("Flag=True", r#"{"Flag":"True"}"#),
        ("Name.member.1=x", r#"{"Name":{}}"#),
        ("Words=x", r#"{"Words":"x"}"#),
        ("Tags.member.1=x", r#"{"Tags":["x"]}"#),
    ] {
        assert_eq!(json(form), expected, "{form}");
        assert!(crate::validate(&REQUEST, json(form).as_bytes()).is_err(), "{form}");
    }
}

#[test]
fn what_the_model_does_not_know_is_left_out() {
    let deep = format!("Name{}=x", ".a".repeat(100_000));
    assert_eq!(json(&deep), "{}");
    assert_eq!(json("Other=1&name=2&Other.member.x=3"), "{}");
}

#[test]
fn a_form_that_can_be_read_in_two_ways_or_none_is_refused() {
    assert_eq!(malformed("Name=a&Name=b"), Malformed::Repeated);
    assert_eq!(malformed("Name=a&N%61me=b"), Malformed::Repeated);
    for form in ["Name=%", "Name=%2", "Name=%zz", "Name=%FF", "%C3=a"] {
        assert_eq!(malformed(form), Malformed::Escape, "{form}");
    }
    for form in [
        "Words.member.x=1",
        "Words.member.0=1",
        "Words.member.01=1",
        "Words.member.99999999999=1",
        "Words.1=1",
        "Words.member.1=1&Words.other=2",
        "Map.entry.x.key=1",
    ] {
        assert_eq!(malformed(form), Malformed::Numbering, "{form}");
    }
    assert_eq!(malformed(&"a=1&".repeat(PARAMETERS_MAX + 1)), Malformed::Repeated);
    let many: Vec<_> = (0..=PARAMETERS_MAX).map(|number| format!("a{number}=1")).collect();
    assert_eq!(malformed(&many.join("&")), Malformed::TooMany);
}

#[test]
fn the_first_value_of_a_name_is_found() {
    assert_eq!(parameter("a=1&%41ction=b%20c&Action=d", "Action").as_deref(), Some("b c"));
    assert_eq!(parameter("Action", "Action").as_deref(), Some(""));
    assert_eq!(parameter("Actions=1", "Action"), None);
}

proptest! {
    /// Whatever is sent, the JSON made of it is sound, and says of text what was sent.
    #[test]
    fn a_form_becomes_json_or_is_refused(
        name in ".{0,20}",
        rest in "([A-Za-z.]{0,12}(member|entry|Tags|Map|Words|Key|%2E|[.0-9]){0,6}=[ -~]{0,8}&){0,6}",
    ) {
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        let form = format!("{rest}Name={encoded}");
        if let Ok(json) = to_json(&REQUEST, form.as_bytes()) {
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(&value["Name"], &serde_json::Value::from(name));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(form in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(to_json(&REQUEST, &form));
    }
}
