//! People as tables and as a graph, for other tools: users, who follows whom, how strong that is, communities.
//!
//! No private relation is in it: no blocks, mutes and messages, and nothing that depends on one. What follow ties and public
//! interactions tell is told whether or not one of the two blocks the other, so that what is missing tells nothing either.

use crate::communities::PeopleIndex;
use crate::ties::{Dealings, Past, TieModel, features};
use milieu_world::{NameIx, UserIx, View};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// How it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// A table with a head, RFC 4180.
    Csv,
    /// The graph of users and ties (<http://graphml.graphdrawing.org>).
    Graphml,
}

/// What is written as a table. GraphML holds users and ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Who follows whom or reacts to whom.
    Ties,
    /// Users with their community, rank and core number.
    Users,
    /// Communities.
    Communities,
}

/// From one user to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct TieRow<'v> {
    from: &'v str,
    to: &'v str,
    follows: bool,
    /// Likes, answers and items passed on.
    interactions: usize,
    /// Interactions to be expected in the coming 30 days.
    expected: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct UserRow<'v> {
    id: &'v str,
    community: Option<u32>,
    rank: f32,
    core: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct CommunityRow<'v> {
    id: u32,
    size: usize,
    tags: Vec<&'v str>,
}

/// Writes a table or the graph of described users.
///
/// # Errors
/// Those of `out`.
pub fn write(
    view: &View<'_>,
    index: &PeopleIndex,
    model: &TieModel,
    (table, format): (Table, Format),
    out: &mut impl Write,
) -> io::Result<()> {
    match (format, table) {
        (Format::Graphml, _) => graphml(view, index, model, out),
        (Format::Jsonl, Table::Ties) => lines(ties(view, model), out),
        (Format::Jsonl, Table::Users) => lines(users(view, index), out),
        (Format::Jsonl, Table::Communities) => lines(communities(view, index), out),
        (Format::Csv, Table::Ties) => {
            writeln!(out, "from,to,follows,interactions,expected")?;
            ties(view, model).into_iter().try_for_each(|row| {
                let TieRow { from, to, follows, interactions, expected } = row;
                writeln!(out, "{},{},{follows},{interactions},{expected:.6}", cell(from), cell(to))
            })
        }
        (Format::Csv, Table::Users) => {
            writeln!(out, "id,community,rank,core")?;
            users(view, index).into_iter().try_for_each(|UserRow { id, community, rank, core }| {
                let community = community.map(|id| id.to_string()).unwrap_or_default();
                writeln!(out, "{},{community},{rank},{core}", cell(id))
            })
        }
        (Format::Csv, Table::Communities) => {
            writeln!(out, "id,size,tags")?;
            communities(view, index)
                .into_iter()
                .try_for_each(|row| writeln!(out, "{},{},{}", row.id, row.size, cell(&row.tags.join(" "))))
        }
    }
}

fn described<'v>(view: &View<'v>) -> impl Iterator<Item = (UserIx, &'v str)> + use<'v> {
    let view = *view;
    let users = (0..view.world().user_bound() as u32).map(UserIx);
    users
        .filter(move |user| view.is_described(*user))
        .filter_map(move |user| Some((user, view.world().user_id(user)?)))
}

fn ties<'v>(view: &View<'v>, model: &TieModel) -> Vec<TieRow<'v>> {
    let mut rows = Vec::new();
    let known = Past::known(view);
    for (from, from_id) in described(view) {
        for &to in known.get(&from).into_iter().flatten() {
            let Some(to_id) = view.world().user_id(to) else { continue };
            let public = |a, b| Dealings { messages: 0, ..Dealings::between(view, a, b) };
            let (there, back) = (public(from, to), public(to, from));
            if there.is_nothing() {
                continue;
            }
            let expected = model.expected(&features(view, from, to, &there, &back));
            let (follows, interactions) = (there.follows.is_some(), there.done.len());
            rows.push(TieRow { from: from_id, to: to_id, follows, interactions, expected });
        }
    }
    rows
}

fn users<'v>(view: &View<'v>, index: &PeopleIndex) -> Vec<UserRow<'v>> {
    let row = |(user, id): (UserIx, &'v str)| UserRow {
        id,
        community: index.community_of(user).map(|community| community.id),
        rank: index.rank.get(user.at()).copied().unwrap_or(0.0),
        core: index.cores.get(user.at()).copied().unwrap_or(0),
    };
    described(view).map(row).collect()
}

fn communities<'v>(view: &View<'v>, index: &PeopleIndex) -> Vec<CommunityRow<'v>> {
    let size = |members: &[UserIx]| members.iter().filter(|user| view.is_described(**user)).count();
    let row = |community: &crate::communities::Community| CommunityRow {
        id: community.id,
        size: size(&community.members),
        tags: community.tags.iter().filter_map(|mark| view.world().name(NameIx(mark.what))).collect(),
    };
    index.communities.iter().map(row).collect()
}

fn lines(rows: Vec<impl Serialize>, out: &mut impl Write) -> io::Result<()> {
    rows.iter().try_for_each(|row| {
        serde_json::to_writer(&mut *out, row)?;
        out.write_all(b"\n")
    })
}

/// A cell of a table, in quotes where it needs them.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn graphml(view: &View<'_>, index: &PeopleIndex, model: &TieModel, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(out, r#"<graphml xmlns="http://graphml.graphdrawing.org/xmlns">"#)?;
    let keys = [
        ("node", "community", "int"),
        ("node", "rank", "double"),
        ("node", "core", "int"),
        ("edge", "follows", "boolean"),
        ("edge", "interactions", "int"),
        ("edge", "expected", "double"),
    ];
    for (of, name, kind) in keys {
        writeln!(out, r#"<key id="{name}" for="{of}" attr.name="{name}" attr.type="{kind}"/>"#)?;
    }
    writeln!(out, r#"<graph edgedefault="directed">"#)?;
    for UserRow { id, community, rank, core } in users(view, index) {
        write!(out, r#"<node id="{}">"#, escaped(id))?;
        if let Some(community) = community {
            write!(out, r#"<data key="community">{community}</data>"#)?;
        }
        writeln!(out, r#"<data key="rank">{rank}</data><data key="core">{core}</data></node>"#)?;
    }
    for TieRow { from, to, follows, interactions, expected } in ties(view, model) {
        write!(out, r#"<edge source="{}" target="{}">"#, escaped(from), escaped(to))?;
        let values: BTreeMap<&str, String> = [
            ("follows", follows.to_string()),
            ("interactions", interactions.to_string()),
            ("expected", format!("{expected:.6}")),
        ]
        .into();
        values.iter().try_for_each(|(name, value)| write!(out, r#"<data key="{name}">{value}</data>"#))?;
        writeln!(out, "</edge>")?;
    }
    writeln!(out, "</graph>\n</graphml>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::Town;
    use milieu_types::EventKind as E;

    fn town() -> Town {
        let mut town = Town::new(&["ann", "b,\"n", "cat<&>"]);
        town.item("c1", "cat<&>", &["tea"], 20.0);
        town.event("ann", E::Follow, "b,\"n", 9.0);
        town.event("ann", E::Like, "c1", 5.0);
        town
    }

    fn written(town: &Town, table: Table, format: Format) -> String {
        let index = PeopleIndex::of(&town.view(), |_| None, &PeopleIndex::default()).unwrap();
        let mut out = Vec::new();
        write(&town.view(), &index, &TieModel::default(), (table, format), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ties_and_users_are_written() {
        let town = town();
        let csv = written(&town, Table::Ties, Format::Csv);
        let rows: Vec<&str> = csv.lines().collect();
        assert!(rows[1].starts_with("ann,\"b,\"\"n\",true,0,"), "{csv}");
        assert!(rows[2].starts_with("ann,cat<&>,false,1,") && rows.len() == 3, "{csv}");
        let jsonl = written(&town, Table::Ties, Format::Jsonl);
        assert!(
            jsonl.starts_with(r#"{"from":"ann","to":"b,\"n","follows":true,"interactions":0,"expected":0."#),
            "{jsonl}"
        );
        assert_eq!(written(&town, Table::Users, Format::Csv).lines().count(), 4);
        assert_eq!(written(&town, Table::Communities, Format::Csv), "id,size,tags\n1,3,\n");
        let graph = written(&town, Table::Ties, Format::Graphml);
        assert!(graph.contains(r#"<edge source="ann" target="cat&lt;&amp;&gt;">"#), "{graph}");
        assert_eq!((graph.matches("<node ").count(), graph.matches("<edge ").count()), (3, 2));
    }

    #[test]
    fn private_relations_change_nothing() {
        let expected = town();
        let mut private = town();
        private.event("ann", E::Message, "b,\"n", 4.0);
        private.event("cat<&>", E::Message, "b,\"n", 4.0);
        private.event("cat<&>", E::Mute, "ann", 4.0);
        private.event("b,\"n", E::Block, "ann", 4.0);
        private.event("ann", E::Hide, "c1", 4.0);
        for table in [Table::Ties, Table::Users, Table::Communities] {
            assert_eq!(written(&private, table, Format::Jsonl), written(&expected, table, Format::Jsonl));
        }
        private.delete_user("ann");
        assert_eq!(written(&private, Table::Ties, Format::Csv).lines().count(), 1);
    }
}
