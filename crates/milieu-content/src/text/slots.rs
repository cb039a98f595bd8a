//! From the scores of a text's units to its labelled parts.

use crate::classes::OutputError;
use milieu_inference::{DataType, Dimension, Signature, Tensor};
use milieu_text::Unit;
use milieu_text::tags::{FoundSlot, TagChain};

/// What the cards of models that find labelled parts of texts name as their task.
pub const SLOTS_TASK: &str = "text_slots";
/// The output that scores the tags of each token.
const EMISSIONS: &str = "emissions";

/// A labelled part of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct TextPart {
    /// Its label.
    pub label: String,
    /// Its first character, counted in characters (Unicode scalar values) of the text as it was written.
    pub start: usize,
    /// The character behind its last.
    pub end: usize,
    /// Its characters.
    pub text: String,
    /// How probable it is that just these words are a part with this label, 0 to 1.
    pub score: f64,
}

/// How the scores of a model become labelled parts.
#[derive(Debug, Clone)]
pub struct SlotReading {
    chain: TagChain,
    /// Which output has the scores.
    output: usize,
}

impl SlotReading {
    /// The labels that parts may have.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        self.chain.labels()
    }

    /// By the file of a version that holds its chain, for a model of this signature.
    ///
    /// # Errors
    /// In words, why the two do not agree.
    pub fn new(
        name: &str,
        signature: &Signature,
        file: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Self, String> {
        let bytes = file(name).ok_or_else(|| format!("its file {name} is not there"))?;
        let chain: TagChain = serde_json::from_slice(&bytes).map_err(|error| format!("{name}: {error}"))?;
        let found = signature.outputs.iter().position(|output| output.name == EMISSIONS);
        let output = found.ok_or_else(|| format!("it has no output {EMISSIONS}"))?;
        let port = &signature.outputs[output];
        if port.data_type != DataType::F32 {
            return Err(format!("its output {EMISSIONS} is of {} and not FP32", port.data_type));
        }
        if let Some(Dimension::Fixed(found)) = port.shape.as_ref().and_then(|shape| shape.last())
            && *found != chain.tags()
        {
            return Err(format!("it scores {found} tags, and its chain has {}", chain.tags()));
        }
        Ok(Self { chain, output })
    }

    /// The labelled parts of a text with these units, in order, from what the model gave for it.
    ///
    /// # Errors
    /// [`OutputError`].
    pub fn parts(
        &self,
        text: &str,
        units: &[Unit],
        outputs: &[Tensor],
    ) -> Result<Vec<TextPart>, OutputError> {
        let output = outputs.get(self.output).ok_or(OutputError::Form)?;
        let (values, tags) = (output.as_f32().ok_or(OutputError::Form)?, self.chain.tags());
        let last = units.last().map_or(0, |unit| unit.place + 1);
        match *output.shape() {
            [1, length, width] if width == tags && length >= last => {}
            _ => return Err(OutputError::Form),
        }
        let emissions: Vec<f32> =
            units.iter().flat_map(|unit| &values[unit.place * tags..][..tags]).copied().collect();
        if emissions.iter().any(|score| !score.is_finite()) {
            return Err(OutputError::NotANumber);
        }
        // The byte that each character starts at, and the end.
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let part = |FoundSlot { slot, probability }: FoundSlot| {
            let bytes = starts.get(slot.start).zip(starts.get(slot.end));
            Some(TextPart {
                label: self.chain.labels().get(slot.label)?.clone(),
                start: slot.start,
                end: slot.end,
                text: bytes.and_then(|(&start, &end)| text.get(start..end))?.to_owned(),
                score: probability,
            })
        };
        Ok(self.chain.slots(units, &emissions).into_iter().filter_map(part).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;
    use milieu_inference::{Data, Port};

    fn signature(name: &str, data_type: DataType, tags: usize) -> Signature {
        let free = |name: &str| Dimension::Dynamic(name.into());
        let shape = vec![free("N"), free("L"), Dimension::Fixed(tags)];
        Signature { inputs: vec![], outputs: vec![Port { name: name.into(), data_type, shape: Some(shape) }] }
    }

    fn reading(signature: &Signature) -> Result<SlotReading, String> {
        let chain = serde_json::to_vec(&TagChain::even(vec!["who".into()])).unwrap();
        SlotReading::new("chain.json", signature, &|name| (name == "chain.json").then(|| chain.clone()))
    }

    #[test]
    fn what_reads_parts() {
        let check = |signature: Signature, expected: &str| {
            let said = reading(&signature).err().unwrap_or_default();
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
        };
        check(signature("emissions", DataType::F32, 3), "");
        check(signature("emissions", DataType::F32, 5), "scores 5 tags, and its chain has 3");
        check(signature("emissions", DataType::I64, 3), "not FP32");
        check(signature("logits", DataType::F32, 3), "no output emissions");
        let none = SlotReading::new("x", &signature("emissions", DataType::F32, 3), &|_| None).unwrap_err();
        assert_eq!(none, "its file x is not there");
        let bad = |_: &str| Some(br#"{"labels":["a"],"transitions":[0],"ends":[]}"#.to_vec());
        let bad = SlotReading::new("x", &signature("emissions", DataType::F32, 3), &bad).unwrap_err();
        assert!(bad.contains("1 transitions and 0 ends of 3 tags"), "{bad}");
    }

    #[test]
    fn parts_are_as_they_were_written() {
        let reading = reading(&signature("emissions", DataType::F32, 3)).unwrap();
        let text = "Ask Ｚoe\u{301} 👍🏽!";
        let units = [[0, 3], [4, 8], [9, 11], [11, 12]];
        // A token of two pieces, and those that mark the ends.
        let places = [1, 2, 4, 5];
        let units: Vec<Unit> =
            units.iter().zip(places).map(|(&[start, end], place)| Unit { place, start, end }).collect();
        let mut scores = vec![0.0; 8 * 3];
        for (place, tag) in [(1, 0), (2, 1), (3, 0), (4, 2), (5, 0)] {
            scores[place * 3 + tag] = 9.0;
        }
        let output =
            |shape: &[usize], values: Vec<f32>| [Tensor::new(shape.to_vec(), Data::F32(values)).unwrap()];
        let found = reading.parts(text, &units, &output(&[1, 8, 3], scores.clone())).unwrap();
        assert_eq!(found.len(), 1);
        let TextPart { label, start, end, text: part, score } = &found[0];
        assert_eq!((label.as_str(), *start, *end, part.as_str()), ("who", 4, 11, "Ｚoe\u{301} 👍🏽"));
        assert!(*score > 0.99 && *score <= 1.0, "{score}");
        assert_eq!(reading.parts("", &[], &output(&[1, 8, 3], scores.clone())), Ok(vec![]));
        let fault = |shape: &[usize], values: Vec<f32>| reading.parts(text, &units, &output(shape, values));
        assert_eq!(fault(&[1, 4, 6], scores.clone()), Err(OutputError::Form));
        assert_eq!(fault(&[1, 4, 3], scores[..12].to_vec()), Err(OutputError::Form));
        scores[2 * 3] = f32::NAN;
        assert_eq!(fault(&[1, 8, 3], scores), Err(OutputError::NotANumber));
    }
}
