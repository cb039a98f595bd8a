use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn terms_of_texts() {
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(terms(text), expected, "{text:?}");
    }
    check("", &[]);
    check("... !?", &[]);
    check("The Cats don't see Ann's puppies", &["the", "cat", "don't", "see", "ann", "puppy"]);
    check("glass bus does is toes gas", &["glass", "bus", "does", "is", "toes", "gas"]);
    check("ＦＵＬＬ width ８ 👍🏽", &["full", "width", "8", "👍", "🏽"]);
    check("see https://x.y/z #Topics @ann", &["see", "topic", "ann"]);
    check("火鍋店", &["火锅", "锅店"]);
    check("我,爱吃火锅", &["我", "爱吃", "吃火", "火锅"]);
    check("用Rust写的", &["用", "rust", "写的"]);
    check("東京でコーヒー", &["东京", "京で", "でコ", "コー", "ーヒ", "ヒー"]);
    check("Größe façade", &["größe", "façade"]);
    check(&"x".repeat(100), &["xxx"]);
    check(&"xy".repeat(100), &["xy".repeat(20).as_str()]);
    assert_eq!(terms(&"火锅 ".repeat(1 << 20)).len(), 1000);
}

#[test]
fn groups_have_names() {
    fn check(groups: &[&[&str]], expected: &[&[&str]]) {
        let groups: Vec<Vec<&str>> = groups.iter().map(|texts| texts.to_vec()).collect();
        assert_eq!(names(&groups, 2), expected, "{groups:?}");
    }
    check(&[], &[]);
    check(&[&[], &["the of and", "is it"]], &[&[], &[]]);
    check(
        &[
            &["My dog barks", "Dogs bark at dogs", "a dog and https://dog.org", "the garden"],
            &["Roses in the garden", "a rose for @dog", "the garden grows roses", "roses!"],
        ],
        &[&["dog", "bark"], &["roses", "garden"]],
    );
    check(
        &[
            &["這家火鍋店很好吃", "我们去吃火锅吧", "火锅的味道", "味道不错"],
            &["酒店的房间很干净", "酒店房间太小", "酒店的早餐"],
        ],
        &[&["火锅", "味道"], &["酒店", "房间"]],
    );
}

#[test]
fn rankings_are_joined() {
    fn check(rankings: &[&[u32]], expected: &[u32]) {
        let found: Vec<u32> = fused(rankings).into_iter().map(|(number, _)| number).collect();
        assert_eq!(found, expected, "{rankings:?}");
    }
    check(&[], &[]);
    check(&[&[], &[7]], &[7]);
    check(&[&[1, 2, 3], &[3, 4]], &[3, 1, 2, 4]);
    check(&[&[1, 2], &[2, 1]], &[1, 2]);
    check(&[&[5], &[4]], &[5, 4]);
    assert_eq!(fused(&[&[5, 4], &[4]]), [(4, 1.0 / 62.0 + 1.0 / 61.0), (5, 1.0 / 61.0)]);
}

/// The same by going through all texts.
fn scanned(
    texts: &BTreeMap<u32, String>,
    query: &str,
    k: usize,
    keep: impl Fn(u32) -> bool,
) -> Vec<(u32, f32)> {
    let texts: BTreeMap<u32, Vec<String>> =
        texts.iter().map(|(row, text)| (*row, terms(text))).filter(|(_, terms)| !terms.is_empty()).collect();
    let rows = texts.len() as f64;
    let mean = texts.values().map(|terms| terms.len() as f64).sum::<f64>() / rows;
    let mut asked: BTreeMap<String, f64> = BTreeMap::new();
    terms(query).into_iter().for_each(|term| *asked.entry(term).or_default() += 1.0);
    let with = |term: &String| texts.values().filter(|other| other.contains(term)).count() as f64;
    let asked: Vec<(String, f64, f64)> =
        asked.into_iter().map(|(term, times)| (term.clone(), times, with(&term))).collect();
    let mut found = Vec::new();
    for (&row, terms) in texts.iter().filter(|(row, _)| keep(**row)) {
        let mut score = 0.0;
        for (term, times, with) in &asked {
            let count = terms.iter().filter(|other| *other == term).count() as f64;
            let norm = 1.2 * (1.0 - 0.75 + 0.75 * terms.len() as f64 / mean);
            let rarity = (1.0 + (rows - with + 0.5) / (with + 0.5)).ln();
            let part = times * rarity * count * 2.2 / (count + norm);
            score += (part * (1 << 20) as f64).round();
        }
        if score > 0.0 {
            found.push((row, score));
        }
    }
    found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    found.truncate(k);
    found.into_iter().map(|(row, score)| (row, (score / (1 << 20) as f64) as f32)).collect()
}

fn same(found: &[(u32, f32)], truth: &[(u32, f32)]) -> bool {
    let near = |(a, b): (&(u32, f32), &(u32, f32))| a.0 == b.0 && (a.1 - b.1).abs() <= 1e-5 * (1.0 + b.1);
    found.len() == truth.len() && found.iter().zip(truth).all(near)
}

proptest! {
    #[test]
    fn the_best_rows_are_those_of_a_scan(
        changes in prop::collection::vec((0_u32..12, "([abc]|火锅|火|店| |a b){0,8}"), 0..60),
        query in "([abcd]|火锅|店| ){0,6}",
        k in 0_usize..8,
        every in 1_u32..4,
    ) {
        let mut index = TermIndex::default();
        let mut texts = BTreeMap::new();
        for (row, text) in changes {
            if text.len() % 5 == 4 {
                prop_assert_eq!(index.remove(row), texts.remove(&row).is_some_and(|text: String| !terms(&text).is_empty()));
            } else {
                index.put(row, &TermCounts::of(&text));
                texts.insert(row, text);
            }
        }
        let keep = |row: u32| row.is_multiple_of(every);
        let found = index.search(&TermCounts::of(&query), k, keep);
        let truth = scanned(&texts, &query, k, keep);
        prop_assert!(same(&found, &truth), "{found:?} {truth:?}");
        prop_assert_eq!(index.len(), texts.values().filter(|text| !terms(text).is_empty()).count());
    }
}

/// Texts of words of which some are written far more often than others.
fn texts(count: u32) -> BTreeMap<u32, String> {
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1 << 24) as f64
    };
    let mut text = || {
        let length = 3 + (20.0 * next()) as usize;
        let word = |_| format!("w{}q", (3.0_f64.powf(8.0 * next()) - 1.0) as u32);
        (0..length).map(word).collect::<Vec<_>>().join(" ")
    };
    (0..count).map(|row| (row, text())).collect()
}

#[test]
fn many_windows_give_what_a_scan_gives() {
    let mut texts = texts(10_000);
    let mut index = TermIndex::default();
    for (row, text) in &texts {
        index.put(*row, &TermCounts::of(text));
    }
    let queries = ["w0q w1q w2q w700q", "w5q w5q w90q", "w0q", "w3000q w1q w20q w21q w22q w0q", "nothing"];
    let check = |index: &TermIndex, texts: &BTreeMap<u32, String>| {
        for query in queries {
            for every in [1, 7] {
                let keep = |row: u32| row.is_multiple_of(every);
                let found = index.search(&TermCounts::of(query), 20, keep);
                let truth = scanned(texts, query, 20, keep);
                assert!(same(&found, &truth), "{query}: {found:?} {truth:?}");
            }
        }
    };
    check(&index, &texts);
    // Rows that are gone leave nothing behind after a while, and new ones come in.
    let before = index.postings();
    for row in 0..9000 {
        assert!(index.remove(row));
        texts.remove(&row);
    }
    assert!(!index.remove(0));
    check(&index, &texts);
    assert!(index.postings() < before / 4, "{} of {before}", index.postings());
    index.put(3, &TermCounts::of("w0q w3000q"));
    texts.insert(3, "w0q w3000q".into());
    check(&index, &texts);
}

#[test]
fn the_filter_is_asked_of_few() {
    let texts = texts(5000);
    let mut index = TermIndex::default();
    for (row, text) in &texts {
        index.put(*row, &TermCounts::of(text));
    }
    let asked = std::cell::RefCell::new(BTreeSet::new());
    let keep = |row: u32| asked.borrow_mut().insert(row);
    let found = index.search(&TermCounts::of("w0q w1q"), 10, keep);
    assert_eq!(found.len(), 10);
    assert!(asked.borrow().len() < 500, "{}", asked.borrow().len());
}
