//! Which labels of texts a user likes, so that they can be a reason.

use crate::labels::ItemLabels;
use milieu_world::ItemIx;
use rustc_hash::FxHashMap;

/// Of how many liked items a label has to be said at least.
const FEWEST: u32 = 3;
/// Of which share of what the user liked it has to be said, newer items counting more.
const SHARE: f32 = 0.25;
/// By which factor that has to be more than its share of all items.
const MORE: f32 = 2.0;

/// For each item of a page, the label that applies to it which the user likes most, if any does. Only the labels of some
/// `models` count, and none that harms. `liked` holds the user's items with weights.
pub(crate) fn liked_labels(
    labels: &ItemLabels,
    models: &[String],
    liked: &[(ItemIx, f32)],
    page: impl Iterator<Item = ItemIx>,
) -> Vec<Option<String>> {
    let liked = liked_kinds(labels, models, liked);
    let best = |item: ItemIx| {
        let applying = labels.of(item).iter().filter(|said| said.applies()).map(|said| said.kind());
        let shares = applying.filter_map(|kind| Some((*liked.get(&kind)?, kind)));
        let (_, kind) = shares.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
        Some(labels.label(kind).to_owned())
    };
    page.map(best).collect()
}

/// The labels that the user likes, each with its share.
fn liked_kinds(labels: &ItemLabels, models: &[String], liked: &[(ItemIx, f32)]) -> FxHashMap<u32, f32> {
    let models: Vec<u32> = models.iter().filter_map(|name| labels.model(name)).collect();
    let mut read = vec![0.0_f32; models.len()];
    let mut of_kinds: FxHashMap<u32, (u32, f32)> = FxHashMap::default();
    for &(item, weight) in liked {
        let row = labels.of(item);
        for (model, read) in models.iter().zip(&mut read) {
            let mut of_model = row.iter().filter(|said| labels.model_of(said.kind()) == *model).peekable();
            if of_model.peek().is_some() {
                *read += weight;
            }
            for said in of_model.filter(|said| said.applies() && !labels.harms(said.kind())) {
                let (count, sum) = of_kinds.entry(said.kind()).or_default();
                *count += 1;
                *sum += weight;
            }
        }
    }
    let of_model = |kind| models.iter().position(|&model| model == labels.model_of(kind));
    let share = |(kind, (count, sum)): (u32, (u32, f32))| {
        let share = sum / read[of_model(kind)?].max(f32::MIN_POSITIVE);
        (count >= FEWEST && share >= SHARE && share >= MORE * labels.share(kind)).then_some((kind, share))
    };
    of_kinds.into_iter().filter_map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::ItemLabel;

    #[test]
    fn a_label_is_liked_more_than_it_is_common() {
        // Of 40 items, every fourth is about beer and every tenth rude; all others are about cats.
        let mut labels = ItemLabels::default();
        for number in 0..40 {
            let label = match number {
                _ if number % 10 == 0 => "rude",
                _ if number % 4 == 1 => "beer",
                _ => "cats",
            };
            let one = |label, applies, probability| ItemLabel {
                model: "theme",
                label,
                probability,
                applies,
                harms: label == "rude",
            };
            labels.put(ItemIx(number), [one(label, true, 0.9), one("other", false, 0.1)]);
        }
        let check = |model: &str, liked: &[u32], expected: [Option<&str>; 3]| {
            let liked: Vec<(ItemIx, f32)> = liked.iter().map(|&number| (ItemIx(number), 0.5)).collect();
            let page = [ItemIx(37), ItemIx(38), ItemIx(30)].into_iter();
            let found = liked_labels(&labels, &[model.to_owned()], &liked, page);
            assert_eq!(found.iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{liked:?}");
        };
        check("theme", &[1, 5, 9], [Some("beer"), None, None]);
        check("theme", &[1, 5], [None, None, None]);
        check("theme", &[1, 5, 9, 2, 3, 70], [Some("beer"), None, None]);
        // Most of what there is is about cats, so that to like it says little.
        check("theme", &[2, 3, 6, 7, 11], [None, None, None]);
        check("theme", &[0, 10, 20], [None, None, None]);
        check("tone", &[1, 5, 9], [None, None, None]);
        check("theme", &[], [None, None, None]);
    }
}
