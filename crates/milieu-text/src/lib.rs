//! From a text to the numbers that models read, the same in training and in serving: one spelling of what is written
//! in many, tokens of any script, and hashed n-grams of them.

mod disguise;
mod grams;
mod spelling;
mod tokens;

pub use disguise::{consonants, undisguised};
pub use grams::{Grams, GramsError, share};
pub use spelling::one_spelling;
pub use tokens::{Token, TokenKind, tokens};
