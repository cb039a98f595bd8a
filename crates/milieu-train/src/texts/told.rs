//! Texts with labels of which some are not told: what several sources know together.

use super::recipe::DataConfig;
use super::run::TrainError;
use super::sources::{SourceConfig, joined};
use crate::parts::PartsError;
use crate::settings::name_only;
use milieu_dataset::split::{Parts, SplitRule, split};
use milieu_dataset::{Dropped, Examples, Labelled, Part, clean_told_texts};
use std::collections::BTreeMap;
use std::path::Path;

/// What sources say together, each cleaned and parted for itself: a label that a source does not know is untold of all of
/// its texts. Beside it, what was left out.
pub(super) fn read(config: &DataConfig, seed: u64) -> Result<(Examples<String>, Vec<Dropped>), TrainError> {
    let folder = config.path.as_deref().unwrap_or(Path::new(""));
    let sources: Vec<SourceConfig> = match config.sources.as_slice() {
        [] => vec![SourceConfig::from(config)],
        sources => sources.iter().map(|source| source.clone().within(folder)).collect(),
    };
    let mut dropped = Vec::new();
    let mut all = Vec::new();
    for source in &sources {
        let mut examples = known(source.examples()?, source)?;
        if examples.examples.is_empty() {
            let path = source.place();
            let reason = examples.bad.first.first().map(|bad| format!(": {}", bad.reason));
            return Err(PartsError::Nothing { path, reason: reason.unwrap_or_default() }.into());
        }
        if let Some(path) = source.path.as_deref().filter(|_| sources.len() > 1) {
            // Files of several sources may be called the same.
            let place = name_only(path);
            let named = |name: &str| format!("{}/{name}", place.display());
            examples.examples.iter_mut().for_each(|example| example.name = named(&example.name));
        }
        if config.clean {
            dropped.extend(clean_told_texts(&mut examples));
        }
        let parts = split(&examples.facts(), config.shares(), SplitRule::Stratified { seed });
        keep(&mut examples, &parts.map_err(PartsError::from)?);
        all.push(examples);
    }
    let counts: Vec<usize> = all.iter().map(|examples| examples.examples.len()).collect();
    let known: Vec<Vec<String>> = all.iter().map(|examples| examples.classes.clone()).collect();
    let mut together = joined(all);
    let mut rest = together.examples.iter_mut();
    for (count, known) in counts.into_iter().zip(&known) {
        let others = (0..together.classes.len()).filter(|&class| !known.contains(&together.classes[class]));
        let others: Vec<usize> = others.collect();
        rest.by_ref().take(count).for_each(|example| example.untold.extend(&others));
    }
    if config.clean && sources.len() > 1 {
        dropped.extend(clean_told_texts(&mut together));
    }
    Ok((together, dropped))
}

/// A source's examples with the labels that it knows in the place of its classes.
fn known(examples: Examples<String>, source: &SourceConfig) -> Result<Examples<String>, TrainError> {
    if source.knows.is_empty() {
        return Ok(examples);
    }
    let Examples { classes, examples, bad } = examples;
    let mut meanings = Vec::new();
    for (label, means) in &source.knows {
        let place = |class: &String| {
            let place = classes.iter().position(|other| other == class);
            place.ok_or_else(|| TrainError::Means {
                label: label.clone(),
                class: class.clone(),
                there: classes.join(", "),
            })
        };
        meanings.push(means.iter().map(place).collect::<Result<Vec<usize>, _>>()?);
    }
    let of = |example: Labelled<String>| {
        let any = |means: &[usize], of: &[usize]| means.iter().any(|class| of.contains(class));
        let (mut labels, mut untold) = (Vec::new(), Vec::new());
        for (label, means) in meanings.iter().enumerate() {
            if any(means, &example.labels) {
                labels.push(label);
            } else if any(means, &example.untold) {
                untold.push(label);
            }
        }
        Labelled { labels, untold, ..example }
    };
    let examples = examples.into_iter().map(of).collect();
    Ok(Examples { classes: source.knows.keys().cloned().collect(), examples, bad })
}

/// Says of each example which part it is in.
fn keep(examples: &mut Examples<String>, parts: &Parts) {
    let all = [(&parts.train, Part::Train), (&parts.validation, Part::Validation), (&parts.test, Part::Test)];
    for (numbers, part) in all {
        numbers.iter().for_each(|&at| examples.examples[at].part = Some(part));
    }
}

/// Fails where of a label it is never known that a text has it, or never that it has it not.
pub(super) fn learnable(
    classes: &[String],
    told: impl Iterator<Item = Vec<Option<bool>>>,
) -> Result<(), TrainError> {
    let mut seen: BTreeMap<(usize, bool), usize> = BTreeMap::new();
    for row in told {
        for (class, is) in row.into_iter().enumerate() {
            is.into_iter().for_each(|is| *seen.entry((class, is)).or_default() += 1);
        }
    }
    for (class, label) in classes.iter().enumerate() {
        let not = [(true, ""), (false, " not")].into_iter().find(|(is, _)| !seen.contains_key(&(class, *is)));
        if let Some((_, not)) = not {
            return Err(TrainError::OneSided { label: label.clone(), not });
        }
    }
    Ok(())
}
