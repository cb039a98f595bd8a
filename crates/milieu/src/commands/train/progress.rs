//! A bar in a terminal, else a JSON line for each epoch; on standard error.

use crate::output::bar;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::IsTerminal;

pub(super) struct Progress {
    bar: ProgressBar,
    terminal: bool,
}

impl Progress {
    pub(super) fn new(what: &'static str) -> Self {
        let bar = bar(0, what, false);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {per_sec} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, terminal: std::io::stderr().is_terminal() }
    }

    /// So many were read, of nobody knows how many.
    pub(super) fn read(&self, count: usize) {
        self.bar.set_position(count as u64);
    }

    /// So many of a stretch of work are done.
    pub(super) fn step(&self, what: &str, done: usize, of: usize) {
        if self.bar.length() != Some(of as u64) || self.bar.position() > done as u64 {
            self.bar.set_length(of as u64);
            self.bar.reset();
            self.bar.set_message(what.to_owned());
        }
        self.bar.set_position(done as u64);
    }

    /// An epoch is over: `line` for a person, `figures` for a program.
    pub(super) fn epoch(&self, line: &str, figures: &impl Serialize) {
        if self.terminal {
            self.say(line);
        } else if let Ok(figures) = serde_json::to_string(figures) {
            eprintln!("{figures}");
        }
    }

    pub(super) fn say(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
