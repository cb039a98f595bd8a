//! The same, or nearly the same, twice: within what is learnt from, or in what measures too.

use crate::dropped::{Dropped, Reason};
use crate::examples::{Examples, Facts, Part};
use crate::hamming::HammingIndex;
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_128;

/// What an example is recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    /// Equal for what is the same.
    pub exact: u128,
    /// Few bits apart for what is nearly the same; nothing where that cannot be said.
    pub near: Option<u64>,
}

/// Leaves out texts that came before (of the same class), that stand for another class too, or that are in a
/// part that measures; what measures is never touched. Case and white space make no difference. Gives what
/// was left out, in order.
pub fn clean_texts(examples: &mut Examples<String>) -> Vec<Dropped> {
    clean_by_text(examples, |text| text)
}

/// [`clean_texts`] for examples that have a text.
pub fn clean_by_text<T>(examples: &mut Examples<T>, text: impl Fn(&T) -> &str) -> Vec<Dropped> {
    let prints: Vec<Fingerprint> = examples
        .examples
        .iter()
        .map(|example| Fingerprint { exact: key_of(text(&example.value)), near: None })
        .collect();
    let reasons = judge(&prints, &examples.facts(), &|number| examples.examples[number].name.clone(), None);
    let mut dropped = Vec::new();
    sift(&mut examples.examples, reasons, |example| example.name.clone(), &mut dropped);
    dropped
}

/// What texts are recognised by between which case and white space alone make a difference.
pub(crate) fn key_of(text: &str) -> u128 {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    xxh3_128(words.join(" ").as_bytes())
}

/// Takes out what has a reason to go, and notes it.
pub(crate) fn sift<T>(
    examples: &mut Vec<T>,
    reasons: Vec<Option<Reason>>,
    name: impl Fn(&T) -> String,
    dropped: &mut Vec<Dropped>,
) {
    let mut reasons = reasons.into_iter();
    examples.retain(|example| match reasons.next().flatten() {
        Some(reason) => {
            dropped.push(Dropped { name: name(example), reason });
            false
        }
        None => true,
    });
}

/// Why each example should go, if it should. `near` is the distance within which examples are nearly the same;
/// nothing for only the very same. What is in a part that measures stays.
pub(crate) fn judge(
    prints: &[Fingerprint],
    facts: &[Facts<'_>],
    name: &dyn Fn(usize) -> String,
    near: Option<u32>,
) -> Vec<Option<Reason>> {
    let measures: Vec<bool> = facts.iter().map(|facts| facts.part.is_some_and(Part::measures)).collect();
    let of_class = |numbers: &[usize]| of_class(numbers, facts, name);
    let mut reasons = exact(prints.iter().map(|print| print.exact), &measures, name, &of_class);
    if let Some(distance) = near {
        judge_near(prints, facts, &measures, name, distance, &mut reasons);
    }
    reasons
}

/// Why each of what comes with these keys should go, if it should. `alike` says it of those of one key, none of which
/// measures or is in a part that does, in order.
pub(crate) fn exact(
    keys: impl Iterator<Item = u128>,
    measures: &[bool],
    name: &dyn Fn(usize) -> String,
    alike: &dyn Fn(&[usize]) -> Vec<Option<Reason>>,
) -> Vec<Option<Reason>> {
    let mut measured: FxHashMap<u128, usize> = FxHashMap::default();
    let mut groups: FxHashMap<u128, Vec<usize>> = FxHashMap::default();
    for (number, key) in keys.enumerate() {
        if measures[number] {
            measured.entry(key).or_insert(number);
        } else {
            groups.entry(key).or_default().push(number);
        }
    }
    let mut reasons = vec![None; measures.len()];
    for (key, numbers) in groups {
        let found = match measured.get(&key) {
            Some(&into) => vec![Some(Reason::Leak { into: name(into) }); numbers.len()],
            None => alike(&numbers),
        };
        for (&number, reason) in numbers.iter().zip(found) {
            reasons[number] = reason;
        }
    }
    reasons
}

/// Of the same, each of one class, the first stays where no other is of another class.
fn of_class(numbers: &[usize], facts: &[Facts<'_>], name: &dyn Fn(usize) -> String) -> Vec<Option<Reason>> {
    let Some(&first) = numbers.first() else { return Vec::new() };
    let class = |number: usize| facts[number].class;
    let other = numbers.iter().copied().find(|&number| class(number) != class(first));
    let reason = |&number: &usize| match other {
        Some(other) => Some(Reason::Contradiction {
            with: name(if class(number) == class(first) { other } else { first }),
        }),
        None if number != first => Some(Reason::Duplicate { of: name(first) }),
        None => None,
    };
    numbers.iter().map(reason).collect()
}

/// Compares with what stays, not with every other: a crowd of near duplicates costs no square.
fn judge_near(
    prints: &[Fingerprint],
    facts: &[Facts<'_>],
    measures: &[bool],
    name: &dyn Fn(usize) -> String,
    distance: u32,
    reasons: &mut [Option<Reason>],
) {
    let mut measured = HammingIndex::new(distance);
    let mut kept = HammingIndex::new(distance);
    for (number, print) in prints.iter().enumerate().filter(|&(number, _)| measures[number]) {
        print.near.into_iter().for_each(|code| measured.insert(code, number));
    }
    for (number, print) in prints.iter().enumerate().filter(|&(number, _)| !measures[number]) {
        let Some(code) = print.near.filter(|_| reasons[number].is_none()) else { continue };
        if let Some((into, distance)) = measured.nearest(code) {
            reasons[number] = Some(Reason::NearLeak { into: name(into), distance });
        } else if let Some((of, distance)) = kept.nearest(code) {
            reasons[number] = if facts[of].class == facts[number].class && reasons[of].is_none() {
                Some(Reason::NearDuplicate { of: name(of), distance })
            } else {
                // Whichever label is right, the first is in doubt as well.
                reasons[of].get_or_insert_with(|| Reason::NearContradiction { with: name(number), distance });
                Some(Reason::NearContradiction { with: name(of), distance })
            };
        } else {
            kept.insert(code, number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::examples::Labelled;

    #[test]
    fn near_ones() {
        let print = |exact: u128, near: u64| Fingerprint { exact, near: Some(near) };
        let fact = |class, part| Facts { class: Some(class), part, ..Facts::default() };
        let far = |bits: u32| (1u64 << bits) - 1;
        let prints = [
            print(0, 0),
            print(1, far(2)),
            print(2, far(40)),
            print(3, far(42)),
            print(4, far(43)),
            print(5, !0),
            print(6, !1),
            Fingerprint { exact: 7, near: None },
            Fingerprint { exact: 8, near: None },
            print(0, 0),
        ];
        let mut facts = [fact(0, None); 10];
        facts[3] = fact(1, None);
        facts[6] = fact(1, Some(Part::Test));
        let found = judge(&prints, &facts, &|number| number.to_string(), Some(3));
        let text = |number: u32| number.to_string();
        let expected = [
            None,
            Some(Reason::NearDuplicate { of: text(0), distance: 2 }),
            Some(Reason::NearContradiction { with: text(3), distance: 2 }),
            Some(Reason::NearContradiction { with: text(2), distance: 2 }),
            Some(Reason::NearContradiction { with: text(2), distance: 3 }),
            Some(Reason::NearLeak { into: text(6), distance: 1 }),
            None,
            None,
            None,
            Some(Reason::Duplicate { of: text(0) }),
        ];
        assert_eq!(found, expected);
        let exact = judge(&prints, &facts, &|number| number.to_string(), None);
        assert_eq!(exact.iter().flatten().count(), 1);
    }

    #[test]
    fn texts() {
        let of = |text: &str, class, part| Labelled {
            name: text.to_owned(),
            labels: vec![class],
            untold: Vec::new(),
            part,
            group: None,
            at: None,
            value: text.to_owned(),
        };
        let mut examples = Examples {
            classes: vec!["a".into(), "b".into()],
            examples: vec![
                of("good day", 0, None),
                of("Good  day ", 0, None),
                of("so so", 0, None),
                of("So so", 1, None),
                of("leaks", 1, Some(Part::Train)),
                of("LEAKS", 0, Some(Part::Test)),
            ],
            ..Examples::default()
        };
        let dropped = clean_texts(&mut examples);
        let left: Vec<&str> = examples.examples.iter().map(|example| example.name.as_str()).collect();
        assert_eq!(left, ["good day", "LEAKS"]);
        let names: Vec<&str> = dropped.iter().map(|dropped| dropped.name.as_str()).collect();
        assert_eq!(names, ["Good  day ", "so so", "So so", "leaks"]);
        assert_eq!(dropped[3].reason, Reason::Leak { into: "LEAKS".into() });
    }
}
