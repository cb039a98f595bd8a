//! Data in a text that belong to a person: addresses, numbers of phones, cards, accounts and papers.
//!
//! What is found is found by its form: check digits, tables of prefixes and lengths, and the words before a number. Nothing
//! says that a number is in use. Numbers that look like private ones but are prices, dates, versions or numbers of orders
//! are left alone where their form or the word before them tells.

mod banking;
mod cards;
mod identity;
mod mail;
mod nearby;
mod network;
mod phone;
mod written;

use std::collections::BTreeMap;
use written::Written;

/// A kind of private data, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrivateKind {
    /// An address of mail (RFC 5322 in its usual form).
    Email,
    /// The number of a bank account (IBAN, ISO 13616).
    Iban,
    /// The number of a Chinese resident (GB 11643-1999, 18 characters).
    ResidentId,
    /// The number of a payment card (ISO/IEC 7812).
    Card,
    /// An IPv4 or IPv6 address other than that of the machine itself.
    IpAddress,
    /// A US social security number.
    SocialSecurity,
    /// The number of a phone.
    Phone,
}

impl PrivateKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Email,
        Self::Iban,
        Self::ResidentId,
        Self::Card,
        Self::IpAddress,
        Self::SocialSecurity,
        Self::Phone,
    ];

    /// Its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Iban => "iban",
            Self::ResidentId => "resident_id",
            Self::Card => "card",
            Self::IpAddress => "ip_address",
            Self::SocialSecurity => "ssn",
            Self::Phone => "phone",
        }
    }

    /// What [`redacted`] writes in its place.
    #[must_use]
    pub const fn placeholder(self) -> &'static str {
        match self {
            Self::Email => "[EMAIL]",
            Self::Iban => "[IBAN]",
            Self::ResidentId => "[RESIDENT_ID]",
            Self::Card => "[CARD]",
            Self::IpAddress => "[IP_ADDRESS]",
            Self::SocialSecurity => "[SSN]",
            Self::Phone => "[PHONE]",
        }
    }
}

/// Private data in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Found {
    /// What it is.
    pub kind: PrivateKind,
    /// The place of its first character in the text as written, in Unicode characters from 0.
    pub start: usize,
    /// The place behind its last character.
    pub end: usize,
}

/// The private data in a text, in the order of the text and without overlap: of two kinds that the same characters could
/// be, the more telling one. Full-width letters and digits, and the digits of other scripts, count as plain ones; digits
/// can be parted by spaces, hyphens and points as they usually are. Time is linear in the text, up to the sorting of
/// what is found.
#[must_use]
pub fn private_data(text: &str) -> Vec<Found> {
    let written = Written::new(text);
    let mut found = Vec::new();
    mail::find(&written, &mut found);
    banking::find(&written, &mut found);
    identity::find(&written, &mut found);
    cards::find(&written, &mut found);
    network::find(&written, &mut found);
    phone::find(&written, &mut found);
    most_telling(found)
}

/// The text with `[EMAIL]`, `[PHONE]` and the like in place of what was found in it. Spans that overlap one before them
/// or are not of the text are left out.
#[must_use]
pub fn redacted(text: &str, found: &[Found]) -> String {
    let length = text.chars().count();
    let mut found: Vec<Found> = found.iter().copied().filter(|found| found.end <= length).collect();
    found.sort_unstable_by_key(|found| (found.start, found.end));
    let mut bytes = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).enumerate();
    let mut byte_of = |place: usize| bytes.find(|&(at, _)| at == place).map(|(_, byte)| byte);
    let mut out = String::with_capacity(text.len());
    let (mut read, mut behind) = (0, 0);
    for found in found {
        if found.start >= found.end || found.start < behind {
            continue;
        }
        // The iterator has passed the place behind the last one.
        let start = if found.start == behind && behind > 0 { Some(read) } else { byte_of(found.start) };
        let (Some(start), Some(end)) = (start, byte_of(found.end)) else { break };
        out.push_str(text.get(read..start).unwrap_or_default());
        out.push_str(found.kind.placeholder());
        (read, behind) = (end, found.end);
    }
    out.push_str(text.get(read..).unwrap_or_default());
    out
}

/// Drops what overlaps something more telling, or longer where the kind is the same.
fn most_telling(mut found: Vec<Found>) -> Vec<Found> {
    found.sort_unstable_by_key(|found| (found.kind, usize::MAX - (found.end - found.start), found.start));
    let mut kept: BTreeMap<usize, Found> = BTreeMap::new();
    for next in found {
        let before = kept.range(..next.end).next_back();
        if before.is_none_or(|(_, before)| before.end <= next.start) {
            kept.insert(next.start, next);
        }
    }
    kept.into_values().collect()
}

#[cfg(test)]
mod tests;
