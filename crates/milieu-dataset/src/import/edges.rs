//! A list of edges: who follows whom, one edge a line.
//!
//! Two to four columns, separated by tabs, commas, semicolons or blanks: source, target, and in either
//! order a weight and a time. Lines that begin with `#`, `%` or `//` are comments. A first line that
//! names its columns (`src dst time`, `source,target,rating,time`, ...) is a header and says which is
//! which. Without one, a third column of whole numbers from 100000000 on is a Unix time and any other a
//! weight; with four columns the third is the weight.
//!
//! * An edge is a `follow` of the target by the source, with the weight as value; an edge with a negative
//!   weight (signed networks) is a `mute` with the weight's size as value.
//! * The same edge at several times is several events, of one tie.
//! * An edge from somebody to themselves is a bad line.
//! * An edge without a time has that of the options. A user is described where first met, with the time
//!   of that edge.

use super::out::{Out, event_id, id, plain_event, plain_user};
use super::{Reader, time};
use milieu_types::{EventKind, Timestamp};
use rustc_hash::FxHashSet;

/// From here on a whole number in the third column is a time: 1973 in Unix seconds.
const LEAST_TIME: f64 = 1e8;

/// Names of the first two columns by which a header is known.
const END_NAMES: [&str; 24] = [
    "src",
    "source",
    "from",
    "fromnodeid",
    "user",
    "userid",
    "user_id",
    "user1",
    "u",
    "follower",
    "node",
    "node1",
    "id1",
    "dst",
    "dest",
    "target",
    "to",
    "tonodeid",
    "followee",
    "friend",
    "friendid",
    "user2",
    "node2",
    "id2",
];

/// The meaning of a column after the first two.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Weight,
    Time,
    Other,
}

#[derive(Default)]
pub(super) struct Edges {
    begun: bool,
    header: Option<Vec<Column>>,
    users: FxHashSet<String>,
}

impl Reader for Edges {
    fn begin(&mut self, _role: usize) {
        self.begun = false;
        self.header = None;
    }

    fn line(&mut self, _role: usize, line: &str, out: &mut Out) -> Result<(), String> {
        let line = line.trim();
        if ["#", "%", "//"].iter().any(|mark| line.starts_with(mark)) {
            return Ok(());
        }
        let fields = split(line);
        if !std::mem::replace(&mut self.begun, true) && is_header(&fields) {
            self.header = Some(fields.iter().skip(2).map(|name| column(name)).collect());
            return Ok(());
        }
        let [source, target, rest @ ..] = fields.as_slice() else {
            return Err("an edge has at least two columns".to_owned());
        };
        let (weight, at) = self.weight_and_time(rest)?;
        self.edge(source, target, weight, at.unwrap_or(out.options.at), out)
    }
}

impl Edges {
    fn edge(
        &mut self,
        source: &str,
        target: &str,
        weight: Option<f32>,
        at: Timestamp,
        out: &mut Out,
    ) -> Result<(), String> {
        let negative = weight.is_some_and(|weight| weight < 0.0);
        let kind = if negative { EventKind::Mute } else { EventKind::Follow };
        let said = weight.map(|weight| weight.to_string()).unwrap_or_default();
        let made = event_id("edges", &[source, target, &said, &at.millis().to_string()])?;
        let mut event = plain_event(made, kind, id("source", source)?, id("target", target)?, at);
        event.value = weight.map(f32::abs);
        for user in [source, target] {
            if !self.users.contains(user) {
                out.user(plain_user(id("user", user)?, at))?;
                self.users.insert(user.to_owned());
            }
        }
        out.event(event)
    }

    fn weight_and_time(&self, rest: &[&str]) -> Result<(Option<f32>, Option<Timestamp>), String> {
        let guessed = match rest {
            [] => [Column::Other; 2],
            [one] if looks_like_time(one) => [Column::Time, Column::Other],
            _ => [Column::Weight, Column::Time],
        };
        let columns = self.header.as_deref().unwrap_or(&guessed);
        let (mut weight, mut at) = (None, None);
        for (text, column) in rest.iter().zip(columns) {
            match column {
                Column::Weight => {
                    weight = Some(text.parse().map_err(|_| format!("not a weight: {text:.20}"))?);
                }
                Column::Time => at = Some(time::parse(text)?),
                Column::Other => {}
            }
        }
        Ok((weight, at))
    }
}

fn split(line: &str) -> Vec<&str> {
    match ['\t', ',', ';'].into_iter().find(|&separator| line.contains(separator)) {
        Some(separator) => line.split(separator).map(|field| field.trim().trim_matches('"')).collect(),
        None => line.split_whitespace().map(|field| field.trim_matches('"')).collect(),
    }
}

fn is_header(fields: &[&str]) -> bool {
    fields.iter().take(2).any(|field| END_NAMES.contains(&field.to_lowercase().as_str()))
}

fn column(name: &str) -> Column {
    match name.to_lowercase().as_str() {
        "weight" | "rating" | "value" | "score" | "sign" | "count" | "w" => Column::Weight,
        "time" | "timestamp" | "date" | "at" | "unixts" | "t" => Column::Time,
        _ => Column::Other,
    }
}

fn looks_like_time(text: &str) -> bool {
    match text.parse::<f64>() {
        Ok(number) => number >= LEAST_TIME,
        Err(_) => time::parse(text).is_ok(),
    }
}
