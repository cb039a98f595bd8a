//! Hashed n-grams: what a text is made of, as numbers of rows of a table.

use crate::disguise::{consonants, undisguised};
use crate::order::WordRows;
use crate::spelling::one_spelling;
use crate::tokens::{Token, TokenKind, tokens};
use serde::{Deserialize, Serialize};

/// The most bytes of a text that are looked at.
const LONGEST: usize = 32 << 10;
/// What stands at the start of a text in n-grams of tokens.
const START: u64 = 0x9ae1_6a3b_2f90_404f;

/// Which n-grams of a text are taken, and how many rows they are spread over.
///
/// Bags of hashed n-grams are those of Joulin et al. 2017 (arXiv 1607.01759), with n-grams of characters after
/// Bojanowski et al. 2017 (arXiv 1607.04606).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Grams {
    /// Tokens in a row, 1 to 5.
    pub words: usize,
    /// The fewest characters of a part of a word, 1 to 8.
    pub shortest: usize,
    /// The most characters of a part of a word, 0 for no parts, to 8.
    pub longest: usize,
    /// The most characters in a row of scripts that do not part words, 1 to 6.
    pub apart: usize,
    /// Whether words that are written in disguise count as what they stand for, too.
    pub disguise: bool,
    /// Rows of the table, 2^8 to 2^24.
    pub rows: u32,
}

/// A value that is out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GramsError {
    /// The setting.
    pub key: &'static str,
    /// What it may be.
    pub range: &'static str,
}

impl Default for Grams {
    fn default() -> Self {
        Self { words: 2, shortest: 3, longest: 5, apart: 3, disguise: false, rows: 1 << 18 }
    }
}

impl Grams {
    /// Looks whether all is within its range.
    ///
    /// # Errors
    /// [`GramsError`] for the first that is not.
    pub fn check(&self) -> Result<(), GramsError> {
        let rules = [
            ((1..=5).contains(&self.words), "words", "1 to 5"),
            ((1..=8).contains(&self.shortest), "shortest", "1 to 8"),
            (self.longest <= 8, "longest", "0 to 8"),
            ((1..=6).contains(&self.apart), "apart", "1 to 6"),
            ((1 << 8..=1 << 24).contains(&self.rows), "rows", "256 to 16777216"),
        ];
        let broken = rules.into_iter().find(|(holds, ..)| !holds);
        broken.map_or(Ok(()), |(_, key, range)| Err(GramsError { key, range }))
    }

    /// The rows of a text's n-grams, one for each time one occurs, in no order that means anything; none for a text
    /// without anything that can be seen. Of a very long text the first 32 KiB count.
    #[must_use]
    pub fn rows_of(&self, text: &str) -> Vec<u32> {
        self.of_spelled(&one_spelling(head(text)))
    }

    /// The same beside the rows of its tokens in their order.
    #[must_use]
    pub fn rows_in_order(&self, words: &WordRows, text: &str) -> (Vec<u32>, Vec<u32>) {
        let spelled = one_spelling(head(text));
        (self.of_spelled(&spelled), words.of_spelled(&spelled))
    }

    fn of_spelled(&self, spelled: &str) -> Vec<u32> {
        let mut rows = Vec::with_capacity(4 * spelled.len().min(1024));
        self.add(spelled, &mut rows);
        if self.disguise {
            self.add_disguised(spelled, &mut rows);
        }
        rows
    }

    fn add(&self, spelled: &str, rows: &mut Vec<u32>) {
        let tokens = tokens(spelled);
        let hashes: Vec<u64> = tokens.iter().map(hash_of_token).collect();
        for (place, &hash) in hashes.iter().enumerate() {
            rows.push(self.row(hash));
            // N-grams that end here; the start of the text counts as a token.
            let mut gram = hash;
            for back in 1..self.words {
                match place.checked_sub(back) {
                    Some(before) => gram = mixed(gram, hashes.get(before).copied().unwrap_or(0)),
                    None => {
                        rows.push(self.row(mixed(gram, START)));
                        break;
                    }
                }
                rows.push(self.row(gram));
            }
        }
        self.add_apart(&tokens, &hashes, rows);
        let mut signed = Vec::new();
        for token in tokens.iter().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Topic)) {
            signed.clear();
            signed.extend(std::iter::once('<').chain(token.text.chars()).chain(std::iter::once('>')));
            self.add_parts(&signed, rows);
        }
    }

    /// N-grams of characters in a row that are longer than those of tokens.
    fn add_apart(&self, tokens: &[Token<'_>], hashes: &[u64], rows: &mut Vec<u32>) {
        let mut run = 0;
        for (place, token) in tokens.iter().enumerate() {
            run = if token.kind == TokenKind::Character { run + 1 } else { 0 };
            let mut gram = 0;
            for back in 0..run.min(self.apart) {
                let hash = hashes.get(place - back).copied().unwrap_or(0);
                gram = if back == 0 { hash } else { mixed(gram, hash) };
                if back >= self.words {
                    rows.push(self.row(gram));
                }
            }
        }
    }

    /// Parts of a word that has a sign at its start and end.
    fn add_parts(&self, signed: &[char], rows: &mut Vec<u32>) {
        for start in 0..signed.len() {
            let mut hash = Hash::new(b'p');
            for (length, &c) in signed.get(start..).unwrap_or_default().iter().enumerate().take(self.longest)
            {
                hash.add(c);
                let is_whole = length + 1 == signed.len();
                if length + 1 >= self.shortest && !is_whole {
                    rows.push(self.row(hash.done()));
                }
            }
        }
    }

    /// What stands behind disguises, and the consonants of each word.
    fn add_disguised(&self, spelled: &str, rows: &mut Vec<u32>) {
        let found = undisguised(spelled);
        let plain = found.as_deref().unwrap_or(spelled);
        if found.is_some() {
            self.add(plain, rows);
        }
        for chunk in plain.split(' ') {
            let chunk = chunk.trim_matches(|c: char| !c.is_alphanumeric());
            if let Some(letters) = consonants(chunk) {
                let mut hash = Hash::new(b'c');
                letters.chars().for_each(|c| hash.add(c));
                rows.push(self.row(hash.done()));
            }
        }
    }

    fn row(&self, hash: u64) -> u32 {
        spread(hash, self.rows)
    }
}

/// The high half of a hash, spread evenly over so many rows (Lemire 2019, arXiv 1805.10941).
pub(crate) fn spread(hash: u64, rows: u32) -> u32 {
    (((hash >> 32) * u64::from(rows)) >> 32) as u32
}

/// What the sum of the vectors of so many n-grams is multiplied by: one over the root of their number.
#[must_use]
pub fn share(count: usize) -> f32 {
    1.0 / (count.max(1) as f32).sqrt()
}

/// The first 32 KiB of a text, cut between two characters.
pub(crate) fn head(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LONGEST)).unwrap_or(text)
}

pub(crate) fn hash_of_token(token: &Token<'_>) -> u64 {
    let (kind, text) = match token.kind {
        TokenKind::Address => (b'a', ""),
        TokenKind::Mention => (b'm', ""),
        // A topic is the word that it is.
        TokenKind::Word | TokenKind::Topic => (b'w', token.text),
        TokenKind::Character | TokenKind::Emoji | TokenKind::Mark => (b't', token.text),
    };
    let mut hash = Hash::new(kind);
    text.chars().for_each(|c| hash.add(c));
    hash.done()
}

/// FNV-1a over characters, with a last mixing so that the high half is as good as the low one.
struct Hash(u64);

impl Hash {
    fn new(kind: u8) -> Self {
        let mut hash = Self(0xcbf2_9ce4_8422_2325);
        hash.add(char::from(kind));
        hash
    }

    fn add(&mut self, c: char) {
        self.0 = (self.0 ^ u64::from(u32::from(c))).wrapping_mul(0x0000_0100_0000_01b3);
    }

    fn done(&self) -> u64 {
        mixed(self.0, 0)
    }
}

/// Two hashes as one; the order counts (the finaliser of Stafford 2011, "Better bit mixing", variant 13).
fn mixed(one: u64, other: u64) -> u64 {
    let mut x = one.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ other;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grams(words: usize, longest: usize, apart: usize) -> Grams {
        Grams { words, shortest: 3, longest, apart, disguise: false, rows: 1 << 20 }
    }

    fn sorted(grams: &Grams, text: &str) -> Vec<u32> {
        let mut rows = grams.rows_of(text);
        rows.sort_unstable();
        rows
    }

    #[test]
    fn how_many() {
        fn check(grams: Grams, text: &str, count: usize) {
            assert_eq!(grams.rows_of(text).len(), count, "{text:?}");
        }
        check(grams(1, 0, 1), "one two three", 3);
        // Three words, three pairs with the start.
        check(grams(2, 0, 1), "one two three", 6);
        // And one of three tokens, two with the start.
        check(grams(3, 0, 1), "one two three", 6 + 2);
        // <one>: four of three and four characters but the whole: <on one ne> and <one one>.
        check(grams(1, 4, 1), "one", 1 + 5);
        check(grams(1, 0, 3), "我爱你们", 4 + 3 + 2);
        check(grams(2, 0, 3), "我爱你们", 8 + 2);
        check(grams(2, 5, 3), " \u{200b} ", 0);
    }

    #[test]
    fn the_same_in_another_spelling() {
        let all = Grams { rows: 1 << 20, ..Grams::default() };
        for (one, other) in [
            ("Hello World", "ｈｅｌｌｏ　world"),
            ("繁體", "繁体"),
            ("see https://a.b/c", "see http://x.y"),
            ("hi @ann", "hi @bob"),
            ("#cats", "cats"),
            ("so\u{200b}ft", "soft"),
        ] {
            assert_eq!(sorted(&all, one), sorted(&all, other), "{one} {other}");
        }
        assert_ne!(sorted(&all, "dog bites man"), sorted(&all, "man bites dog"));
        let disguised = Grams { disguise: true, ..all };
        let shared = |one: &str, other: &str| {
            let (one, other) = (sorted(&disguised, one), sorted(&disguised, other));
            one.iter().filter(|row| other.contains(row)).count()
        };
        assert!(
            shared("v1agra", "viagra") > 10 && shared("f u c k", "fuck") > 5 && shared("f*ck", "fuck") >= 1
        );
    }

    #[test]
    fn rows_are_spread_evenly() {
        let grams = Grams { rows: 1 << 8, ..grams(1, 0, 1) };
        let mut counts = vec![0; 256];
        let text: Vec<String> = (0..256 * 64).map(|number| format!("w{number}")).collect();
        for chunk in text.chunks(1000) {
            grams.rows_of(&chunk.join(" ")).iter().for_each(|&row| counts[row as usize] += 1);
        }
        // 64 each, and five deviations of 8 around them.
        assert!(counts.iter().all(|count| (24..=104).contains(count)), "{counts:?}");
    }

    #[test]
    fn ranges() {
        let key = |grams: Grams| grams.check().map_err(|error| error.key);
        assert_eq!(key(Grams::default()), Ok(()));
        assert_eq!(key(Grams { words: 0, ..Grams::default() }), Err("words"));
        assert_eq!(key(Grams { longest: 9, ..Grams::default() }), Err("longest"));
        assert_eq!(key(Grams { rows: 255, ..Grams::default() }), Err("rows"));
    }

    proptest! {
        #[test]
        fn any_text_has_rows_of_the_table(text in any::<String>(), words in 1usize..5, longest in 0usize..8) {
            let grams = Grams { words, longest, disguise: true, rows: 1000, ..Grams::default() };
            prop_assert!(grams.rows_of(&text).iter().all(|&row| row < 1000));
        }
    }
}
