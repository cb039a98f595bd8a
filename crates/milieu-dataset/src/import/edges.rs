//! A list of edges: who follows whom, one edge a line, as [`crate::edges`] reads it.
//!
//! * An edge is a `follow` of the target by the source, with the weight as value; an edge with a negative
//!   weight (signed networks) is a `mute` with the weight's size as value.
//! * The same edge at several times is several events, of one tie.
//! * An edge from somebody to themselves is a bad line.
//! * An edge without a time has that of the options. A user is described where first met, with the time
//!   of that edge.

use super::Reader;
use super::out::{Out, event_id, id, plain_event, plain_user};
use crate::edges::Rows;
use milieu_types::{EventKind, Timestamp};
use rustc_hash::FxHashSet;

#[derive(Default)]
pub(super) struct Edges {
    rows: Rows,
    users: FxHashSet<String>,
}

impl Reader for Edges {
    fn begin(&mut self, _role: usize) {
        self.rows = Rows::default();
    }

    fn line(&mut self, _role: usize, line: &str, out: &mut Out) -> Result<(), String> {
        match self.rows.read(line)? {
            Some(row) => self.edge(row.source, row.target, row.weight, row.at.unwrap_or(out.options.at), out),
            None => Ok(()),
        }
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
}
