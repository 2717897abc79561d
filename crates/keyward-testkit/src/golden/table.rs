//! Tables of what records may show, held against golden records in both directions.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use keyward_engine::{Entry, Kind};
use serde_json::Value;

/// What the records of a service's operations show: `vectors/records/kms.txt` and its like.
pub struct RecordTable(BTreeMap<String, Row>);

/// What the records of an operation show.
struct Row {
    is_read_only: bool,
    request: BTreeSet<String>,
    response: BTreeSet<String>,
    /// Members of the response that need not be there.
    optional: BTreeSet<String>,
    /// How many resources; `None` is no such member.
    resources: BTreeSet<Option<usize>>,
    /// The same of failures, none of which need have them.
    resources_of_failures: BTreeSet<Option<usize>>,
    additional: BTreeSet<String>,
}

impl RecordTable {
    /// Reads a table.
    pub fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let rows = text.lines().filter(|line| !line.starts_with('#'));
        Self(rows.map(Row::read).collect())
    }

    /// What in golden records is not as the table says, and what it says that none of them shows.
    /// Some operations never succeed.
    pub fn problems(&self, records: &[Value], never_succeed: &[&str]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for record in records {
            let name = record["eventName"].as_str().unwrap();
            // What is no operation is an event of the service.
            let Some(row) = self.0.get(name) else { continue };
            let (is_done, shown) = (record.get("errorCode").is_none(), Shown::of(record));
            if let Some(problem) = row.problem(record, is_done, &shown) {
                problems.push(format!("{problem}: {record}"));
            }
            seen.extend(shown.facts(is_done).map(|fact| (name, fact)));
        }
        for (name, row) in &self.0 {
            let may_succeed = !never_succeed.contains(&&**name);
            let unseen =
                row.facts(may_succeed).filter(|fact| !seen.contains(&(name, fact.clone())));
            problems.extend(unseen.map(|fact| format!("no record of {name} shows {fact}")));
        }
        problems
    }

    /// Where the table and the operations part ways: their names, whether they are read-only, and
    /// the members of their requests, of which some are `hidden` and some come from elsewhere than
    /// the request (`added`).
    pub fn problems_with_model(
        &self,
        operations: &[Entry],
        hidden: &[&str],
        added: &[(&str, &str)],
    ) -> Vec<String> {
        let names: Vec<_> = operations.iter().map(|entry| entry.name).collect();
        assert_eq!(self.0.keys().collect::<Vec<_>>(), names);
        let wrong = operations.iter().filter(|entry| {
            let row = &self.0[entry.name];
            let members = entry.model.input.members.iter().map(|member| member.name);
            let sent = members.filter(|name| !hidden.contains(name)).map(recorded);
            let added = added.iter().filter(|(operation, _)| *operation == entry.name);
            let open: BTreeSet<_> = sent.chain(added.map(|(_, name)| (*name).to_owned())).collect();
            row.is_read_only != (entry.kind != Kind::Write) || row.request != open
        });
        wrong.map(|entry| format!("{} is another in the model", entry.name)).collect()
    }
}

impl Row {
    fn read(line: &str) -> (String, Self) {
        let cells: Vec<_> = line.split('|').map(str::trim).chain(["", ""]).collect();
        let names = |cell: &str| cell.split_whitespace().map(str::to_owned).collect();
        let response: BTreeSet<String> = names(if cells[3] == "null" { "" } else { cells[3] });
        let (optional, certain): (BTreeSet<_>, _) =
            response.into_iter().partition(|name| name.ends_with('?'));
        let optional = optional.iter().map(|name| name.trim_end_matches('?').to_owned()).collect();
        let counts = |cell: &str| -> BTreeSet<Option<usize>> {
            let stated = cell.split(" or ").map(str::trim).filter(|count| *count != "-");
            stated.map(|count| count.parse().ok()).collect()
        };
        let (done, failed) = cells[4].split_once('/').unwrap_or((cells[4], cells[4]));
        let row = Self {
            is_read_only: cells[1].parse().unwrap(),
            request: names(cells[2]),
            response: certain,
            optional,
            resources: counts(done),
            resources_of_failures: counts(failed),
            additional: names(cells[5]),
        };
        (cells[0].to_owned(), row)
    }

    fn problem(&self, record: &Value, is_done: bool, shown: &Shown) -> Option<&'static str> {
        let may_have = |resources: &BTreeSet<_>| resources.contains(&shown.resources);
        let has_response = || {
            let extra: BTreeSet<_> = shown.response.difference(&self.response).cloned().collect();
            shown.response.is_superset(&self.response) && self.optional.is_superset(&extra)
        };
        let checks = [
            (record["readOnly"] == self.is_read_only, "`readOnly`"),
            (self.request.is_superset(&shown.request), "`requestParameters`"),
            (self.additional.is_superset(&shown.additional), "`additionalEventData`"),
            (
                if is_done { has_response() } else { record["responseElements"].is_null() },
                "`responseElements`",
            ),
            (
                if is_done {
                    may_have(&self.resources)
                } else {
                    shown.resources.is_none() || may_have(&self.resources_of_failures)
                },
                "`resources`",
            ),
        ];
        checks.iter().find(|(holds, _)| !holds).map(|(_, member)| *member)
    }

    /// All that some record must show.
    fn facts(&self, may_succeed: bool) -> impl Iterator<Item = String> {
        let of = |member: &'static str, names: &BTreeSet<String>| -> Vec<String> {
            names.iter().map(|name| format!("{member}.{name}")).collect()
        };
        let of_counts = |ending: &'static str, counts: &BTreeSet<Option<usize>>| -> Vec<String> {
            counts.iter().map(|count| resources(*count, ending)).collect()
        };
        let mut facts = of("requestParameters", &self.request);
        facts.extend(of("additionalEventData", &self.additional));
        if may_succeed {
            facts.extend(of("responseElements", &self.response));
            facts.extend(of("responseElements", &self.optional));
            facts.extend(of_counts(DONE, &self.resources));
        }
        facts.extend(of_counts(FAILED, &self.resources_of_failures));
        facts.into_iter()
    }
}

const DONE: &str = "a success";
const FAILED: &str = "a failure";

fn resources(count: Option<usize>, ending: &str) -> String {
    count.map_or_else(
        || format!("{ending} without resources"),
        |n| format!("{n} resources of {ending}"),
    )
}

/// What a record shows.
struct Shown {
    request: BTreeSet<String>,
    response: BTreeSet<String>,
    additional: BTreeSet<String>,
    resources: Option<usize>,
}

impl Shown {
    fn of(record: &Value) -> Self {
        let members = |name: &str| -> BTreeSet<String> {
            let members = record[name].as_object().into_iter().flatten();
            members.map(|(name, _)| name.clone()).collect()
        };
        let mut request = members("requestParameters");
        // They are shown wherever they are taken, and no table names them.
        request.retain(|name| !name.starts_with("dryRun"));
        Self {
            request,
            response: members("responseElements"),
            additional: members("additionalEventData"),
            resources: record.get("resources").map(|all| all.as_array().unwrap().len()),
        }
    }

    fn facts(&self, is_done: bool) -> impl Iterator<Item = String> {
        let of = |member: &'static str, names: &BTreeSet<String>| -> Vec<String> {
            names.iter().map(|name| format!("{member}.{name}")).collect()
        };
        let mut facts = of("requestParameters", &self.request);
        facts.extend(of("responseElements", &self.response));
        facts.extend(of("additionalEventData", &self.additional));
        facts.push(resources(self.resources, if is_done { DONE } else { FAILED }));
        facts.into_iter()
    }
}

/// The name of a request's member in a record.
fn recorded(member: &str) -> String {
    if member == "CloudHsmClusterId" {
        return "clusterId".to_owned();
    }
    let (first, rest) = member.split_at(1);
    first.to_lowercase() + rest
}
