//! What models say of the texts of items, in memory, by the numbers of the world.

use milieu_world::ItemIx;
use rustc_hash::FxHashMap;
use std::ops::Range;

/// A label that a model gives an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ItemLabel<'a> {
    /// The name of the model.
    pub model: &'a str,
    /// The label, as the model calls it.
    pub label: &'a str,
    /// 0 to 1.
    pub probability: f32,
    /// Whether it reaches its threshold or, where an item has one label, is the first.
    pub applies: bool,
    /// Whether it stands for something that harms; of one label always the same.
    pub harms: bool,
}

/// The labels of all items that models have read. About 8 bytes a label and 16 an item.
#[derive(Debug, Default)]
pub struct ItemLabels {
    models: Vec<Model>,
    kinds: Vec<Kind>,
    rows: Vec<Option<Box<[Said]>>>,
}

#[derive(Debug)]
struct Model {
    name: Box<str>,
    /// The numbers of its labels.
    labels: FxHashMap<Box<str>, u32>,
    /// Of how many items it says something.
    items: u32,
}

#[derive(Debug)]
struct Kind {
    model: u32,
    label: Box<str>,
    harms: bool,
    /// To how many items it applies.
    items: u32,
}

/// One label of one item: the number of the label, with [`APPLIES`], and how probable it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    kind: u32,
    pub(crate) probability: f32,
}

const APPLIES: u32 = 1 << 31;

impl Said {
    pub(crate) fn kind(self) -> u32 {
        self.kind & !APPLIES
    }

    pub(crate) fn applies(self) -> bool {
        self.kind & APPLIES != 0
    }
}

impl ItemLabels {
    /// Replaces what is said of an item.
    pub fn put<'a>(&mut self, item: ItemIx, labels: impl IntoIterator<Item = ItemLabel<'a>>) {
        self.remove(item);
        let said = |label: ItemLabel<'_>| {
            let applies = if label.applies { APPLIES } else { 0 };
            Said { kind: self.number(&label) | applies, probability: label.probability }
        };
        let mut row: Vec<Said> = labels.into_iter().map(said).collect();
        if row.is_empty() {
            return;
        }
        // Stable: one model's labels stay in their order.
        row.sort_by_key(|said| self.model_of(said.kind()));
        self.count(&row, |items| *items += 1);
        let place = item.0 as usize;
        if place >= self.rows.len() {
            self.rows.resize_with(place + 1, || None);
        }
        self.rows[place] = Some(row.into());
    }

    /// Forgets what is said of an item.
    pub fn remove(&mut self, item: ItemIx) {
        if let Some(row) = self.rows.get_mut(item.0 as usize).and_then(Option::take) {
            self.count(&row, |items| *items -= 1);
        }
    }

    /// Forgets what models of other names than those that `keep` keeps say.
    pub fn keep_models(&mut self, keep: impl Fn(&str) -> bool) {
        let gone: Vec<bool> = self.models.iter().map(|model| model.items > 0 && !keep(&model.name)).collect();
        if !gone.contains(&true) {
            return;
        }
        for place in 0..self.rows.len() {
            let Some(row) = self.rows[place].take() else { continue };
            let (left, lost): (Vec<Said>, Vec<Said>) =
                row.iter().partition(|said| !gone[self.model_of(said.kind()) as usize]);
            self.count(&lost, |items| *items -= 1);
            self.rows[place] = (!left.is_empty()).then(|| left.into());
        }
    }

    /// The items of these numbers of which anything is said.
    pub fn items(&self, numbers: Range<u32>) -> impl Iterator<Item = ItemIx> + '_ {
        let end = numbers.end.min(self.rows.len() as u32);
        (numbers.start..end).filter(|&number| self.rows[number as usize].is_some()).map(ItemIx)
    }

    /// What is said of an item, the labels of a model together.
    pub fn said(&self, item: ItemIx) -> impl Iterator<Item = ItemLabel<'_>> {
        self.of(item).iter().map(|said| {
            let Kind { model, label, harms, .. } = &self.kinds[said.kind() as usize];
            ItemLabel {
                model: &self.models[*model as usize].name,
                label,
                probability: said.probability,
                applies: said.applies(),
                harms: *harms,
            }
        })
    }

    /// What is known of an item, the labels of a model together.
    pub(crate) fn of(&self, item: ItemIx) -> &[Said] {
        self.rows.get(item.0 as usize).and_then(Option::as_deref).unwrap_or_default()
    }

    /// The number of a label that was ever said of an item.
    pub(crate) fn kind(&self, model: &str, label: &str) -> Option<u32> {
        self.models.iter().find(|known| *known.name == *model)?.labels.get(label).copied()
    }

    pub(crate) fn harms(&self, kind: u32) -> bool {
        self.kinds[kind as usize].harms
    }

    /// The name of a label.
    pub(crate) fn label(&self, kind: u32) -> &str {
        &self.kinds[kind as usize].label
    }

    /// The number of the model of a label.
    pub(crate) fn model_of(&self, kind: u32) -> u32 {
        self.kinds[kind as usize].model
    }

    /// The number of a model that ever said anything.
    pub(crate) fn model(&self, name: &str) -> Option<u32> {
        self.models.iter().position(|model| *model.name == *name).map(|place| place as u32)
    }

    /// To which share of the items that its model has read a label applies.
    pub(crate) fn share(&self, kind: u32) -> f32 {
        let Kind { model, items, .. } = self.kinds[kind as usize];
        items as f32 / self.models[model as usize].items.max(1) as f32
    }

    fn number(&mut self, label: &ItemLabel<'_>) -> u32 {
        let model = self.model(label.model).unwrap_or_else(|| {
            let new = Model { name: label.model.into(), labels: FxHashMap::default(), items: 0 };
            self.models.push(new);
            self.models.len() as u32 - 1
        });
        let labels = &mut self.models[model as usize].labels;
        if let Some(&number) = labels.get(label.label) {
            return number;
        }
        let number = self.kinds.len() as u32;
        labels.insert(label.label.into(), number);
        self.kinds.push(Kind { model, label: label.label.into(), harms: label.harms, items: 0 });
        number
    }

    /// Counts some labels of one item, those of a model together.
    fn count(&mut self, row: &[Said], step: impl Fn(&mut u32)) {
        for said in row.iter().filter(|said| said.applies()) {
            step(&mut self.kinds[said.kind() as usize].items);
        }
        let mut models: Vec<u32> = row.iter().map(|said| self.model_of(said.kind())).collect();
        models.dedup();
        for model in models {
            step(&mut self.models[model as usize].items);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(model: &'static str, label: &'static str, probability: f32, applies: bool) -> ItemLabel<'static> {
        ItemLabel { model, label, probability, applies, harms: label == "rude" }
    }

    fn shares(labels: &ItemLabels) -> Vec<(String, f32)> {
        (0..labels.kinds.len() as u32)
            .map(|kind| (labels.label(kind).to_owned(), labels.share(kind)))
            .collect()
    }

    #[test]
    fn what_is_put_is_read_and_counted() {
        let mut labels = ItemLabels::default();
        labels.put(ItemIx(3), [said("tone", "rude", 0.9, true), said("tone", "kind", 0.1, false)]);
        // Labels of two models by turns.
        let mixed = [
            said("tone", "kind", 0.7, true),
            said("theme", "beer", 0.8, true),
            said("tone", "rude", 0.3, false),
        ];
        labels.put(ItemIx(1), mixed);
        assert_eq!(
            labels.of(ItemIx(1)).iter().map(|said| said.probability).collect::<Vec<_>>(),
            [0.7, 0.3, 0.8]
        );
        let rude = labels.kind("tone", "rude").unwrap();
        assert!(
            labels.harms(rude) && labels.of(ItemIx(3))[0].kind() == rude && labels.of(ItemIx(3))[0].applies()
        );
        assert_eq!(labels.said(ItemIx(1)).collect::<Vec<_>>(), [mixed[0], mixed[2], mixed[1]]);
        assert_eq!(labels.kind("theme", "rude").or(labels.kind("other", "rude")), None);
        assert!(labels.of(ItemIx(0)).is_empty() && labels.of(ItemIx(9)).is_empty());
        assert_eq!(labels.items(0..9).chain(labels.items(2..3)).collect::<Vec<_>>(), [ItemIx(1), ItemIx(3)]);
        let expect = |labels: &ItemLabels, rude, kind, beer| {
            let expected = [("rude", rude), ("kind", kind), ("beer", beer)];
            assert_eq!(shares(labels), expected.map(|(label, share)| (label.to_owned(), share)));
        };
        expect(&labels, 0.5, 0.5, 1.0);
        labels.put(ItemIx(3), [said("tone", "kind", 0.8, true)]);
        expect(&labels, 0.0, 1.0, 1.0);
        labels.keep_models(|name| name == "tone");
        expect(&labels, 0.0, 1.0, 0.0);
        assert_eq!(labels.of(ItemIx(1)).len(), 2);
        labels.put(ItemIx(1), []);
        labels.remove(ItemIx(70));
        expect(&labels, 0.0, 1.0, 0.0);
        labels.keep_models(|_| false);
        assert_eq!(labels.items(0..9).count(), 0);
        expect(&labels, 0.0, 0.0, 0.0);
    }
}
