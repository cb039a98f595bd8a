//! Numbers of bank accounts.

use super::{Found, PrivateKind, written::Written};

/// The lengths of account numbers by country (SWIFT, "IBAN Registry").
#[rustfmt::skip]
const LENGTHS: [(&str, usize); 89] = [
    ("AD", 24), ("AE", 23), ("AL", 28), ("AT", 20), ("AZ", 28), ("BA", 20), ("BE", 16), ("BG", 22), ("BH", 22), ("BI", 27),
    ("BR", 29), ("BY", 28), ("CH", 21), ("CR", 22), ("CY", 28), ("CZ", 24), ("DE", 22), ("DJ", 27), ("DK", 18), ("DO", 28),
    ("EE", 20), ("EG", 29), ("ES", 24), ("FI", 18), ("FK", 18), ("FO", 18), ("FR", 27), ("GB", 22), ("GE", 22), ("GI", 23),
    ("GL", 18), ("GR", 27), ("GT", 28), ("HN", 28), ("HR", 21), ("HU", 28), ("IE", 22), ("IL", 23), ("IQ", 23), ("IS", 26),
    ("IT", 27), ("JO", 30), ("KW", 30), ("KZ", 20), ("LB", 28), ("LC", 32), ("LI", 21), ("LT", 20), ("LU", 20), ("LV", 21),
    ("LY", 25), ("MC", 27), ("MD", 24), ("ME", 22), ("MK", 19), ("MN", 20), ("MR", 27), ("MT", 31), ("MU", 30), ("NI", 28),
    ("NL", 18), ("NO", 15), ("OM", 23), ("PK", 24), ("PL", 28), ("PS", 29), ("PT", 25), ("QA", 29), ("RO", 24), ("RS", 22),
    ("RU", 33), ("SA", 24), ("SC", 31), ("SD", 18), ("SE", 24), ("SI", 19), ("SK", 24), ("SM", 27), ("SO", 23), ("ST", 25),
    ("SV", 28), ("TL", 23), ("TN", 24), ("TR", 26), ("UA", 29), ("VA", 22), ("VG", 24), ("XK", 20), ("YE", 30),
];

/// Characters of a group.
const GROUP: usize = 4;

pub(super) fn find(written: &Written, found: &mut Vec<Found>) {
    let is_letter = |at| written.get(at).is_some_and(|c| c.is_ascii_alphabetic());
    for start in 0..written.len() {
        let looks_so = is_letter(start) && is_letter(start + 1) && written.is_digit(start + 2);
        if looks_so
            && written.starts(start)
            && let Some(end) = account(written, start)
        {
            found.push(Found { kind: PrivateKind::Iban, start, end });
        }
    }
}

/// The place behind an account number, in one piece or with a space or hyphen between groups of four.
fn account(written: &Written, start: usize) -> Option<usize> {
    let country: String = written.part(start, start + 2).iter().collect::<String>().to_ascii_uppercase();
    let &(_, length) = LENGTHS.iter().find(|(of, _)| *of == country)?;
    let mut values = Vec::with_capacity(length);
    let mut at = start;
    while values.len() < length {
        let c = written.get(at)?;
        match c.to_digit(36) {
            Some(value) => values.push(value),
            None if matches!(c, ' ' | '-') && !values.is_empty() && values.len().is_multiple_of(GROUP) => {
                values.push(written.get(at + 1)?.to_digit(36)?);
                at += 1;
            }
            None => return None,
        }
        at += 1;
    }
    (is_checked(&values) && written.ends(at)).then_some(at)
}

/// The check digits: the first four characters moved to the end, letters as 10 to 35, are 1 modulo 97 (ISO 7064).
fn is_checked(values: &[u32]) -> bool {
    let (first, rest) = values.split_at(GROUP.min(values.len()));
    let remainder = rest.iter().chain(first).fold(0, |remainder, &value| {
        let shift = if value < 10 { 10 } else { 100 };
        (remainder * shift + value) % 97
    });
    remainder == 1
}
