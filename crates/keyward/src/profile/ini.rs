//! The AWS flavour of INI, as far as it takes to change a few keys and leave the rest alone.
//!
//! The texts hold secrets: each is wiped when it is dropped, and none grows while it is filled.

use zeroize::Zeroizing;

/// The value of a key in a section.
pub(super) fn find<'a>(text: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let mut inside = false;
    for line in text.lines() {
        if let Some(name) = header(line) {
            inside = name == section;
        } else if inside && let Some((_, value)) = assignment(line).filter(|(k, _)| *k == key) {
            return Some(value);
        }
    }
    None
}

/// The names of the sections, in their order.
pub(super) fn sections(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(header)
}

/// The text with these keys set in the section, which is added at the end if absent.
pub(super) fn set(
    text: &str,
    section: &str,
    values: &[(&str, Zeroizing<String>)],
) -> Zeroizing<String> {
    let added: usize = values.iter().map(|(key, value)| key.len() + value.len() + 4).sum();
    let mut out = Zeroizing::new(String::with_capacity(text.len() + section.len() + added + 8));
    let mut inside = false;
    let mut written = false;
    for line in text.lines() {
        if let Some(name) = header(line) {
            inside = name == section && !written;
            push(&mut out, &[line]);
            if inside {
                write_values(&mut out, values);
                written = true;
            }
            continue;
        }
        let replaced = inside
            && assignment(line).is_some_and(|(key, _)| values.iter().any(|(new, _)| *new == key));
        if !replaced {
            push(&mut out, &[line]);
        }
    }
    if !written {
        if !out.is_empty() {
            push(&mut out, &[""]);
        }
        push(&mut out, &["[", section, "]"]);
        write_values(&mut out, values);
    }
    out
}

/// The text without this key in the section.
pub(super) fn remove(text: &str, section: &str, key: &str) -> Zeroizing<String> {
    let mut out = Zeroizing::new(String::with_capacity(text.len() + 1));
    let mut inside = false;
    for line in text.lines() {
        if let Some(name) = header(line) {
            inside = name == section;
        }
        if !inside || assignment(line).is_none_or(|(found, _)| found != key) {
            push(&mut out, &[line]);
        }
    }
    out
}

fn write_values(out: &mut String, values: &[(&str, Zeroizing<String>)]) {
    for (key, value) in values {
        push(out, &[key, " = ", value]);
    }
}

fn push(out: &mut String, parts: &[&str]) {
    for part in parts {
        out.push_str(part);
    }
    out.push('\n');
}

fn header(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.strip_suffix(']').map(str::trim)
}

/// Indented lines belong to the nested value of the key above, so they are no assignment of ours.
fn assignment(line: &str) -> Option<(&str, &str)> {
    if line.starts_with([' ', '\t', '#', ';']) {
        return None;
    }
    line.split_once('=').map(|(key, value)| (key.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[test]
    fn a_section_is_added_behind_what_is_there() {
        let first = set("", "default", &[("region", value("us-east-1"))]);
        assert_eq!(*first, "[default]\nregion = us-east-1\n");
        let second = set(&first, "profile a", &[("region", value("eu-west-1"))]);
        assert_eq!(*second, "[default]\nregion = us-east-1\n\n[profile a]\nregion = eu-west-1\n");
    }

    #[test]
    fn a_key_is_replaced_in_its_section_only_and_the_rest_stays() {
        let before =
            "# mine\n[a]\nregion=x\noutput = json\ns3 =\n  region = deep\n[b]\nregion = y\n";
        let after = set(before, "a", &[("region", value("z"))]);
        assert_eq!(
            *after,
            "# mine\n[a]\nregion = z\noutput = json\ns3 =\n  region = deep\n[b]\nregion = y\n"
        );
        assert_eq!(find(&after, "a", "region"), Some("z"));
        assert_eq!(find(&after, "b", "region"), Some("y"));
        assert_eq!(find(&after, "c", "region"), None);
    }

    #[test]
    fn a_key_is_removed_from_its_section_only() {
        let before = "[a]\nk = 1\nl = 2\ns3 =\n  k = deep\n[b]\nk = 3\n";
        assert_eq!(*remove(before, "a", "k"), "[a]\nl = 2\ns3 =\n  k = deep\n[b]\nk = 3\n");
        assert_eq!(*remove(before, "c", "k"), before);
    }

    #[test]
    fn setting_twice_is_setting_once() {
        let once = set("[a]\nk = 1\n", "a", &[("k", value("2")), ("l", value("3"))]);
        assert_eq!(*set(&once, "a", &[("k", value("2")), ("l", value("3"))]), *once);
    }

    #[test]
    fn the_text_never_outgrows_its_reservation() {
        let values = [("aws_secret_access_key", value("s")), ("k", value("v"))];
        for before in ["", "x", "[a]", "[a]\n", "[a]\nk = 1\n\n"] {
            for section in ["a", "b"] {
                let after = set(before, section, &values);
                let room = before.len() + section.len() + 8 + "aws_secret_access_keysk v".len() + 8;
                assert!(after.len() <= room, "{before:?} {section}");
            }
        }
    }

    #[test]
    fn sections_are_listed_in_their_order() {
        let names: Vec<_> = sections("[default]\n[ profile a ]\nk = [no]\n").collect();
        assert_eq!(names, ["default", "profile a"]);
    }
}
