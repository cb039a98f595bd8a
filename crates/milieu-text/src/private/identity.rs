//! Numbers that a state gives to a person.

use super::{Found, PrivateKind, nearby, written::Written};
use smallvec::SmallVec;

/// Characters of a Chinese resident's number.
const RESIDENT: usize = 18;

pub(super) fn find(written: &Written, found: &mut Vec<Found>) {
    for start in written.numbers() {
        if let Some(end) = resident(written, start) {
            found.push(Found { kind: PrivateKind::ResidentId, start, end });
        }
        if let Some(end) = social_security(written, start) {
            written.add(PrivateKind::SocialSecurity, start, end, found);
        }
    }
}

/// The place behind a Chinese resident's number, with single spaces or hyphens anywhere in it.
fn resident(written: &Written, start: usize) -> Option<usize> {
    let mut values: SmallVec<[u32; 32]> = SmallVec::new();
    let mut at = start;
    while values.len() < RESIDENT {
        let c = written.get(at)?;
        match c.to_digit(10) {
            Some(digit) => values.push(digit),
            None if matches!(c, 'x' | 'X') && values.len() == RESIDENT - 1 => values.push(10),
            None if matches!(c, ' ' | '-')
                && at > start
                && (written.is_digit(at + 1) || values.len() == RESIDENT - 1) => {}
            None => return None,
        }
        at += 1;
    }
    (is_resident(&values) && written.ends(at)).then_some(at)
}

/// Region (GB/T 2260), day of birth, number of the day and check character (ISO 7064, MOD 11-2).
fn is_resident(values: &[u32]) -> bool {
    let part = |from: usize, to: usize| {
        values.get(from..to).unwrap_or_default().iter().fold(0, |all, value| all * 10 + value)
    };
    let region =
        matches!(part(0, 2), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83);
    let remainder = values.iter().fold(0, |sum, value| (sum * 2 + value) % 11);
    region && is_day(part(6, 10), part(10, 12), part(12, 14)) && remainder == 1
}

/// Whether somebody alive could be born on a day.
fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    (1900..2100).contains(&year) && (1..=days).contains(&day)
}

/// The place behind a US social security number: in groups of three, two and four, or named so.
fn social_security(written: &Written, start: usize) -> Option<usize> {
    let number = written.number(start);
    let named = || number.lengths.as_slice() == [9] && nearby::says_social(written, start);
    let spaced = || {
        let alone = number.lengths.len() == 3
            && !(written.before(start) == Some(' ') && is_after_number(written, start));
        number.in_groups(&[3, 2, 4], &[' ']).filter(|_| alone)
    };
    let end = number
        .in_groups(&[3, 2, 4], &['-'])
        .or_else(spaced)
        .or_else(|| named().then(|| number.ends.first().copied()).flatten())?;
    (is_social_security(&number.digits) && written.ends(end)).then_some(end)
}

/// Whether a space and a digit stand before a place.
fn is_after_number(written: &Written, at: usize) -> bool {
    at.checked_sub(2).is_some_and(|at| written.is_digit(at))
}

/// No area 000, 666 or from 900 on, no group 00, no serial 0000 (Social Security Administration, "Social Security Number
/// Randomization"), and not the two that were printed as examples.
fn is_social_security(digits: &[u8]) -> bool {
    let part = |from: usize, to: usize| {
        digits.get(from..to).unwrap_or_default().iter().fold(0_u32, |all, &digit| all * 10 + u32::from(digit))
    };
    let (area, group, serial) = (part(0, 3), part(3, 5), part(5, 9));
    !matches!(area, 0 | 666 | 900..)
        && group > 0
        && serial > 0
        && !matches!((area, group, serial), (78, 5, 1120) | (219, 9, 9999))
}
