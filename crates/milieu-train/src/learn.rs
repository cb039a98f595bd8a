//! One pass over a log: everything that is learnt from it.

use crate::actions::{TrainedActions, train_actions};
use crate::collaborative::{Choice, Gathered, TrainedCollaborative};
use crate::eval::Candidate;
use crate::exposures::Exposures;
use crate::next::{NextError, TrainedNext};
use crate::{Progress, TrainConfig};
use milieu_factors::FactorsError;
use milieu_feed::{ActionScorer, Collaborative, Engine, Models};
use milieu_ranker::RankerError;
use milieu_types::{Record, Seq};

/// How many records between two lines of progress.
const REPORT_EVERY: u64 = 100_000;

/// Why nothing could be learnt.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// A collaborative model cannot be trained.
    #[error(transparent)]
    Factors(#[from] FactorsError),
    /// A next-item model cannot be trained.
    #[error(transparent)]
    Next(#[from] NextError),
    /// An action model cannot be trained.
    #[error(transparent)]
    Ranker(#[from] RankerError),
}

/// What serves now, to be beaten.
#[derive(Debug, Clone, Default)]
pub struct Incumbent {
    /// The recipe of the collaborative model.
    pub recipe: Option<Candidate>,
    /// The action model.
    pub actions: Option<ActionScorer>,
}

/// What a log taught. Where it taught nothing, why not: too little data is no failure.
#[derive(Debug)]
pub struct Learnt {
    /// The log folded.
    pub gathered: Gathered,
    /// How the collaborative model was chosen, and the model trained on everything.
    pub collaborative: Result<(Choice, TrainedCollaborative), String>,
    /// The next-item model, trained on everything but what measures it.
    pub next: Result<TrainedNext, String>,
    /// The action model.
    pub actions: Result<TrainedActions, String>,
}

/// Learns from records in the order of the log; about `count` of them will come.
///
/// The collaborative model is chosen on the older part of the log. Trained on that part alone, it and the next-item
/// model give the action model their inputs over the recent part, so that these are as good as they will be in
/// serving, and no better; trained on everything they are handed out.
///
/// # Errors
/// What `records` says, and [`LearnError`].
pub fn learn<E: From<LearnError>>(
    records: impl Iterator<Item = Result<(Seq, Record), E>>,
    count: u64,
    incumbent: &Incumbent,
    config: &TrainConfig,
    mut progress: impl FnMut(Progress),
) -> Result<Learnt, E> {
    let older = (count as f64 * (1.0 - config.recent_share.clamp(0.0, 0.5))) as u64;
    let mut gathered = Gathered::default();
    let mut choice = None;
    let mut exposures: Option<Exposures> = None;
    for entry in records {
        let (seq, record) = entry?;
        if gathered.records() == older {
            let (chosen, began) = begin(&gathered, config, older, incumbent, &mut progress)?;
            choice = chosen;
            exposures = Some(began);
        }
        if let (Some(exposures), Record::Event(event)) = (&mut exposures, &record) {
            exposures.observe(gathered.world(), event);
        }
        gathered.apply(seq, &record);
        if gathered.records().is_multiple_of(REPORT_EVERY) {
            progress(Progress::Reading { records: gathered.records() });
        }
    }
    let choice = match choice {
        Some(choice) => Ok(choice),
        // The older part was too small; the whole may do.
        None => {
            gathered.choose(config, incumbent.recipe.as_ref(), &mut progress).map_err(LearnError::from)?
        }
    };
    let collaborative = match choice {
        Ok(choice) => {
            progress(Progress::Stage { name: "training the collaborative model on everything".into() });
            let trained = gathered.train(&choice.candidate, config).map_err(LearnError::from)?;
            Ok((choice, trained))
        }
        Err(reason) => Err(reason),
    };
    let next = gathered.train_next(config, &mut progress).map_err(LearnError::from)?;
    let (inputs, labels) = exposures.map(Exposures::finish).unwrap_or_default();
    progress(Progress::Stage { name: "training the action model".into() });
    let actions =
        train_actions(&inputs, &labels, incumbent.actions.as_ref(), config).map_err(LearnError::from)?;
    Ok(Learnt { gathered, collaborative, next, actions })
}

/// Chooses on the older part, and begins to collect examples with a model of that part.
fn begin(
    gathered: &Gathered,
    config: &TrainConfig,
    older: u64,
    incumbent: &Incumbent,
    progress: &mut impl FnMut(Progress),
) -> Result<(Option<Choice>, Exposures), LearnError> {
    let choice = gathered.choose(config, incumbent.recipe.as_ref(), &mut *progress)?.ok();
    let next = match gathered.train_next(config, &mut *progress)? {
        Ok(trained) if trained.beats_popularity => Some(trained.bind("past", gathered.world())?),
        _ => None,
    };
    let collaborative = match &choice {
        Some(choice) => {
            let trained = gathered.train(&choice.candidate, config)?;
            Some(Collaborative::bind("past".into(), trained.served, &trained.items, gathered.world()))
        }
        None => None,
    };
    let share = config.recent_share.clamp(0.01, 0.5);
    let recent = (older as f64 * share / (1.0 - share)) as u64;
    let engine = Engine::default();
    engine.set_models(Models { collaborative, next, ..Models::default() });
    let exposures = Exposures::new(&config.actions, engine, recent, gathered.has_views(), config.seed);
    Ok((choice, exposures))
}
