//! The tone in which two write to each other, by what models of texts say of their answers.

use super::Dealings;
use milieu_world::ItemIx;

/// Answers that the mean is drawn towards neutral by, when it is judged.
const SHRINKAGE: f32 = 2.0;
/// From which drawn mean on a tone is warm or, below its negative, cold.
pub const CLEAR: f32 = 0.3;

/// How what is written sounds, on average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// From -1, all negative, to 1, all positive.
    pub mean: f32,
    /// Of how many answers.
    pub answers: u32,
}

impl Tone {
    /// The tone of these answers; `None` where models say nothing of any. `valence` says how an item sounds, -1 to 1.
    #[must_use]
    pub fn of(dealings: &Dealings, valence: impl Fn(ItemIx) -> Option<f32>) -> Option<Self> {
        let values: Vec<f32> = dealings.answers.iter().filter_map(|&item| valence(item)).collect();
        (!values.is_empty()).then(|| Self {
            mean: values.iter().sum::<f32>() / values.len() as f32,
            answers: values.len() as u32,
        })
    }

    /// Both together, each answer counting once.
    #[must_use]
    pub fn both(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        let (Some(a), Some(b)) = (a, b) else { return a.or(b) };
        let (of_a, of_b) = (a.answers as f32, b.answers as f32);
        Some(Self { mean: (a.mean * of_a + b.mean * of_b) / (of_a + of_b), answers: a.answers + b.answers })
    }

    /// The mean drawn towards neutral by two further answers, so that one loud one decides nothing.
    #[must_use]
    pub fn drawn(self) -> f32 {
        self.mean * self.answers as f32 / (self.answers as f32 + SHRINKAGE)
    }
}

/// How a label of a model of texts sounds: 1, 0 or -1 by its name, `None` for one that tells nothing of it. Known are the
/// names of sentiments and of emotions (those of GoEmotions, Demszky et al. 2020) that are towards somebody; sadness or fear is
/// not against whom it is told to, and counts as neutral.
#[must_use]
pub fn valence(label: &str) -> Option<f32> {
    match label.to_lowercase().replace([' ', '-'], "_").as_str() {
        "positive" | "very_positive" | "pos" | "admiration" | "amusement" | "approval" | "caring"
        | "gratitude" | "joy" | "love" | "optimism" | "excitement" | "积极" | "正面" => Some(1.0),
        "neutral" | "sadness" | "fear" | "grief" | "surprise" | "curiosity" | "confusion" | "realization"
        | "nervousness" | "中性" => Some(0.0),
        "negative" | "very_negative" | "neg" | "anger" | "annoyance" | "disapproval" | "disgust" | "消极"
        | "负面" => Some(-1.0),
        _ => None,
    }
}

/// How an item sounds by the labels of one model with their probabilities: their mean, of those that tell anything of it.
#[must_use]
pub fn of_labels<'l>(labels: impl IntoIterator<Item = (&'l str, f32)>) -> Option<f32> {
    let (mut sum, mut all) = (0.0, 0.0);
    for (label, probability) in labels {
        if let Some(valence) = valence(label) {
            sum += valence * probability;
            all += probability;
        }
    }
    (all > 0.0).then(|| sum / all)
}

/// What a model says of an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard<'l> {
    /// The name of the model.
    pub model: &'l str,
    /// The label, as the model calls it.
    pub label: &'l str,
    /// 0 to 1.
    pub probability: f32,
    /// Whether it stands for something that harms and applies.
    pub harms: bool,
}

/// How an item sounds, -1 to 1: the mean over the models whose labels tell anything of it. What harms is as negative as it is
/// probable, whatever else is said. The labels of one model come together.
#[must_use]
pub fn of_item<'l>(heard: &[Heard<'l>]) -> Option<f32> {
    let by_model = heard.chunk_by(|a, b| a.model == b.model);
    let values: Vec<f32> =
        by_model.filter_map(|labels| of_labels(labels.iter().map(|l| (l.label, l.probability)))).collect();
    let mean = (!values.is_empty()).then(|| values.iter().sum::<f32>() / values.len() as f32);
    let harm =
        heard.iter().filter(|label| label.harms).map(|label| -label.probability).min_by(f32::total_cmp);
    match (mean, harm) {
        (Some(mean), Some(harm)) => Some(mean.min(harm)),
        (mean, harm) => mean.or(harm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_sound() {
        let check = |labels: &[(&str, f32)], expected: Option<f32>| {
            let found = of_labels(labels.iter().copied());
            assert!(
                found.zip(expected).map_or(found == expected, |(f, e)| (f - e).abs() < 1e-6),
                "{found:?}"
            );
        };
        check(&[("Positive", 0.75), ("negative", 0.25)], Some(0.5));
        check(&[("anger", 0.2), ("sport", 0.8)], Some(-1.0));
        check(&[("sport", 0.8)], None);
        check(&[("very negative", 0.0)], None);
    }

    #[test]
    fn items_sound_by_all_models() {
        let heard = |model, label, probability, harms| Heard { model, label, probability, harms };
        let check = |labels: &[Heard<'_>], expected: Option<f32>| assert_eq!(of_item(labels), expected);
        let (good, bad) = (heard("tone", "positive", 1.0, false), heard("moods", "anger", 0.5, false));
        check(&[], None);
        check(&[good, bad], Some(0.0));
        check(&[good, heard("themes", "sport", 0.9, false)], Some(1.0));
        check(&[good, heard("harm", "insult", 0.75, true)], Some(-0.75));
        check(&[heard("harm", "insult", 0.75, false)], None);
    }

    #[test]
    fn tones_are_means_of_answers() {
        let dealings = |items: &[u32]| Dealings {
            answers: items.iter().copied().map(ItemIx).collect(),
            ..Dealings::default()
        };
        let valence = |item: ItemIx| [Some(1.0), Some(-1.0), None, Some(-0.5)][item.0 as usize];
        let check = |a: &[u32], b: &[u32], expected: Option<(f32, u32)>| {
            let tone = Tone::both(Tone::of(&dealings(a), valence), Tone::of(&dealings(b), valence));
            assert_eq!(tone.map(|tone| (tone.mean, tone.answers)), expected);
        };
        check(&[], &[2], None);
        check(&[0, 1], &[], Some((0.0, 2)));
        check(&[0], &[1, 3, 3], Some((-0.25, 4)));
        assert_eq!(Tone { mean: -1.0, answers: 2 }.drawn(), -0.5);
    }
}
