//! From a text to the numbers that models read, the same in training and in serving: one spelling of what is written
//! in many, tokens of any script, hashed n-grams of them and their order, characters and pairs of them, and tokens of published
//! vocabularies; and from a model's tags of a text's units to the parts of the text that they name. Beside them what is
//! read from a text by rules alone: its language, private data in it, its keywords, and its terms, which texts are searched by.

mod aside;
mod characters;
mod disguise;
mod grams;
mod keywords;
mod language;
mod order;
mod phrases;
mod private;
mod spelling;
pub mod tags;
pub mod terms;
mod tokenizer;
mod tokens;
mod units;

pub use characters::{CharacterRows, Characters, CharactersError, FILLING, UNKNOWN};
pub use disguise::{consonants, undisguised};
pub use grams::{Grams, GramsError, share};
pub use keywords::{Keyword, keywords};
pub use language::{Language, Script, language};
pub use order::WordRows;
pub use phrases::{PhraseError, PhraseFound, Phrases};
pub use private::{Found, PrivateKind, private_data, redacted};
pub use spelling::{composed, one_spelling};
pub use tokenizer::{Tokenizer, TokenizerError};
pub use tokens::{Token, TokenKind, tokens};
pub use units::{Unit, UnitTokens};
