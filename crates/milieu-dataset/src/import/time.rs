//! Times as other systems write them.

use milieu_types::Timestamp;

/// A time as text: RFC 3339; the same without a zone (UTC) or with a blank for the `T`; a date alone;
/// Go's `2006-01-02 15:04:05 +0000 UTC`; or a Unix time.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Some(at) = unix(text) {
        return Ok(at);
    }
    let unreadable = || format!("not a time: {}", text.chars().take(40).collect::<String>());
    if !text.is_ascii() || text.len() > 64 {
        return Err(unreadable());
    }
    let (date, rest) = text.split_at_checked(10).ok_or_else(unreadable)?;
    let rest = rest.trim_end_matches("UTC").trim_end();
    let clock = rest.strip_prefix(['T', 't', ' ']).unwrap_or(rest).replace(' ', "");
    let full = match clock.as_str() {
        "" => format!("{date}T00:00:00Z"),
        clock if clock.ends_with(['Z', 'z']) || clock.contains(['+', '-']) => format!("{date}T{clock}"),
        clock => format!("{date}T{clock}Z"),
    };
    Timestamp::parse(&full).map_err(|_| unreadable())
}

/// A Unix time in seconds, or in milliseconds where seconds would lie past the year 5138.
pub(super) fn unix(text: &str) -> Option<Timestamp> {
    let number: f64 = text.parse().ok()?;
    if !number.is_finite() {
        return None;
    }
    let millis = if number.abs() >= 1e11 { number } else { number * 1000.0 };
    Some(Timestamp::from_millis(millis as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        fn check(input: &str, expected: Option<&str>) {
            assert_eq!(parse(input).ok().map(|at| at.to_string()).as_deref(), expected, "{input}");
        }
        check("2014-01-21T20:26:05.383", Some("2014-01-21T20:26:05.383Z"));
        check("2014-01-21T20:26:05Z", Some("2014-01-21T20:26:05Z"));
        check("2014-01-21 20:26:05", Some("2014-01-21T20:26:05Z"));
        check("2014-01-21T20:26:05+08:00", Some("2014-01-21T12:26:05Z"));
        check("2020-02-02 20:20:02 +0000 UTC", Some("2020-02-02T20:20:02Z"));
        check("2020-02-02 20:20:02.5 +0000 UTC", Some("2020-02-02T20:20:02.5Z"));
        check("2020-02-02", Some("2020-02-02T00:00:00Z"));
        check("964982703", Some("2000-07-30T18:45:03Z"));
        check("1082040961.5", Some("2004-04-15T14:56:01.5Z"));
        check("964982703000", Some("2000-07-30T18:45:03Z"));
        check("", None);
        check("yesterday at noon", None);
        check("2020-02-30", None);
        check("昨天昨天昨天昨天", None);
        check("NaN", None);
    }
}
