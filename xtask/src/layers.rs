//! `check-layers`: the layer table of ARCHITECTURE.md holds for the code.

use crate::metadata::{self, Metadata};
use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Crates that any crate may use in its tests.
const TEST_ONLY: &str = "testkit";

/// One line of the table.
#[derive(Debug, PartialEq)]
struct Layer {
    built: bool,
    may_use: BTreeSet<String>,
}

type Table = BTreeMap<String, Layer>;

pub(crate) fn run(root: &Path) -> Result<()> {
    let path = root.join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let table = parse(&text)?;
    let faults = compare(&table, &metadata::read(root, false)?);
    if faults.is_empty() {
        println!("layers: {} crates agree with ARCHITECTURE.md", table.values().filter(|l| l.built).count());
        return Ok(());
    }
    for fault in &faults {
        eprintln!("layers: {fault}");
    }
    bail!("{} differences between the code and the layer table of ARCHITECTURE.md", faults.len())
}

/// Reads the table below the heading `## Layers`: crate, state, holds, must not hold, may use.
fn parse(text: &str) -> Result<Table> {
    let rows = text
        .lines()
        .skip_while(|line| line.trim() != "## Layers")
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2);
    let mut table = Table::new();
    for row in rows {
        let cells: Vec<&str> = row.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [name, state, _, _, may_use] = cells[..] else {
            bail!("the layer table has five columns, this row has {}: {row}", cells.len());
        };
        let built = match state {
            "built" => true,
            "later" => false,
            other => bail!("the state of {name} is {other:?}, neither built nor later"),
        };
        let may_use = may_use
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty() && *name != "-")
            .map(str::to_owned)
            .collect();
        ensure!(
            table.insert(name.to_owned(), Layer { built, may_use }).is_none(),
            "{name} stands twice in the layer table"
        );
    }
    ensure!(!table.is_empty(), "no table below the heading \"## Layers\"");
    Ok(table)
}

/// The name in the table of a package: `milieu-feed` is `feed`, and the binary is `milieu`.
fn layer_name(package: &str) -> Option<&str> {
    package.strip_prefix("milieu-").or((package == "milieu").then_some(package))
}

/// Every difference between table and code, in words.
fn compare(table: &Table, metadata: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    let mut present = BTreeSet::new();
    for package in &metadata.packages {
        let Some(name) = layer_name(&package.name) else { continue };
        present.insert(name);
        let Some(layer) = table.get(name) else {
            faults.push(format!("{name} is not in the table"));
            continue;
        };
        if !layer.built {
            faults.push(format!("{name} exists but the table says it comes later"));
        }
        for dependency in &package.dependencies {
            let Some(used) = layer_name(&dependency.name) else { continue };
            let test_only = dependency.kind.as_deref() == Some("dev") && used == TEST_ONLY;
            if !test_only && !layer.may_use.contains(used) {
                faults.push(format!("{name} uses {used}, which the table does not allow"));
            }
        }
    }
    for (name, layer) in table {
        if layer.built && !present.contains(name.as_str()) {
            faults.push(format!("the table says {name} is built, but there is no such crate"));
        }
        for used in layer.may_use.iter().filter(|used| !table.contains_key(*used)) {
            faults.push(format!("the table lets {name} use {used}, which it does not list"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{Dependency, Package};

    const TABLE: &str = "\
# Map
## Layers
Words.

| crate | state | holds | must not hold | may use |
|---|---|---|---|---|
| types | built | data | IO | - |
| feed | built | feeds | HTTP | types |
| graph | later | walks | HTTP | types |
| testkit | built | a community | anything shipped | types |

| other | table |
|---|---|
";

    /// Packages written as `name: normal dependencies ; dev dependencies`.
    fn packages(lines: &[&str]) -> Metadata {
        let dependencies = |names: &str, kind: Option<&str>| {
            names
                .split_whitespace()
                .map(|name| Dependency { name: format!("milieu-{name}"), kind: kind.map(str::to_owned) })
                .collect::<Vec<_>>()
        };
        let packages = lines
            .iter()
            .map(|line| {
                let (name, uses) = line.split_once(':').unwrap();
                let (normal, dev) = uses.split_once(';').unwrap_or((uses, ""));
                let mut all = dependencies(normal, None);
                all.extend(dependencies(dev, Some("dev")));
                Package {
                    name: format!("milieu-{name}"),
                    version: "0.1.0".into(),
                    license: None,
                    source: None,
                    dependencies: all,
                }
            })
            .collect();
        Metadata { packages }
    }

    #[test]
    fn differences_are_found() {
        fn check(lines: &[&str], expected: &[&str]) {
            assert_eq!(compare(&parse(TABLE).unwrap(), &packages(lines)), expected, "{lines:?}");
        }
        check(&["types:", "feed:types", "testkit:types"], &[]);
        check(&["types:;testkit", "feed:types;testkit", "testkit:types"], &[]);
        check(&["types:", "feed:", "testkit:"], &[]);
        check(&["types:feed", "feed:", "testkit:"], &["types uses feed, which the table does not allow"]);
        check(
            &["types:", "feed:testkit", "testkit:"],
            &["feed uses testkit, which the table does not allow"],
        );
        check(&["types:", "feed:;feed", "testkit:"], &["feed uses feed, which the table does not allow"]);
        check(&["types:", "feed:", "testkit:", "more:"], &["more is not in the table"]);
        check(
            &["types:", "feed:", "testkit:", "graph:"],
            &["graph exists but the table says it comes later"],
        );
        check(&["types:", "testkit:"], &["the table says feed is built, but there is no such crate"]);
    }

    #[test]
    fn damaged_tables_are_refused() {
        fn check(edit: (&str, &str), expected: &str) {
            let message = parse(&TABLE.replace(edit.0, edit.1)).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        check(("## Layers", "## Layer"), "no table");
        check(("| feed | built |", "| feed | soon |"), "neither built nor later");
        check(("| feed | built |", "| types | built |"), "twice");
        check(("| HTTP | types |\n| graph", "| types |\n| graph"), "five columns");
    }
}
