//! Tags of tokens, of the schemes BIO, BIOES and BILOU.

/// The label, the first token and the token behind the last of each part. What goes on with a part that was not begun begins
/// one, as in the script conlleval of the shared task of CoNLL 2000.
pub(super) fn stretches(tags: &[&str]) -> Result<Vec<(String, usize, usize)>, String> {
    let mut found: Vec<(String, usize, usize)> = Vec::new();
    let mut open = false;
    for (place, tag) in tags.iter().enumerate() {
        if *tag == "O" {
            open = false;
            continue;
        }
        let no_tag = || format!("{tag:?} is no tag like O, B-label or I-label");
        let (prefix, label) = tag.split_once(['-', '_']).ok_or_else(no_tag)?;
        let (begins, ends) = match prefix {
            "B" => (true, false),
            "I" | "M" => (false, false),
            "E" | "L" => (false, true),
            "S" | "U" => (true, true),
            _ => return Err(no_tag()),
        };
        if label.is_empty() {
            return Err(no_tag());
        }
        match found.last_mut() {
            Some(last) if open && !begins && last.0 == label => last.2 = place + 1,
            _ => found.push((label.to_owned(), place, place + 1)),
        }
        open = !ends;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_all_schemes() {
        fn check(tags: &str, expected: &str) {
            let tags: Vec<&str> = tags.split_whitespace().collect();
            let found = stretches(&tags);
            let found = found.map(|found| {
                let part = |(label, from, to): &(String, usize, usize)| format!("{label}:{from}-{to}");
                found.iter().map(part).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(found.unwrap_or_else(|_| "none".into()), expected, "{tags:?}");
        }
        check("", "");
        check("O B-a I-a O B-a", "a:1-3 a:4-5");
        check("B-a B-a I-b", "a:0-1 a:1-2 b:2-3");
        check("S-a B-a E-a I-a", "a:0-1 a:1-3 a:3-4");
        check("U-a B-b I-b L-b O I-b", "a:0-1 b:1-4 b:5-6");
        check("B-a-b I-a-b", "a-b:0-2");
        check("B-", "none");
        check("X-a", "none");
        check("a", "none");
    }
}
