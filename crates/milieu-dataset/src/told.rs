//! The same text twice, where of each label for itself it is told whether a text has it, or it is not.

use crate::dropped::{Dropped, Reason};
use crate::duplicates::{exact, key_of, sift};
use crate::examples::{Examples, Labelled, Part};
use rustc_hash::{FxHashMap, FxHashSet};

/// [`clean_texts`](crate::clean_texts) for texts with any number of labels, each of which is told or not. Of the same texts
/// those are left out that say of a label what another one denies, and those that tell nothing that one before does not;
/// what two tell of different labels stays.
pub fn clean_told_texts(examples: &mut Examples<String>) -> Vec<Dropped> {
    let (classes, all) = (examples.classes.len(), &examples.examples);
    let measures: Vec<bool> = all.iter().map(|example| example.part.is_some_and(Part::measures)).collect();
    let name = |number: usize| all[number].name.clone();
    let alike = |numbers: &[usize]| of_labels(numbers, all, classes);
    let reasons = exact(all.iter().map(|example| key_of(&example.value)), &measures, &name, &alike);
    let mut dropped = Vec::new();
    sift(&mut examples.examples, reasons, |example| example.name.clone(), &mut dropped);
    dropped
}

/// Each label that is told of an example, and whether it has it.
fn told(example: &Labelled<String>, classes: usize) -> impl Iterator<Item = (usize, bool)> {
    let known = (0..classes).filter(|class| !example.untold.contains(class));
    known.map(|class| (class, example.labels.contains(&class)))
}

fn of_labels(numbers: &[usize], all: &[Labelled<String>], classes: usize) -> Vec<Option<Reason>> {
    if numbers.len() < 2 {
        return vec![None; numbers.len()];
    }
    let mut first: FxHashMap<(usize, bool), usize> = FxHashMap::default();
    for &number in numbers {
        for said in told(&all[number], classes) {
            first.entry(said).or_insert(number);
        }
    }
    let mut kept: Option<usize> = None;
    let mut covered: FxHashSet<usize> = FxHashSet::default();
    let mut reason = |number: usize| {
        let denied = |(class, is): (usize, bool)| first.get(&(class, !is)).copied();
        if let Some(other) = told(&all[number], classes).find_map(denied) {
            return Some(Reason::Contradiction { with: all[other].name.clone() });
        }
        let mut new = false;
        told(&all[number], classes).for_each(|(class, _)| new |= covered.insert(class));
        match kept {
            Some(before) if !new => Some(Reason::Duplicate { of: all[before].name.clone() }),
            _ => {
                kept.get_or_insert(number);
                None
            }
        }
    };
    numbers.iter().map(|&number| reason(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text, what is said of two labels (yes, no, or nothing), and its part.
    type Text<'a> = (&'a str, [Option<bool>; 2], Option<Part>);

    fn check(texts: &[Text<'_>], expected: &[Option<&str>]) {
        let all = texts.iter().enumerate().map(|(number, (text, said, part))| Labelled {
            name: number.to_string(),
            labels: (0..2).filter(|&label| said[label] == Some(true)).collect(),
            untold: (0..2).filter(|&label| said[label].is_none()).collect(),
            part: *part,
            group: None,
            at: None,
            value: (*text).to_owned(),
        });
        let classes = vec!["a".to_owned(), "b".to_owned()];
        let mut examples = Examples { classes, examples: all.collect(), ..Examples::default() };
        let dropped: FxHashMap<String, String> = clean_told_texts(&mut examples)
            .into_iter()
            .map(|dropped| {
                let reason = match dropped.reason {
                    Reason::Duplicate { of } => format!("like {of}"),
                    Reason::Contradiction { with } => format!("against {with}"),
                    Reason::Leak { into } => format!("in {into}"),
                    other => format!("{other:?}"),
                };
                (dropped.name, reason)
            })
            .collect();
        let found: Vec<Option<&str>> =
            (0..texts.len()).map(|number| dropped.get(&number.to_string()).map(String::as_str)).collect();
        assert_eq!(found, expected, "{texts:?}");
    }

    #[test]
    fn the_same_twice() {
        let (yes, no) = (Some(true), Some(false));
        let train = |text, said| (text, said, None);
        // Two sources that know one label each agree, whatever they say.
        check(&[train("x", [yes, None]), train("X ", [None, no])], &[None, None]);
        check(&[train("x", [yes, None]), train("x", [yes, None])], &[None, Some("like 0")]);
        check(&[train("x", [yes, no]), train("x", [None, no])], &[None, Some("like 0")]);
        check(&[train("x", [None, no]), train("x", [yes, no])], &[None, None]);
        check(&[train("x", [yes, None]), train("x", [no, None])], &[Some("against 1"), Some("against 0")]);
        // What is in doubt is no ground to leave another one out.
        check(
            &[train("x", [yes, yes]), train("x", [no, None]), train("x", [None, yes])],
            &[Some("against 1"), Some("against 0"), None],
        );
        check(&[train("x", [yes, None]), ("x", [None, no], Some(Part::Test))], &[Some("in 1"), None]);
        check(&[train("x", [no, no]), train("y", [yes, no])], &[None, None]);
    }
}
