//! From a text to the inputs of a model.

use milieu_inference::{Data, DataType, Signature, Tensor};
use milieu_registry::{
    CharactersPreparation, GramsPreparation, ModelCard, OrderPreparation, Preprocessing, TextPreparation,
};
use milieu_text::{CharacterRows, Characters, FILLING, Grams, Tokenizer, Unit, UnitTokens, WordRows, share};

/// The inputs of a model of n-grams: the rows of a text, and one over the root of their number.
const GRAMS: [&str; 2] = ["rows", "share"];
/// Those of one that reads the words in their order, too.
const ORDER: [&str; 3] = ["rows", "share", "words"];
/// The inputs of a model of characters: the row of each, and of each with the next.
const CHARACTERS: [&str; 2] = ["characters", "pairs"];
/// The inputs that models of tokens may have.
const TOKENS: [(&str, Part); 3] =
    [("input_ids", Part::Tokens), ("attention_mask", Part::Mask), ("token_type_ids", Part::Types)];
/// Fewer rows than this are filled up to it, more to the next power of two: texts of about one length run together.
const FEWEST_ROWS: usize = 32;
/// Tokens are filled up to a multiple of this, for the same reason.
const TOKENS_TOGETHER: usize = 16;
/// Words are filled up to a multiple of this; what fills them up costs as much as they do.
const WORDS_TOGETHER: usize = 8;

/// What an input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The tokens.
    Tokens,
    /// 1 where there is a token, 0 after the last.
    Mask,
    /// Which of two texts a token is of: always the first.
    Types,
}

/// A text as a model reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedText {
    /// The inputs, in the order of the signature.
    pub inputs: Vec<Tensor>,
    /// How many tokens, or n-grams, are in them beside what fills them up.
    pub tokens: usize,
    /// Where the words of the tokens stand in the text, where that was asked for.
    pub units: Vec<Unit>,
}

/// How texts become the inputs of a model, as they did when it learnt.
#[derive(Debug)]
pub struct TextReading {
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// N-grams; `true` where the model takes the rows before the share.
    Grams(Grams, bool),
    /// N-grams beside words in their order; the inputs that the model takes, in order, as places of [`ORDER`].
    Order(Grams, WordRows, [usize; 3]),
    /// Tokens, in the order of the inputs.
    Tokens(Box<Tokenizer>, Vec<Part>),
    /// Characters; `true` where the model takes them before the pairs.
    Characters(Box<Characters>, bool),
}

impl TextReading {
    /// What the card says about a model of this signature, where the two agree; `file` gives a file of the version by its
    /// name.
    ///
    /// # Errors
    /// In words, why the model does not read texts.
    pub fn new(
        card: &ModelCard,
        signature: &Signature,
        file: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Self, String> {
        let way = match &card.preprocessing {
            Some(Preprocessing::Grams(card @ GramsPreparation { order: Some(order), .. })) => {
                let &OrderPreparation { rows, maximum_words } = order;
                Way::Order(
                    grams_of(card),
                    WordRows { rows, most: maximum_words as usize },
                    places(signature)?,
                )
            }
            Some(Preprocessing::Grams(grams)) => {
                let types = [DataType::I64, DataType::F32];
                Way::Grams(grams_of(grams), is_first(signature, GRAMS, types)?)
            }
            Some(Preprocessing::Text(text)) => {
                Way::Tokens(Box::new(tokenizer(text, file)?), parts(signature)?)
            }
            Some(Preprocessing::Characters(characters)) => {
                let is_first = is_first(signature, CHARACTERS, [DataType::I64; 2])?;
                Way::Characters(Box::new(vocabulary(characters, file)?), is_first)
            }
            _ => return Err("its card does not say how texts are read".into()),
        };
        Ok(Self { way })
    }

    /// A text as the model reads it; `None` for one in which there is nothing to be seen.
    #[must_use]
    pub fn prepare(&self, text: &str) -> Option<PreparedText> {
        match &self.way {
            Way::Grams(grams, rows_first) => {
                let ([rows, share], tokens) = prepare_grams(grams, grams.rows_of(text))?;
                let inputs = if *rows_first { vec![rows, share] } else { vec![share, rows] };
                Some(PreparedText { inputs, tokens, units: Vec::new() })
            }
            Way::Order(grams, words, places) => prepare_order(grams, words, places, text),
            Way::Tokens(tokenizer, parts) => {
                let tokens = tokenizer.tokens(text);
                prepare_tokens(tokenizer, parts, UnitTokens { tokens, units: Vec::new() })
            }
            Way::Characters(known, is_first) => prepare_characters(known, *is_first, text),
        }
    }

    /// The same with where its words stand; without them where the model reads no tokens.
    #[must_use]
    pub fn prepare_units(&self, text: &str) -> Option<PreparedText> {
        match &self.way {
            Way::Grams(..) | Way::Order(..) | Way::Characters(..) => self.prepare(text),
            Way::Tokens(tokenizer, parts) => prepare_tokens(tokenizer, parts, tokenizer.units(text)),
        }
    }
}

fn tokenizer(
    preparation: &TextPreparation,
    file: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<Tokenizer, String> {
    let name = &preparation.tokenizer;
    let bytes = file(name).ok_or_else(|| format!("its file {name} is not there"))?;
    Tokenizer::new(&bytes, preparation.maximum_tokens as usize).map_err(|error| error.to_string())
}

fn vocabulary(
    preparation: &CharactersPreparation,
    file: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<Characters, String> {
    let CharactersPreparation { vocabulary, maximum_characters } = preparation;
    let bytes = file(vocabulary).ok_or_else(|| format!("its file {vocabulary} is not there"))?;
    Characters::read(&bytes, *maximum_characters as usize).map_err(|error| error.to_string())
}

/// Which input takes what.
fn parts(signature: &Signature) -> Result<Vec<Part>, String> {
    let part = |name: &str| TOKENS.iter().find(|(known, _)| *known == name).map(|(_, part)| *part);
    let found: Option<Vec<Part>> = signature
        .inputs
        .iter()
        .map(|input| part(&input.name).filter(|_| input.data_type == DataType::I64))
        .collect();
    let names = || TOKENS.map(|(name, _)| name);
    found
        .filter(|parts| parts.contains(&Part::Tokens))
        .ok_or_else(|| format!("its inputs are {:?} and not among {:?} of INT64", named(signature), names()))
}

/// Whether a model has two inputs of these names and types in this order, and not the other way round.
fn is_first(signature: &Signature, names: [&str; 2], types: [DataType; 2]) -> Result<bool, String> {
    let found = named(signature);
    let (first, second) = ((names[0], types[0]), (names[1], types[1]));
    match found[..] {
        [one, other] if one == first && other == second => Ok(true),
        [one, other] if one == second && other == first => Ok(false),
        _ => Err(format!("its inputs are {found:?} and not {names:?}")),
    }
}

/// Which of [`ORDER`] each input is.
fn places(signature: &Signature) -> Result<[usize; 3], String> {
    let types = [DataType::I64, DataType::F32, DataType::I64];
    let found = named(signature);
    let place = |input: &(&str, DataType)| (0..3).find(|&place| *input == (ORDER[place], types[place]));
    let places: Option<Vec<usize>> = found.iter().map(place).collect();
    let places = places.and_then(|places| <[usize; 3]>::try_from(places).ok());
    places
        .filter(|places| (0..3).all(|place| places.contains(&place)))
        .ok_or_else(|| format!("its inputs are {found:?} and not {ORDER:?}"))
}

fn named(signature: &Signature) -> Vec<(&str, DataType)> {
    signature.inputs.iter().map(|input| (input.name.as_str(), input.data_type)).collect()
}

/// The rows and the share of a text of these n-grams, and how many they are.
fn prepare_grams(grams: &Grams, found: Vec<u32>) -> Option<([Tensor; 2], usize)> {
    if found.is_empty() {
        return None;
    }
    let tokens = found.len();
    let share = share(tokens);
    // The row behind the last one counts for nothing.
    let length = tokens.next_power_of_two().max(FEWEST_ROWS);
    let rows = filled(found, length, grams.rows)?;
    let share = Tensor::new(vec![1, 1], Data::F32(vec![share])).ok()?;
    Some(([rows, share], tokens))
}

fn prepare_order(grams: &Grams, words: &WordRows, places: &[usize; 3], text: &str) -> Option<PreparedText> {
    let (found, words) = grams.rows_in_order(words, text);
    let ([rows, share], tokens) = prepare_grams(grams, found)?;
    let length = words.len().next_multiple_of(WORDS_TOGETHER);
    let mut all = [rows, share, filled(words, length, FILLING)?].map(Some);
    let inputs = places.iter().map(|&place| all.get_mut(place)?.take()).collect::<Option<_>>()?;
    Some(PreparedText { inputs, tokens, units: Vec::new() })
}

/// Numbers of rows as an input of this length, filled up with another.
fn filled(rows: Vec<u32>, length: usize, with: u32) -> Option<Tensor> {
    let mut values: Vec<i64> = rows.into_iter().map(i64::from).collect();
    values.resize(length, i64::from(with));
    Tensor::new(vec![1, length], Data::I64(values)).ok()
}

fn prepare_tokens(tokenizer: &Tokenizer, parts: &[Part], text: UnitTokens) -> Option<PreparedText> {
    let UnitTokens { tokens: found, units } = text;
    if found.is_empty() {
        return None;
    }
    let length = found.len().next_multiple_of(TOKENS_TOGETHER).min(tokenizer.most().max(found.len()));
    let tensor = |part: &Part| {
        let mut values: Vec<i64> = match part {
            Part::Tokens => found.iter().copied().map(i64::from).collect(),
            Part::Mask => vec![1; found.len()],
            Part::Types => vec![0; found.len()],
        };
        let rest = if *part == Part::Tokens { i64::from(tokenizer.padding()) } else { 0 };
        values.resize(length, rest);
        Tensor::new(vec![1, length], Data::I64(values)).ok()
    };
    Some(PreparedText {
        inputs: parts.iter().map(tensor).collect::<Option<_>>()?,
        tokens: found.len(),
        units,
    })
}

fn prepare_characters(known: &Characters, characters_first: bool, text: &str) -> Option<PreparedText> {
    let CharacterRows { characters, pairs } = known.rows_of(text);
    if characters.is_empty() {
        return None;
    }
    let tokens = characters.len();
    let length = tokens.next_multiple_of(TOKENS_TOGETHER);
    let [characters, pairs] = [filled(characters, length, FILLING)?, filled(pairs, length, FILLING)?];
    let inputs = if characters_first { vec![characters, pairs] } else { vec![pairs, characters] };
    Some(PreparedText { inputs, tokens, units: Vec::new() })
}

/// The words of the card in those of the code that prepares.
fn grams_of(card: &GramsPreparation) -> Grams {
    let &GramsPreparation { words, shortest, longest, apart, disguise, rows, .. } = card;
    let of = |count: u32| count as usize;
    Grams { words: of(words), shortest: of(shortest), longest: of(longest), apart: of(apart), disguise, rows }
}
