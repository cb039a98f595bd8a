//! Numbers of payment cards.

use super::{Found, PrivateKind, written::Written};

/// How the digits of cards are grouped.
const GROUPS: [&[usize]; 5] = [&[4, 4, 4, 4, 3], &[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[6, 13]];

pub(super) fn find(written: &Written, found: &mut Vec<Found>) {
    for start in written.numbers() {
        let number = written.number(start);
        let whole = number.ends.first().copied().filter(|_| number.lengths.first().is_some_and(|&l| l >= 13));
        let ends = GROUPS.iter().filter_map(|groups| number.in_groups(groups, &[' ', '-'])).chain(whole);
        for end in ends.filter(|&end| written.ends(end)) {
            let digits: Vec<u8> = written
                .part(start, end)
                .iter()
                .filter_map(|c| c.to_digit(10))
                .map(|digit| digit as u8)
                .collect();
            if is_issued(&digits) && is_luhn(&digits) && !is_bar_code(&digits) {
                written.add(PrivateKind::Card, start, end, found);
                break;
            }
        }
    }
}

/// Whether an issuer gives out cards with these first digits and this length (ISO/IEC 7812-1, as the issuers publish).
fn is_issued(digits: &[u8]) -> bool {
    let first =
        |count: usize| digits.iter().take(count).fold(0_u32, |all, &digit| all * 10 + u32::from(digit));
    let (two, three, four) = (first(2), first(3), first(4));
    match digits.len() {
        13 | 19 if two / 10 == 4 => true,
        16 if two / 10 == 4 || matches!(two, 51..=55) || matches!(four, 2221..=2720) => true,
        15 if matches!(two, 34 | 37) => true,
        14..=19 if matches!(two, 36 | 38 | 39) || matches!(three, 300..=305) || four == 3095 => true,
        16..=19 => {
            // Discover, JCB, UnionPay, Mir, RuPay, Maestro.
            matches!(two, 62 | 65 | 81)
                || matches!(three, 508 | 644..=649)
                || matches!(four, 6011 | 3528..=3589 | 2200..=2204)
                || is_maestro(four)
        }
        13..=15 => is_maestro(four),
        _ => false,
    }
}

fn is_maestro(four: u32) -> bool {
    matches!(four, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763)
}

/// Luhn's check digit (ISO/IEC 7812-1, annex B).
fn is_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let digit = u32::from(digit) * if place % 2 == 0 { 1 } else { 2 };
            digit / 10 + digit % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Thirteen digits with the check digit of an article (EAN-13) are on a product rather than on a card of old.
fn is_bar_code(digits: &[u8]) -> bool {
    let sum: u32 =
        digits.iter().zip([1, 3].iter().cycle()).map(|(&digit, weight)| u32::from(digit) * weight).sum();
    digits.len() == 13 && sum.is_multiple_of(10)
}
