//! What is left out before anything is learnt, each with its reason.

use super::collect::Collection;
use super::hash::fingerprint;
use super::screen::{Classifier, Screen, Sensitive};
use crate::dropped::{Dropped, Reason};
use crate::duplicates::{Fingerprint, judge, sift};
use crate::examples::Facts;
use crate::hamming::MOST_DISTANCE;
use crate::settings::{RangeError, check};
use crate::suspects::Suspect;
use serde::{Deserialize, Serialize};

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CleaningConfig {
    /// Leave out training pictures that are pixel for pixel what came before, or what measures. On.
    pub duplicates: bool,
    /// Leave out training pictures that are nearly what came before, or what measures; needs `duplicates`.
    /// Off.
    pub near_duplicates: bool,
    /// Bits of the 64 of the perceptual hash in which near duplicates may differ, 0 to 10. 4: what scaling and
    /// compressing change.
    pub near_distance: u32,
    /// Who is asked whether pictures are sensitive; those go from every part. Only a classifier, where there
    /// is one.
    pub sensitive: Sensitive,
    /// The classifier's score from which a picture is sensitive, above 0 to 1. 0.8, as the authors of open-nsfw
    /// advise.
    pub sensitive_score: f32,
    /// The share of skin from which a picture is sensitive, above 0 to 1. 0.5.
    pub skin_share: f32,
    /// What happens to training pictures whose label is probably wrong. Nothing.
    pub wrong_labels: WrongLabels,
    /// Into how many parts the training pictures are cut to find them, each judged by a model that learnt from
    /// the others; 2 to 10. 4, as in section 5 of the paper on confident learning.
    pub folds: usize,
    /// How much more probable another label must be, 0 to below 1. 0.
    pub margin: f32,
}

/// What happens to examples whose label is probably wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongLabels {
    /// They are not looked for.
    #[default]
    Ignore,
    /// They are listed.
    Report,
    /// They are listed and left out.
    Drop,
}

impl Default for CleaningConfig {
    fn default() -> Self {
        Self {
            duplicates: true,
            near_duplicates: false,
            near_distance: 4,
            sensitive: Sensitive::Classifier,
            sensitive_score: 0.8,
            skin_share: 0.5,
            wrong_labels: WrongLabels::Ignore,
            folds: 4,
            margin: 0.0,
        }
    }
}

impl CleaningConfig {
    /// Whether every setting is in its range.
    ///
    /// # Errors
    /// [`RangeError`] for the first that is not.
    pub fn check(&self) -> Result<(), RangeError> {
        check(&[
            (
                self.duplicates || !self.near_duplicates,
                "clean.near_duplicates",
                "off where clean.duplicates is off",
            ),
            (self.near_distance <= MOST_DISTANCE, "clean.near_distance", "0 to 10"),
            (is_share(self.sensitive_score), "clean.sensitive_score", "above 0 to 1"),
            (is_share(self.skin_share), "clean.skin_share", "above 0 to 1"),
            ((2..=10).contains(&self.folds), "clean.folds", "2 to 10"),
            ((0.0..1.0).contains(&self.margin), "clean.margin", "0 to below 1"),
        ])
    }

    /// What decides which pictures are sensitive.
    #[must_use]
    pub fn screen<'a>(&self, classifier: Option<Classifier<'a>>) -> Screen<'a> {
        Screen {
            sensitive: self.sensitive,
            most_score: self.sensitive_score,
            most_skin: self.skin_share,
            classifier,
        }
    }

    /// Why each picture should go as a duplicate, if it should.
    pub(super) fn judge(
        &self,
        prints: &[Fingerprint],
        facts: &[Facts<'_>],
        name: &dyn Fn(usize) -> String,
    ) -> Vec<Option<Reason>> {
        if !self.duplicates {
            return vec![None; prints.len()];
        }
        judge(prints, facts, name, self.near_duplicates.then_some(self.near_distance))
    }
}

fn is_share(number: f32) -> bool {
    number > 0.0 && number <= 1.0
}

/// Leaves out duplicates as [`CleaningConfig`] says, and notes them. What is to measure is never touched: a
/// training picture that is in it too goes.
pub fn clean(collection: &mut Collection, config: CleaningConfig) {
    use rayon::prelude::*;
    let side = |pixels: usize| ((pixels / 3) as f64).sqrt().round() as u32;
    let prints: Vec<Fingerprint> = collection
        .pictures
        .par_iter()
        .map(|picture| fingerprint(&picture.pixels, side(picture.pixels.len())))
        .collect();
    let reasons =
        config.judge(&prints, &collection.facts(), &|number| collection.pictures[number].name.clone());
    let Collection { pictures, dropped, .. } = collection;
    sift(pictures, reasons, |picture| picture.name.clone(), dropped);
}

/// Leaves out the pictures whose labels are suspect, and notes them. Suspects that are in a part that measures
/// stay.
pub fn drop_suspects(collection: &mut Collection, suspects: &[Suspect]) {
    let listed = list_suspects(collection, suspects);
    let mut reasons: Vec<Option<Reason>> = vec![None; collection.pictures.len()];
    for (suspect, listed) in suspects.iter().zip(listed) {
        let stays = |number: usize| collection.pictures[number].part.is_some_and(|part| part.measures());
        if suspect.number < reasons.len() && !stays(suspect.number) {
            reasons[suspect.number] = Some(listed.reason);
        }
    }
    let Collection { pictures, dropped, .. } = collection;
    sift(pictures, reasons, |picture| picture.name.clone(), dropped);
}

/// The suspects by name, for a report.
#[must_use]
pub fn list_suspects(collection: &Collection, suspects: &[Suspect]) -> Vec<Dropped> {
    let class = |number: usize| collection.classes.get(number).cloned().unwrap_or_default();
    let listed = |suspect: &Suspect| Dropped {
        name: collection.pictures.get(suspect.number).map(|picture| picture.name.clone()).unwrap_or_default(),
        reason: Reason::WrongLabel {
            given: class(suspect.given),
            likely: class(suspect.likely),
            margin: suspect.margin(),
        },
    };
    suspects.iter().map(listed).collect()
}
