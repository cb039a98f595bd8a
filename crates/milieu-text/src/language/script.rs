//! Scripts, and the languages of those that write one.

/// A script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Script {
    /// Arabic letters.
    Arabic,
    /// Armenian letters.
    Armenian,
    /// Bengali letters.
    Bengali,
    /// Cyrillic letters.
    Cyrillic,
    /// Devanagari letters.
    Devanagari,
    /// Ethiopic letters.
    Ethiopic,
    /// Georgian letters.
    Georgian,
    /// Greek letters.
    Greek,
    /// Gujarati letters.
    Gujarati,
    /// Gurmukhi letters.
    Gurmukhi,
    /// Chinese characters, none of which tells simplified from traditional.
    Han,
    /// Simplified Chinese characters.
    SimplifiedHan,
    /// Traditional Chinese characters.
    TraditionalHan,
    /// Hebrew letters.
    Hebrew,
    /// Kana, alone or with Chinese characters.
    Japanese,
    /// Kannada letters.
    Kannada,
    /// Khmer letters.
    Khmer,
    /// Hangul, alone or with Chinese characters.
    Korean,
    /// Lao letters.
    Lao,
    /// Latin letters.
    Latin,
    /// Malayalam letters.
    Malayalam,
    /// Burmese letters.
    Myanmar,
    /// Oriya letters.
    Oriya,
    /// Sinhala letters.
    Sinhala,
    /// Tamil letters.
    Tamil,
    /// Telugu letters.
    Telugu,
    /// Thai letters.
    Thai,
}

impl Script {
    /// The code of ISO 15924.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Arabic => "Arab",
            Self::Armenian => "Armn",
            Self::Bengali => "Beng",
            Self::Cyrillic => "Cyrl",
            Self::Devanagari => "Deva",
            Self::Ethiopic => "Ethi",
            Self::Georgian => "Geor",
            Self::Greek => "Grek",
            Self::Gujarati => "Gujr",
            Self::Gurmukhi => "Guru",
            Self::Han => "Hani",
            Self::SimplifiedHan => "Hans",
            Self::TraditionalHan => "Hant",
            Self::Hebrew => "Hebr",
            Self::Japanese => "Jpan",
            Self::Kannada => "Knda",
            Self::Khmer => "Khmr",
            Self::Korean => "Kore",
            Self::Lao => "Laoo",
            Self::Latin => "Latn",
            Self::Malayalam => "Mlym",
            Self::Myanmar => "Mymr",
            Self::Oriya => "Orya",
            Self::Sinhala => "Sinh",
            Self::Tamil => "Taml",
            Self::Telugu => "Telu",
            Self::Thai => "Thai",
        }
    }

    /// The script of a letter, with kana as [`Script::Japanese`] and Chinese characters as [`Script::Han`]. `None` for
    /// what is no letter, or of none of these scripts.
    pub(super) fn of(c: char) -> Option<Self> {
        if !c.is_alphabetic() {
            return None;
        }
        Some(match c {
            'a'..='z'
            | 'A'..='Z'
            | '\u{00c0}'..='\u{024f}'
            | '\u{1e00}'..='\u{1eff}'
            | '\u{ff21}'..='\u{ff5a}' => Self::Latin,
            '\u{0370}'..='\u{03ff}' | '\u{1f00}'..='\u{1fff}' => Self::Greek,
            '\u{0400}'..='\u{052f}' => Self::Cyrillic,
            '\u{0530}'..='\u{058f}' => Self::Armenian,
            '\u{0590}'..='\u{05ff}' => Self::Hebrew,
            '\u{0600}'..='\u{06ff}' | '\u{0750}'..='\u{077f}' | '\u{fb50}'..='\u{fefc}' => Self::Arabic,
            '\u{0900}'..='\u{097f}' => Self::Devanagari,
            '\u{0980}'..='\u{09ff}' => Self::Bengali,
            '\u{0a00}'..='\u{0a7f}' => Self::Gurmukhi,
            '\u{0a80}'..='\u{0aff}' => Self::Gujarati,
            '\u{0b00}'..='\u{0b7f}' => Self::Oriya,
            '\u{0b80}'..='\u{0bff}' => Self::Tamil,
            '\u{0c00}'..='\u{0c7f}' => Self::Telugu,
            '\u{0c80}'..='\u{0cff}' => Self::Kannada,
            '\u{0d00}'..='\u{0d7f}' => Self::Malayalam,
            '\u{0d80}'..='\u{0dff}' => Self::Sinhala,
            '\u{0e00}'..='\u{0e7f}' => Self::Thai,
            '\u{0e80}'..='\u{0eff}' => Self::Lao,
            '\u{1000}'..='\u{109f}' => Self::Myanmar,
            '\u{10a0}'..='\u{10ff}' => Self::Georgian,
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => Self::Korean,
            '\u{1200}'..='\u{139f}' => Self::Ethiopic,
            '\u{1780}'..='\u{17ff}' => Self::Khmer,
            '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}' => Self::Japanese,
            c if crate::aside::is_han(c) => Self::Han,
            _ => return None,
        })
    }

    /// The ISO 639-1 code of the one language that a script writes here. `None` for scripts of many languages.
    pub(super) const fn only_language(self) -> Option<&'static str> {
        Some(match self {
            Self::Armenian => "hy",
            Self::Bengali => "bn",
            Self::Ethiopic => "am",
            Self::Georgian => "ka",
            Self::Greek => "el",
            Self::Gujarati => "gu",
            Self::Gurmukhi => "pa",
            Self::Japanese => "ja",
            Self::Kannada => "kn",
            Self::Khmer => "km",
            Self::Korean => "ko",
            Self::Lao => "lo",
            Self::Malayalam => "ml",
            Self::Myanmar => "my",
            Self::Oriya => "or",
            Self::Sinhala => "si",
            Self::Tamil => "ta",
            Self::Telugu => "te",
            Self::Thai => "th",
            Self::Han | Self::SimplifiedHan | Self::TraditionalHan => "zh",
            Self::Arabic | Self::Cyrillic | Self::Devanagari | Self::Hebrew | Self::Latin => return None,
        })
    }

    /// How many Latin letters a letter says as much as: a Chinese character is more than half a word, a Latin letter a fifth.
    pub(super) const fn weight(self) -> f64 {
        match self {
            Self::Han | Self::SimplifiedHan | Self::TraditionalHan | Self::Korean => 3.0,
            Self::Japanese => 1.5,
            _ => 1.0,
        }
    }
}
