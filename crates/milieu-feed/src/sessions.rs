//! Scrolling sessions: what was ranked ahead and what was served.

use crate::rank::Scored;
use milieu_world::ItemIx;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

/// One user scrolling through one feed.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) user: String,
    /// Ranked and not served yet, the best first.
    pub(crate) reserve: VecDeque<Scored>,
    pub(crate) served: FxHashSet<ItemIx>,
    /// Pages served, by the offset of their first entry; asked for again, a page is given again.
    pub(crate) pages: Vec<(usize, Vec<Scored>)>,
    pub(crate) offset: usize,
}

/// The latest sessions, the oldest forgotten first.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    next: u64,
    sessions: FxHashMap<u64, Session>,
    order: VecDeque<u64>,
}

impl Sessions {
    pub(crate) fn start(&mut self, user: &str, most: usize) -> (u64, Session) {
        self.next += 1;
        self.order.push_back(self.next);
        while self.order.len() > most {
            if let Some(oldest) = self.order.pop_front() {
                self.sessions.remove(&oldest);
            }
        }
        let session = Session {
            user: user.to_owned(),
            reserve: VecDeque::new(),
            served: FxHashSet::default(),
            pages: Vec::new(),
            offset: 0,
        };
        (self.next, session)
    }

    /// Takes a session out to work on it.
    pub(crate) fn take(&mut self, number: u64) -> Option<Session> {
        self.sessions.remove(&number)
    }

    /// Puts a session back, unless it was forgotten meanwhile.
    pub(crate) fn put(&mut self, number: u64, session: Session) {
        if self.order.front().is_some_and(|&oldest| oldest <= number) {
            self.sessions.insert(number, session);
        }
    }
}

/// Where the next page begins: `session.offset`, both in hexadecimal.
pub(crate) fn write_cursor(session: u64, offset: usize) -> String {
    format!("{session:x}.{offset:x}")
}

/// Reads what [`write_cursor`] wrote.
pub(crate) fn read_cursor(cursor: &str) -> Option<(u64, usize)> {
    let (session, offset) = cursor.split_once('.')?;
    Some((u64::from_str_radix(session, 16).ok()?, usize::from_str_radix(offset, 16).ok()?))
}
