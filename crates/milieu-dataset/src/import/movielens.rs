//! MovieLens: `ratings`, `movies` and `tags`, as `.csv` with or without a header in any case
//! (ml-latest, 20m, 25m), with `::` between the fields (1m, 10m), or `u.data` and `u.item` (100k).
//!
//! * A rating of 4 or more is a `like`, a lower one a `click`; the rating is the value. Ratings are one
//!   for each user and film.
//! * A film is an item without author: title as text, genres as tags, then the 16 tags most often given
//!   to it by users. Its time is the first day of the year in its title (1970 for older ones and for
//!   those without a year), so that no rating comes before its film.
//! * A user is described where the first rating of theirs is read, with its time.

use super::fold::GivenTags;
use super::out::{Out, event_id, id, plain_event, plain_item, plain_user};
use super::{Reader, time};
use milieu_types::{EventKind, Timestamp};
use rustc_hash::FxHashSet;

const TAGS: usize = 0;
const MOVIES: usize = 1;

/// A rating from which on it is a like.
const LIKED: f32 = 4.0;

/// The genres of the flags at the end of a line of `u.item`, in order.
const GENRES_100K: [&str; 19] = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];

#[derive(Default)]
pub(super) struct MovieLens {
    given: GivenTags,
    users: FxHashSet<String>,
    begun: bool,
}

impl Reader for MovieLens {
    fn begin(&mut self, _role: usize) {
        self.begun = false;
    }

    fn line(&mut self, role: usize, line: &str, out: &mut Out) -> Result<(), String> {
        let fields = split(line)?;
        let first_line = !std::mem::replace(&mut self.begun, true);
        if first_line && fields[0].to_lowercase().ends_with("id") {
            return Ok(());
        }
        match role {
            TAGS => self.tag(&fields, out),
            MOVIES => self.movie(&fields, out),
            _ => self.rating(&fields, out),
        }
    }
}

impl MovieLens {
    fn tag(&mut self, fields: &[String], out: &mut Out) -> Result<(), String> {
        let [_, movie, tag, ..] = fields else {
            return Err(format!("a tag has user, movie, tag and time, this line {} fields", fields.len()));
        };
        self.given.add(movie, tag);
        out.skip("tags folded into their films");
        Ok(())
    }

    fn movie(&mut self, fields: &[String], out: &mut Out) -> Result<(), String> {
        let [movie, title, .., genres] = fields else {
            return Err(format!("a movie has id, title and genres, this line {} fields", fields.len()));
        };
        let mut item = plain_item(id("movieId", movie)?, first_day(year(title)));
        item.text = Some(title.clone()).filter(|title| !title.is_empty());
        if fields.len() == GENRES_100K.len() + 5 {
            let flags = fields[5..].iter().zip(GENRES_100K);
            item.tags = flags.filter(|(flag, _)| *flag == "1").map(|(_, genre)| genre.to_owned()).collect();
        } else {
            let known = genres.split('|').filter(|genre| !genre.is_empty() && !genre.starts_with('('));
            item.tags = known.map(str::to_owned).collect();
        }
        self.given.append(movie, &mut item.tags);
        out.item(item)
    }

    fn rating(&mut self, fields: &[String], out: &mut Out) -> Result<(), String> {
        let [user, movie, rating, rest @ ..] = fields else {
            return Err(format!(
                "a rating has user, movie, rating and time, this line {} fields",
                fields.len()
            ));
        };
        let value: f32 = rating.parse().map_err(|_| format!("not a rating: {rating:.20}"))?;
        let at = match rest.first() {
            Some(text) => time::unix(text).ok_or_else(|| format!("not a Unix time: {text:.20}"))?,
            None => out.options.at,
        };
        let kind = if value >= LIKED { EventKind::Like } else { EventKind::Click };
        let made = event_id("movielens", &[user, movie])?;
        let mut event = plain_event(made, kind, id("userId", user)?, id("movieId", movie)?, at);
        event.value = Some(value);
        if !self.users.contains(user) {
            out.user(plain_user(event.actor.clone(), at))?;
            self.users.insert(user.clone());
        }
        out.event(event)
    }
}

/// Fields of a line: `::`, tab, `|` (as in `u.item`) or comma with quotes.
fn split(line: &str) -> Result<Vec<String>, String> {
    if line.contains("::") {
        return Ok(line.split("::").map(str::to_owned).collect());
    }
    let bars = line.bytes().filter(|&byte| byte == b'|').count();
    for (separator, found) in [('\t', line.contains('\t')), ('|', bars == GENRES_100K.len() + 4)] {
        if found {
            return Ok(line.split(separator).map(|field| field.trim().to_owned()).collect());
        }
    }
    csv_fields(line)
}

/// Fields of one line of CSV after RFC 4180, without line ends inside quotes.
fn csv_fields(line: &str) -> Result<Vec<String>, String> {
    let mut fields = vec![];
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    if quoted {
        return Err("a quote is not closed".to_owned());
    }
    fields.push(field);
    Ok(fields)
}

/// The year in brackets at the end of a title.
fn year(title: &str) -> Option<i32> {
    let inside = title.trim_end().strip_suffix(')')?;
    let (_, year) = inside.rsplit_once('(')?;
    year.parse().ok().filter(|year| (1800..=2100).contains(year))
}

fn first_day(year: Option<i32>) -> Timestamp {
    let year = year.unwrap_or(1970).max(1970);
    Timestamp::parse(&format!("{year}-01-01T00:00:00Z")).unwrap_or_default()
}
