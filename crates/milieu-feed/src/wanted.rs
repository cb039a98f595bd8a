//! Which items a query and the configuration let through by what models say of their texts.

use crate::engine::{Engine, FeedQuery};
use crate::labels::{ItemLabels, Said};
use crate::stages::{Filter, Stage};
use milieu_world::ItemIx;
use parking_lot::{RwLock, RwLockReadGuard};

/// A label that a query names.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelBound {
    /// The name of the model.
    pub model: String,
    /// The label, as the model calls it.
    pub label: String,
    /// From which probability on an item has it, 0 to 1; `None` for where it applies.
    pub least: Option<f32>,
}

impl LabelBound {
    /// Reads `MODEL/LABEL` or `MODEL/LABEL:PROBABILITY`; `None` where it is neither.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let (model, label) =
            name.split_once('/').filter(|(model, label)| !model.is_empty() && !label.is_empty())?;
        let bound =
            label.rsplit_once(':').and_then(|(label, least)| Some((label, least.parse::<f32>().ok()?)));
        let (label, least) = bound.map_or((label, None), |(label, least)| (label, Some(least)));
        let is_bound = least.is_none_or(|least| (0.0..=1.0).contains(&least));
        (is_bound && !label.is_empty()).then(|| Self { model: model.into(), label: label.into(), least })
    }
}

/// What is wanted, and where to look it up.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    table: &'a RwLock<ItemLabels>,
    exclude: &'a [LabelBound],
    only: &'a [LabelBound],
    /// From which probability on what harms is hidden; 0 for never.
    hide: f32,
}

impl<'a> Wanted<'a> {
    /// Whether only items of some labels are wanted.
    pub(crate) fn is_only(self) -> bool {
        !self.only.is_empty()
    }

    /// Looks the labels up. Holds what is said of items, so for no longer than a moment.
    pub(crate) fn gate(self) -> LabelGate<'a> {
        let labels = self.table.read();
        let exclude = numbers(&labels, self.exclude);
        let only = self.is_only().then(|| numbers(&labels, self.only));
        LabelGate { labels, exclude, only, hide: self.hide }
    }
}

/// The number of a label, and from which probability on an item has it.
type Bound = (u32, Option<f32>);

/// The labels that any item has.
fn numbers(labels: &ItemLabels, bounds: &[LabelBound]) -> Vec<Bound> {
    bounds.iter().filter_map(|bound| Some((labels.kind(&bound.model, &bound.label)?, bound.least))).collect()
}

/// See [`Wanted::gate`].
pub(crate) struct LabelGate<'a> {
    labels: RwLockReadGuard<'a, ItemLabels>,
    exclude: Vec<Bound>,
    only: Option<Vec<Bound>>,
    hide: f32,
}

impl LabelGate<'_> {
    /// The first filter that refuses the item; `None` when it may be shown.
    pub(crate) fn refuse(&self, item: ItemIx) -> Option<Filter> {
        let row = self.labels.of(item);
        if has(row, &self.exclude) || self.only.as_ref().is_some_and(|only| !has(row, only)) {
            return Some(Filter::Label);
        }
        let harms =
            |said: &Said| said.applies() && said.probability >= self.hide && self.labels.harms(said.kind());
        (self.hide > 0.0 && row.iter().any(harms)).then_some(Filter::Harmful)
    }
}

/// Whether any label of a row is one of those that are named.
fn has(row: &[Said], bounds: &[Bound]) -> bool {
    let is = |said: &Said, &(kind, least): &Bound| {
        said.kind() == kind && least.map_or(said.applies(), |least| said.probability >= least)
    };
    row.iter().any(|said| bounds.iter().any(|bound| is(said, bound)))
}

/// Whether an item is let through.
pub(crate) fn lets_through<'a>(wanted: Option<Wanted<'a>>) -> impl Fn(ItemIx) -> bool + 'a {
    let gate = wanted.map(Wanted::gate);
    move |item| gate.as_ref().is_none_or(|gate| gate.refuse(item).is_none())
}

impl Engine {
    /// What a query wants of labels; `None` where it wants nothing and nothing is hidden.
    pub(crate) fn wanted<'a>(&'a self, query: &'a FeedQuery) -> Option<Wanted<'a>> {
        let FeedQuery { exclude, only, disabled, .. } = query;
        let hides = !disabled.contains(&Stage::Filter(Filter::Harmful));
        let hide = if hides { self.config.hide_harmful } else { 0.0 };
        let wanted = Wanted { table: &self.labels, exclude, only, hide };
        (hide > 0.0 || !exclude.is_empty() || !only.is_empty()).then_some(wanted)
    }

    /// What is hidden because it harms; `None` where nothing is.
    pub(crate) fn hidden(&self) -> Option<Wanted<'_>> {
        let hide = self.config.hide_harmful;
        (hide > 0.0).then_some(Wanted { table: &self.labels, exclude: &[], only: &[], hide })
    }

    /// Whether an item has the labels that a query wants, and none that is hidden. Whoever asks holds what is said of items,
    /// so it is to be for no longer than a moment.
    pub fn wants<'a>(&'a self, query: &'a FeedQuery) -> impl Fn(ItemIx) -> bool + 'a {
        lets_through(self.wanted(query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_labels() {
        fn check(name: &str, expected: Option<(&str, &str, Option<f32>)>) {
            let found = LabelBound::from_name(name);
            let found = found.as_ref().map(|bound| (bound.model.as_str(), bound.label.as_str(), bound.least));
            assert_eq!(found, expected, "{name}");
        }
        check("tone/rude", Some(("tone", "rude", None)));
        check("tone/rude:0.8", Some(("tone", "rude", Some(0.8))));
        check("tone/rude:1", Some(("tone", "rude", Some(1.0))));
        check("tone/self-harm/intent:0", Some(("tone", "self-harm/intent", Some(0.0))));
        check("tone/a:b", Some(("tone", "a:b", None)));
        for name in
            ["", "tone", "tone/", "/rude", "/", "tone/rude:80", "tone/rude:-1", "tone/rude:nan", "tone/:0.5"]
        {
            check(name, None);
        }
    }
}
