//! Training pictures whose labels are probably wrong, judged by models that did not learn from them.

use super::data::Data;
use super::fit::{Fit, Guide};
use super::learn::{Learnt, learn};
use super::recipe::Recipe;
use super::run::{TrainError, TrainEvent};
use crate::checkpoint::CheckpointError;
use crate::classification::softmax;
use milieu_dataset::pictures::{Dropped, Parts, WrongLabels, list_suspects};
use milieu_dataset::{Suspect, suspects};
use std::fs;
use std::path::Path;

/// Finds them as the recipe says, and takes those that go out of the training part. Gives what a report says
/// of them: what was left out, and what was only noticed.
pub(super) fn find(
    recipe: &Recipe,
    data: &mut Data,
    folder: &Path,
    tell: &mut dyn FnMut(TrainEvent),
) -> Result<Vec<Dropped>, TrainError> {
    if recipe.clean.wrong_labels == WrongLabels::Ignore {
        return Ok(Vec::new());
    }
    let (train, folds) = (data.parts.train.clone(), recipe.clean.folds);
    let classes = data.collection.classes.len();
    let mut numbers = Vec::with_capacity(train.len());
    let mut probabilities = Vec::with_capacity(train.len() * classes);
    for fold in 0..folds {
        // Pictures come class by class, so that every so manieth takes from each.
        let is_judged = |place: usize| place % folds == fold;
        let part = |judged: bool| {
            let places = train.iter().enumerate().filter(|(place, _)| is_judged(*place) == judged);
            places.map(|(_, &number)| number).collect::<Vec<usize>>()
        };
        let (judged, others) = (part(true), part(false));
        tell(TrainEvent::Judging { fold: fold + 1, folds });
        let folder = folder.join(format!("fold-{}", fold + 1));
        fs::create_dir_all(&folder).map_err(|source| CheckpointError::Io { path: folder.clone(), source })?;
        data.parts = Parts { train: others, ..data.parts.clone() };
        let Learnt { network, parameters, .. } = learn(recipe, data, &folder, tell)?;
        let fit = Fit { recipe, network: &network, data, guide: Guide::default() };
        let logits = fit.answer(&parameters, &judged);
        for row in logits.chunks_exact(classes) {
            probabilities.extend(softmax(row, 1.0).into_iter().map(|share| share as f32));
        }
        numbers.extend(judged);
    }
    data.parts = Parts { train, ..data.parts.clone() };
    let labels: Vec<usize> = numbers.iter().map(|&at| data.collection.pictures[at].class).collect();
    let found = suspects(&probabilities, &labels, classes, recipe.clean.margin)?;
    let found: Vec<Suspect> = found
        .suspects
        .into_iter()
        .map(|suspect| Suspect { number: numbers[suspect.number], ..suspect })
        .collect();
    if recipe.clean.wrong_labels == WrongLabels::Drop {
        let mut goes = vec![false; data.collection.pictures.len()];
        found.iter().for_each(|suspect| goes[suspect.number] = true);
        data.parts.train.retain(|&number| !goes[number]);
    }
    Ok(list_suspects(&data.collection, &found))
}
