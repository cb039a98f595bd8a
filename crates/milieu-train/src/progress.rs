//! What a training run says while it goes.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of progress. The worker writes each as one line of JSON to its standard output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Progress {
    /// Records are being read.
    Reading {
        /// How many so far.
        records: u64,
    },
    /// A stage begins.
    Stage {
        /// Its name, for people.
        name: String,
    },
    /// A model was compared on the validation part.
    Validated {
        /// The model.
        model: String,
        /// Its figures.
        metrics: BTreeMap<String, f64>,
    },
    /// A version is in the registry.
    Published {
        /// Its kind.
        kind: String,
        /// Its number.
        version: u32,
        /// Its figures.
        metrics: BTreeMap<String, f64>,
        /// Whether it is good enough to serve: it beats the incumbent on the same validation data.
        promote: bool,
    },
    /// A model was not trained, and why: too little data is no failure.
    Skipped {
        /// The kind of the model.
        kind: String,
        /// Why.
        reason: String,
    },
    /// The run is over and gave what it could.
    Done {
        /// How many records were read.
        records: u64,
    },
    /// The run is over and gave nothing more.
    Failed {
        /// Why.
        message: String,
    },
}
