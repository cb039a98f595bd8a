//! Last.fm of HetRec 2011: `artists`, `user_artists`, `user_friends`, and, where they are there, `tags`
//! and `user_taggedartists` (tab-separated `.dat` with a header).
//!
//! * An artist is an item without author: name as text, the 16 tags most often given as tags.
//! * A listening count is one `like` whose value is the count. A friend tie is a `follow`; the file has
//!   both directions.
//! * A user is described where they are first met.
//! * The files have no times for any of this: everything carries the time of the options.

use super::Reader;
use super::fold::GivenTags;
use super::out::{Out, event_id, id, plain_event, plain_item, plain_user};
use milieu_types::EventKind;
use rustc_hash::{FxHashMap, FxHashSet};

const TAGS: usize = 0;
const TAGGED: usize = 1;
const ARTISTS: usize = 2;
const LISTENS: usize = 3;

#[derive(Default)]
pub(super) struct Lastfm {
    tags: FxHashMap<String, String>,
    given: GivenTags,
    users: FxHashSet<String>,
    begun: bool,
}

impl Reader for Lastfm {
    fn begin(&mut self, _role: usize) {
        self.begun = false;
    }

    fn line(&mut self, role: usize, line: &str, out: &mut Out) -> Result<(), String> {
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        let first_line = !std::mem::replace(&mut self.begun, true);
        if first_line && fields[0].to_lowercase().ends_with("id") {
            return Ok(());
        }
        match (role, fields.as_slice()) {
            (TAGS, [tag, value, ..]) => {
                self.tags.insert((*tag).to_owned(), (*value).to_owned());
                Ok(())
            }
            (TAGGED, [_, artist, tag, ..]) => {
                let tag = self.tags.get(*tag).ok_or_else(|| format!("no such tag: {tag:.20}"))?;
                self.given.add(artist, tag);
                out.skip("tags folded into their artists");
                Ok(())
            }
            (ARTISTS, [artist, name, ..]) => {
                let mut item = plain_item(id("id", artist)?, out.options.at);
                item.text = Some((*name).to_owned()).filter(|name| !name.is_empty());
                self.given.append(artist, &mut item.tags);
                out.item(item)
            }
            (LISTENS, [user, artist, weight, ..]) => self.listen(user, artist, weight, out),
            (_, [user, friend, ..]) if role > LISTENS => self.friend(user, friend, out),
            _ => Err(format!("has too few fields ({}), they are separated by tabs", fields.len())),
        }
    }
}

impl Lastfm {
    fn listen(&mut self, user: &str, artist: &str, weight: &str, out: &mut Out) -> Result<(), String> {
        let value: f32 = weight.parse().map_err(|_| format!("not a weight: {weight:.20}"))?;
        let made = event_id("lastfm", &["like", user, artist])?;
        let (actor, object) = (id("userID", user)?, id("artistID", artist)?);
        let mut event = plain_event(made, EventKind::Like, actor, object, out.options.at);
        event.value = Some(value);
        self.meet(user, out)?;
        out.event(event)
    }

    fn friend(&mut self, user: &str, friend: &str, out: &mut Out) -> Result<(), String> {
        let made = event_id("lastfm", &["follow", user, friend])?;
        let (actor, object) = (id("userID", user)?, id("friendID", friend)?);
        let event = plain_event(made, EventKind::Follow, actor, object, out.options.at);
        self.meet(user, out)?;
        self.meet(friend, out)?;
        out.event(event)
    }

    fn meet(&mut self, user: &str, out: &mut Out) -> Result<(), String> {
        if !self.users.contains(user) {
            out.user(plain_user(id("userID", user)?, out.options.at))?;
            self.users.insert(user.to_owned());
        }
        Ok(())
    }
}
