//! From a text to the numbers that models read, the same in training and in serving: one spelling of what is written
//! in many, tokens of any script, hashed n-grams of them, and tokens of published vocabularies. Beside them what is read
//! from a text by rules alone: its language.

mod characters;
mod disguise;
mod grams;
mod language;
mod spelling;
mod tokenizer;
mod tokens;

pub use disguise::{consonants, undisguised};
pub use grams::{Grams, GramsError, share};
pub use language::{Language, Script, language};
pub use spelling::one_spelling;
pub use tokenizer::{Tokenizer, TokenizerError};
pub use tokens::{Token, TokenKind, tokens};
