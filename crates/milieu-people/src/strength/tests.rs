use super::*;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

const DAY: i64 = 86_400;

/// Pairs that meet at rates of their own for so many days.
fn community(days: i64, seed: u64) -> Vec<Contact> {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let mut contacts = Vec::new();
    for pair in 0..300_u32 {
        let rate: f64 = 0.01 * 40_f64.powf(random.random());
        for at in (0..days * 4).map(|quarter| quarter * DAY / 4) {
            if random.random_bool(rate / 4.0) {
                let ends = (2 * pair, 2 * pair + 1);
                let (from, to) = if random.random() { ends } else { (ends.1, ends.0) };
                contacts.push(Contact { from, to, at: at + random.random_range(0..DAY / 4) });
            }
        }
    }
    contacts.sort_by_key(|contact| (contact.at, contact.from));
    contacts
}

#[test]
fn steady_pairs_are_expected_to_go_on() {
    let contacts = community(200, 3);
    let report = evaluate(&contacts, 0.8, &StrengthConfig::default()).unwrap();
    assert!((report.expected / report.observed - 1.0).abs() < 0.15, "{report:?}");
    assert!(report.deviance < 0.5 * report.deviance_of_mean, "{report:?}");
    for bin in &report.by_expected {
        assert!((bin.predicted / bin.observed - 1.0).abs() < 0.35, "{report:?}");
    }
}

#[test]
fn what_comes_after_the_moment_changes_nothing() {
    let contacts = community(120, 5);
    let moment = 80 * DAY;
    let cut = before(&contacts, moment);
    let config = StrengthConfig::default();
    let (all, past) = (
        StrengthModel::fit(&contacts, moment, &config).unwrap(),
        StrengthModel::fit(cut, moment, &config).unwrap(),
    );
    assert_eq!(all, past);
    assert_eq!(all.expected(&contacts, moment).unwrap(), past.expected(cut, moment).unwrap());
}

#[test]
fn refusals() {
    let check = |contacts: &[Contact], share: f64, config: StrengthConfig, expected: &str| {
        let error = evaluate(contacts, share, &config).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let at = |at: i64| Contact { from: 0, to: 1, at };
    let config = StrengthConfig::default();
    check(&[at(2), at(1)], 0.8, config, "contact 1 is earlier");
    check(&[at(1), at(2)], 0.8, config, "span 1 s");
    check(&[], 0.8, config, "span 0 s");
    check(&[at(1), at(2)], 1.0, config, "share is out of range");
    check(&[at(1)], 0.8, StrengthConfig { horizon: 0, ..config }, "horizon is out of range");
    check(&[at(1)], 0.8, StrengthConfig { moments: 0, ..config }, "moments is out of range");
}

proptest! {
    /// Features are finite, one row a pair, whatever the contacts.
    #[test]
    fn features_of_any_contacts(
        mut contacts in prop::collection::vec((0_u32..6, 0_u32..6, -1000_i64..1000), 0..40),
        horizon in 1_i64..3000,
    ) {
        contacts.sort_by_key(|contact| contact.2);
        let contacts: Vec<Contact> =
            contacts.into_iter().map(|(from, to, at)| Contact { from, to, at }).collect();
        let history = History::new(&contacts, 1000, horizon);
        let mut features = Vec::new();
        history.features(&mut features);
        prop_assert_eq!(features.len(), history.pairs().count() * FEATURES.len());
        prop_assert!(features.iter().all(|x| x.is_finite()));
    }
}
