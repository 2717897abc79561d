use std::collections::BTreeMap;

use serde::Serialize;

use super::*;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    user: User,
    names: Vec<&'static str>,
    none: Vec<&'static str>,
    is_truncated: bool,
    marker: Option<String>,
    summary: BTreeMap<&'static str, u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct User {
    path: &'static str,
    count: Option<i32>,
}

#[derive(Serialize)]
enum Word {
    Plain,
    Full(u32),
}

fn written(value: &impl Serialize) -> Result<String, NotXml> {
    let mut to = Vec::new();
    write_element(&mut to, "R", value)?;
    Ok(String::from_utf8(to).unwrap())
}

#[test]
fn a_reply_is_elements_within_elements() {
    let reply = Reply {
        user: User { path: "/<&>/", count: Some(-1) },
        names: vec!["a", "b"],
        none: Vec::new(),
        is_truncated: false,
        marker: None,
        summary: BTreeMap::from([("Users", 3)]),
    };
    assert_eq!(
        written(&reply).unwrap(),
        "<R><User><Path>/&lt;&amp;&gt;/</Path><Count>-1</Count></User>\
         <Names><member>a</member><member>b</member></Names><None></None>\
         <IsTruncated>false</IsTruncated>\
         <Summary><entry><key>Users</key><value>3</value></entry></Summary></R>"
    );
    assert_eq!(written(&Word::Plain).unwrap(), "<R>Plain</R>");
}

#[test]
fn what_the_protocol_has_no_form_for_is_an_error() {
    assert!(written(&1.5).is_err());
    assert!(written(&(1, 2)).is_err());
    assert!(written(&()).is_err());
    assert!(written(&Word::Full(1)).is_err());
    assert!(written(&vec![Some(1.5)]).is_err());
}

#[test]
fn characters_that_xml_cannot_hold_are_replaced_and_no_other() {
    assert_eq!(written(&"a\0b\u{1f}\u{fffe}").unwrap(), "<R>a\u{fffd}b\u{fffd}\u{fffd}</R>");
    assert_eq!(written(&"\t\n\r \"'é😀").unwrap(), "<R>\t\n&#xD; &quot;&apos;é😀</R>");
}
