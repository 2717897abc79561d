//! The tables of these tests, as text.

const ACTIONS: &str = include_str!("actions.txt");
const VALUES: &str = include_str!("values.txt");

/// An action, as the table has it.
pub(crate) struct Row {
    pub(crate) action: &'static str,
    pub(crate) is_on_key: bool,
    pub(crate) is_granted: bool,
    pub(crate) is_for_other_accounts: bool,
    pub(crate) keys: Vec<&'static str>,
}

/// Every action but RetireGrant, which follows rules of its own.
pub(crate) fn actions() -> Vec<Row> {
    let row = |[action, resource, by, accounts, keys]: [&'static str; 5]| Row {
        action,
        is_on_key: resource == "key",
        is_granted: by.contains("grant"),
        is_for_other_accounts: accounts == "any",
        keys: keys.split_whitespace().collect(),
    };
    rows(ACTIONS).map(row).collect()
}

/// The value of a condition key in the requests for an action, if the table has one.
pub(crate) fn value(action: &str, key: &str) -> Option<&'static str> {
    let mut rows = rows::<3>(VALUES);
    rows.find(|[of, named, _]| (*of == action || *of == "*") && *named == key).map(|[.., it]| it)
}

/// Condition keys with their values that no action has of its own: what is known of the caller and
/// the connection.
pub(crate) fn of_callers() -> Vec<(&'static str, &'static str)> {
    let is_of_action = |key| actions().iter().any(|row| row.keys.contains(&key));
    rows::<3>(VALUES)
        .filter(|[action, key, _]| *action == "*" && !is_of_action(*key))
        .map(|[_, key, value]| (key, value))
        .collect()
}

fn rows<const N: usize>(table: &'static str) -> impl Iterator<Item = [&'static str; N]> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        cells.try_into().unwrap_or_else(|_| panic!("{line}"))
    })
}
