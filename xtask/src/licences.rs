//! `check-licences`: every dependency has an allowed licence and comes from the registry.
//!
//! Reads the same deny.toml as cargo-deny, of which this is the part that needs no advisory database
//! and no minutes of building.

use crate::metadata::{self, Package};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
    #[serde(default)]
    exceptions: Vec<Exemption>,
}

#[derive(Deserialize)]
struct Exemption {
    name: String,
    allow: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    name: String,
}

pub(crate) fn run(root: &Path) -> Result<()> {
    let path = root.join("deny.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let deny: Deny = toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    let built = metadata::built(root)?;
    let mut packages = metadata::read(root, true)?.packages;
    packages.retain(|package| built.contains(&(package.name.clone(), package.version.clone())));
    let faults: Vec<String> = packages.iter().filter_map(|package| fault(&deny, package)).collect();
    if faults.is_empty() {
        println!("licences: {} packages pass deny.toml", packages.len());
        return Ok(());
    }
    for fault in &faults {
        eprintln!("licences: {fault}");
    }
    bail!("{} packages break deny.toml", faults.len())
}

fn fault(deny: &Deny, package: &Package) -> Option<String> {
    let name = format!("{} {}", package.name, package.version);
    let source = package.source.as_deref()?;
    if !source.starts_with("registry+") && !source.starts_with("sparse+") {
        return Some(format!("{name} comes from {source}, not from the registry"));
    }
    if deny.bans.deny.iter().any(|banned| banned.name == package.name) {
        return Some(format!("{name} is banned"));
    }
    let mut allow = deny.licenses.allow.clone();
    let exemptions = deny.licenses.exceptions.iter().filter(|exemption| exemption.name == package.name);
    exemptions.for_each(|exemption| allow.extend(exemption.allow.iter().cloned()));
    match &package.license {
        None => Some(format!("{name} states no licence")),
        Some(terms) if !allowed(terms, &allow) => {
            Some(format!("{name} is under {terms}, which is not allowed"))
        }
        Some(_) => None,
    }
}

/// Whether an SPDX expression can be met with allowed licences only. `AND` binds closer than `OR`
/// (SPDX 2.3, annex D.4); `/` is the old way to write `OR`. An exception (`WITH`) counts as part of
/// the licence's name.
fn allowed(terms: &str, allow: &BTreeSet<String>) -> bool {
    let spaced = terms.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    any_of(&tokens, &mut at, allow) && at == tokens.len()
}

fn any_of(tokens: &[&str], at: &mut usize, allow: &BTreeSet<String>) -> bool {
    let mut met = all_of(tokens, at, allow);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        met |= all_of(tokens, at, allow);
    }
    met
}

fn all_of(tokens: &[&str], at: &mut usize, allow: &BTreeSet<String>) -> bool {
    let mut met = one(tokens, at, allow);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        met &= one(tokens, at, allow);
    }
    met
}

fn one(tokens: &[&str], at: &mut usize, allow: &BTreeSet<String>) -> bool {
    let Some(&token) = tokens.get(*at) else { return false };
    *at += 1;
    if token == "(" {
        let met = any_of(tokens, at, allow);
        let closed = tokens.get(*at) == Some(&")");
        *at += usize::from(closed);
        return met && closed;
    }
    if tokens.get(*at) == Some(&"WITH") {
        let exception = tokens.get(*at + 1).copied().unwrap_or_default();
        *at += 2;
        return allow.contains(&format!("{token} WITH {exception}"));
    }
    allow.contains(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        fn check(terms: &str, expected: bool) {
            let allow = ["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"];
            let allow = allow.map(str::to_owned).into_iter().collect();
            assert_eq!(allowed(terms, &allow), expected, "{terms}");
        }
        check("MIT", true);
        check("GPL-3.0", false);
        check("MIT/Apache-2.0", true);
        check("GPL-3.0 OR MIT", true);
        check("GPL-3.0 AND MIT", false);
        check("(MIT OR GPL-3.0) AND Unicode-3.0", true);
        check("MIT AND GPL-3.0 OR Apache-2.0", true);
        check("MIT AND (GPL-3.0 OR LGPL-3.0)", false);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("MIT WITH LLVM-exception", false);
        check("(MIT", false);
        check("MIT)", false);
        check("", false);
    }
}
