//! A network that says of a text what it is about, and of each of its units which tag it has.

use super::head::Head;
use super::{HEAD, TextBody};
use milieu_nn::kernels::{Crf, Spans, Succession};
use milieu_nn::ops::packed::{crf, mean, pick};
use milieu_nn::{Parameter, ParameterId, ParameterKind, Parameters, Tape, Tensor};

/// The names of the head over each unit, and of the scores of its chain.
pub(crate) const TAGS: &str = "tags";
const TRANSITIONS: &str = "chain.transitions";
const ENDS: &str = "chain.ends";

/// A body with a matrix over the mean of a text's tokens that gives logits, where there are classes, a matrix over the
/// first token of each unit that scores tags, and a chain of these tags (Lafferty et al. 2001; Chen et al. 2019, "BERT for
/// joint intent classification and slot filling").
#[derive(Debug, Clone, PartialEq)]
pub struct TextTagger {
    body: TextBody,
    intent: Option<Head>,
    tags: Head,
    transitions: ParameterId,
    ends: ParameterId,
    succession: Succession,
}

/// What a tagger gives for a batch.
#[derive(Debug, Clone)]
pub struct Tagged {
    /// Of each text, `N x C`; none where there are no classes.
    pub logits: Option<Tensor<2>>,
    /// The scores of each unit's tags, `U x K`.
    pub emissions: Tensor<2>,
}

/// What a tagger reads: texts that stand one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct TaggerBatch {
    /// The tokens of all texts.
    pub tokens: Vec<u32>,
    /// Which tokens are a text.
    pub spans: Spans,
    /// The place of the first token of each unit among all tokens.
    pub units: Vec<usize>,
    /// Which units are a text.
    pub unit_spans: Spans,
}

/// What a tagger has learnt of its chain, as plain values.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainScores {
    /// Of a tag before another, `K x K`.
    pub transitions: Vec<f32>,
    /// Of tags at the beginning and at the end, `2 x K`.
    pub ends: Vec<f32>,
}

impl TextTagger {
    /// Heads for so many classes, which may be none, and for tags, whose weights a seed decides, on a body. Gives the
    /// parameters of all: those of the body as they are, `head.{weight,bias}` (`classes x width`), `tags.{weight,bias}`
    /// (`K x width`), `chain.transitions` (`K x K`) and `chain.ends` (`2 x K`).
    #[must_use]
    pub fn new(
        body: TextBody,
        mut parameters: Parameters,
        classes: usize,
        succession: Succession,
        seed: u64,
    ) -> (Self, Parameters) {
        let (width, count) = (body.width(), succession.tags());
        let intent = (classes > 0).then(|| Head::new(&mut parameters, HEAD, [classes, width], seed));
        let tags = Head::new(&mut parameters, TAGS, [count, width], seed.wrapping_add(1));
        let mut add = |name: &str, shape: [usize; 2]| {
            let values = vec![0.0; shape[0] * shape[1]];
            let (name, shape) = (name.to_owned(), shape.to_vec());
            parameters.add(Parameter { name, shape, kind: ParameterKind::Offset, values })
        };
        let transitions = add(TRANSITIONS, [count, count]);
        let ends = add(ENDS, [2, count]);
        (Self { body, intent, tags, transitions, ends, succession }, parameters)
    }

    /// What it is built on.
    #[must_use]
    pub fn body(&self) -> &TextBody {
        &self.body
    }

    /// Whether a parameter is of the heads and not of the body.
    #[must_use]
    pub fn is_of_heads(name: &str) -> bool {
        [HEAD, TAGS, "chain"]
            .iter()
            .any(|head| name.strip_prefix(head).is_some_and(|rest| rest.starts_with('.')))
    }

    /// Texts to logits and scores of tags. While learning, `dropout` is the share of values that is left out.
    #[must_use]
    pub fn forward(&self, tape: &Tape<'_>, batch: &TaggerBatch, dropout: f32) -> Tagged {
        let rows = self.body.rows(tape, &batch.tokens, &batch.spans, dropout);
        let pooled = |rows: Tensor<2>| mean(rows, &batch.spans);
        let logits = self.intent.as_ref().map(|head| head.run(tape, pooled(rows.clone())));
        let emissions = self.tags.run(tape, pick(tape, rows, &batch.units));
        Tagged { logits, emissions }
    }

    /// The mean over texts of the negative logarithm of the probability of the right tags, one for each unit.
    #[must_use]
    pub fn chain_loss(
        &self,
        tape: &Tape<'_>,
        emissions: Tensor<2>,
        spans: &Spans,
        right: Vec<u32>,
    ) -> Tensor<1> {
        let count = self.succession.tags();
        let transitions = tape.parameter(self.transitions, [count, count]);
        let ends = tape.parameter(self.ends, [2, count]);
        let like = Crf { succession: self.succession.clone(), spans: spans.clone(), right };
        crf(emissions, transitions, ends, like)
    }

    /// The scores of the chain.
    #[must_use]
    pub fn chain(&self, parameters: &Parameters) -> ChainScores {
        let values = |id| parameters.get(id).values.clone();
        ChainScores { transitions: values(self.transitions), ends: values(self.ends) }
    }
}
