//! Every format on small inputs: what comes out, in which order, and what is bad and why.

use super::*;
use milieu_types::{Event, EventKind};
use proptest::prelude::*;

/// 2030-01-01.
const LATEST: Timestamp = Timestamp::from_secs(1_893_456_000);

/// Imports files of these names and contents from one directory.
fn import(format: Format, files: &[(&str, &[u8])]) -> (Vec<Result<Record, BadLine>>, Import) {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(dir.path().join(name), content).unwrap();
    }
    let mut import = open(format, &[dir.path().to_path_buf()], Options::new(LATEST)).unwrap();
    let entries = import.by_ref().collect();
    (entries, import)
}

/// One line for each entry, without event ids.
fn show(entry: &Result<Record, BadLine>) -> String {
    let list =
        |tags: &[String]| if tags.is_empty() { String::new() } else { format!(" [{}]", tags.join(",")) };
    let day = |at: &Timestamp| if *at == BASE_TIME { String::new() } else { format!(" @{at}") };
    match entry {
        Err(bad) => format!("bad {}: {}", bad.line, bad.reason),
        Ok(Record::PutUser(user)) => {
            let name = user.name.as_ref().map(|name| format!(" '{name}'")).unwrap_or_default();
            format!("user {}{name}{}{}", user.id, list(&user.tags), day(&user.at))
        }
        Ok(Record::PutItem(item)) => {
            let mut text = format!("item {}", item.id);
            item.author.iter().for_each(|author| text += &format!(" by {author}"));
            item.text.iter().for_each(|words| text += &format!(" {words:?}"));
            text += &list(&item.tags);
            item.reply_to.iter().for_each(|parent| text += &format!(" to {parent}"));
            item.language.iter().for_each(|language| text += &format!(" in {language}"));
            item.media.iter().for_each(|media| text += &format!(" {:?} {}", media.kind, media.url));
            text += if item.hidden { " hidden" } else { "" };
            text + &day(&item.at)
        }
        Ok(Record::Event(event)) => {
            let mut text = format!("{} {} > {}", event.kind.name(), event.actor, event.object);
            event.target.iter().for_each(|target| text += &format!(" > {target}"));
            event.value.iter().for_each(|value| text += &format!(" = {value}"));
            event.context.iter().for_each(|context| text += &format!(" {context}"));
            text + &day(&event.at)
        }
        Ok(Record::DeleteUser { id, .. }) => format!("delete user {id}"),
        Ok(Record::DeleteItem { id, .. }) => format!("delete item {id}"),
        Ok(other) => format!("{other:?}"),
    }
}

fn check(format: Format, files: &[(&str, &str)], expected: &[&str]) {
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let (entries, import) = import(format, &files);
    assert_eq!(entries.iter().map(show).collect::<Vec<_>>(), expected);
    let progress = import.progress();
    assert_eq!(progress.read, progress.total);
}

#[test]
fn names() {
    for format in Format::ALL {
        assert_eq!(Format::from_name(format.name()), Some(format));
    }
    assert_eq!(Format::from_name("xml"), None);
}

#[test]
fn jsonl() {
    check(
        Format::Jsonl,
        &[(
            "a.jsonl",
            "\u{feff}{\"user\":{\"id\":\"ann\",\"name\":\"Ann\",\"tags\":[\"tea\"]}}\r\n\
             {\"item\":{\"id\":\"p/1\",\"author\":\"ann\",\"text\":\"hi\",\"at\":\"2024-01-02T00:00:00Z\",\
             \"media\":[{\"kind\":\"image\",\"url\":\"u\"}]}}\n\n\
             {\"id\":\"e1\",\"type\":\"dwell\",\"actor\":\"ben\",\"object\":\"p/1\",\"value\":3.5,\"context\":{\"a\":[1]}}\n\
             {\"type\":\"lick\",\"actor\":\"ben\",\"object\":\"p/1\"}\n\
             {\"type\":\"like\",\"actor\":\"ben\",\"object\":\"p/1\",\"when\":1}\n\
             {\"type\":\"follow\",\"actor\":\"ben\",\"object\":\"ben\"}\n\
             {\"type\":\"like\",\"actor\":\"ben\",\"object\":\"p/1\",\"at\":\"9999-01-01T00:00:00Z\"}\n\
             {\"type\":\"like\",\"actor\":\"ben\",\"object\":\"p/1\",\"value\":1e39}\n\
             {\"id\":\"u1\",\"type\":\"undo\",\"actor\":\"ben\",\"object\":\"e1\"}\n\
             {\"item\":\n",
        )],
        &[
            "user ann 'Ann' [tea]",
            "item p/1 by ann \"hi\" Image u @2024-01-02T00:00:00Z",
            "dwell ben > p/1 = 3.5 {\"a\":[1]}",
            "bad 5: unknown variant `lick`, expected one of `view`, `click`, `dwell`, `like`, `reply`, `share`, \
             `quote`, `save`, `hide`, `report`, `follow`, `unfollow`, `block`, `unblock`, `mute`, `unmute`, \
             `message`, `join`, `undo`, `dismiss` at column 14",
            "bad 6: unknown field `when`, expected one of `id`, `type`, `actor`, `object`, `target`, `value`, \
             `at`, `context` at column 50",
            "bad 7: object: nobody can follow themselves",
            "bad 8: at: lies in the future (the latest allowed is 2030-01-01T00:00:00Z)",
            "bad 9: value: must be a number from 0 to 1000000000",
            "undo ben > e1",
            "bad 11: EOF while parsing a value at column 8",
        ],
    );
    check(
        Format::Jsonl,
        &[("a.jsonl", "[{\"type\":\"like\",\"actor\":\"a\",\"object\":\"b\"},\n {\"x\":1}, 3]")],
        &[
            "like a > b",
            "bad 2: unknown field `x`, expected one of `id`, `type`, `actor`, `object`, `target`, `value`, \
             `at`, `context` at column 4",
            "bad 2: invalid type: integer `3`, expected struct EventLine at column 1",
        ],
    );
    check(Format::Jsonl, &[("empty.jsonl", "")], &[]);
}

#[test]
fn activitystreams() {
    let note = r##"{"type":"Note","id":"https://x/1","attributedTo":"https://x/ann","published":"2024-05-01T10:00:00Z",
        "content":"<p>Hello <b>world</b> #Tea</p>","contentMap":{"de":"hallo","en":"<p>Hello <b>world</b> #Tea</p>"},
        "tag":[{"type":"Hashtag","name":"#Green"},{"type":"Mention","name":"@b"}],"to":["as:Public"],
        "attachment":[{"type":"Document","mediaType":"image/png","url":"https://x/p.png"}]}"##
        .replace('\n', "");
    let shown = "item https://x/1 by https://x/ann \"Hello world #Tea\" [green,tea] in en Image https://x/p.png \
                 @2024-05-01T10:00:00Z";
    let lines = [
        r#"{"type":"Person","id":"https://x/ann","preferredUsername":"ann","discoverable":false}"#,
        &format!(r#"{{"type":"Create","id":"https://x/c1","actor":"https://x/ann","object":{note}}}"#),
        r#"{"type":"Create","id":"c2","actor":"b","object":{"type":"Note","id":"r","content":"yes","inReplyTo":"https://x/1","to":["ann"]}}"#,
        r#"{"type":"Like","actor":{"id":"b"},"object":{"id":"https://x/1","type":"Note"}}"#,
        r#"{"type":["Announce"],"id":"a1","actor":"b","object":"https://x/1","published":"2024-05-02T00:00:00Z"}"#,
        r#"{"type":"Follow","id":"f1","actor":"b","object":"ann"}"#,
        r#"{"type":"Undo","actor":"b","object":{"type":"Follow","id":"f1","actor":"b","object":"ann"}}"#,
        r#"{"type":"Undo","actor":"b","object":"a1"}"#,
        r#"{"type":"Block","actor":"b","object":"c"}"#,
        r#"{"type":"Flag","id":"g","actor":"b","object":["p","q"]}"#,
        r#"{"type":"Delete","actor":"b","object":{"type":"Tombstone","id":"r"}}"#,
        r#"{"type":"Delete","actor":"b","object":"b"}"#,
        r#"{"type":"Accept","actor":"b","object":"f1"}"#,
        r#"{"type":"Add","actor":"b","object":"p","target":"bookmarks"}"#,
        r#"{"type":"Dance","actor":"b","object":"p"}"#,
        r#"{"type":"Like","object":"p"}"#,
        r#"{"type":"Like","actor":"b"}"#,
        r#"{"id":"x"}"#,
        r#"{"type":"Like","actor":"b","object":"p","published":"soon"}"#,
        "[]",
    ]
    .join("\n");
    let expected = [
        "user https://x/ann 'ann'",
        shown,
        "item r by b \"yes\" to https://x/1 hidden",
        "reply b > https://x/1 > r",
        "like b > https://x/1",
        "share b > https://x/1 @2024-05-02T00:00:00Z",
        "follow b > ann",
        "unfollow b > ann",
        "undo b > a1",
        "block b > c",
        "report b > p",
        "report b > q",
        "delete item r",
        "delete user b",
        "save b > p",
        "bad 15: unknown type Dance",
        "bad 16: actor is missing",
        "bad 17: object is missing",
        "bad 18: has no type",
        "bad 19: published: not a time: soon",
        "bad 20: has no type",
    ];
    check(Format::ActivityStreams, &[("a.jsonl", &lines)], &expected);
    let outbox = format!(
        "{{\"@context\":\"x\",\"type\":\"OrderedCollection\",\"orderedItems\":[{note},\n{{\"type\":\"Dance\"}}]}}"
    );
    check(Format::ActivityStreams, &[("outbox.json", &outbox)], &[shown, "bad 2: unknown type Dance"]);
}

#[test]
fn gorse() {
    check(
        Format::Gorse,
        &[
            (
                "users.jsonl",
                "{\"UserId\":\"1\",\"Labels\":{\"a\":[\"x\",\"y\"],\"e\":[0.1]},\"Comment\":\"Bob\"}\n{}",
            ),
            (
                "items.jsonl",
                "{\"ItemId\":\"i\",\"IsHidden\":true,\"Categories\":[\"c\"],\"Timestamp\":\"2020-02-02T20:20:02Z\",\
                 \"Labels\":[\"x\",\"c\"],\"Comment\":\"Title\"}\n\
                 {\"ItemId\":\"j\",\"Timestamp\":\"0001-01-01T00:00:00Z\",\"Labels\":null}",
            ),
            (
                "feedback.jsonl",
                "{\"FeedbackType\":\"star\",\"UserId\":\"1\",\"ItemId\":\"i\",\"Timestamp\":\"2021-01-02T00:00:00Z\",\"Value\":2}\n\
                 {\"FeedbackType\":\"read\",\"UserId\":\"1\",\"ItemId\":\"i\",\"Timestamp\":\"2021-01-01T00:00:00Z\",\"Value\":0}\n\
                 {\"FeedbackType\":\"xyz\",\"UserId\":\"2\",\"ItemId\":\"i\",\"Timestamp\":\"2021-01-03T00:00:00Z\"}\n\
                 {\"FeedbackType\":\"like\",\"UserId\":\"2\",\"ItemId\":\"i\",\"Timestamp\":\"bad\"}\n",
            ),
        ],
        &[
            "user 1 'Bob' [x,y]",
            "bad 2: missing field `UserId` at column 2",
            "item i \"Title\" [c,x] hidden @2020-02-02T20:20:02Z",
            "item j",
            "bad 4: Timestamp: not a time: bad",
            "view 1 > i @2021-01-01T00:00:00Z",
            "like 1 > i = 2 @2021-01-02T00:00:00Z",
            "click 2 > i @2021-01-03T00:00:00Z",
        ],
    );
}

#[test]
fn movielens() {
    let expected = [
        "item 1 \"Toy Story (1995)\" [Animation,Comedy,fun] @1995-01-01T00:00:00Z",
        "item 2 \"American President, The (1950)\" @1970-01-01T00:00:00Z",
        "user 7 @2000-07-30T18:45:03Z",
        "bad 4: not a rating: x",
        "click 7 > 2 = 3.5 @2000-07-30T18:45:02Z",
        "like 7 > 1 = 4 @2000-07-30T18:45:03Z",
    ];
    check(
        Format::MovieLens,
        &[
            ("tags.csv", "userId,movieId,tag,timestamp\r\n7,1,Fun,1\r\n"),
            (
                "movies.csv",
                "movieId,title,genres\r\n1,Toy Story (1995),Animation|Comedy\r\n\
                 2,\"American President, The (1950)\",(no genres listed)\r\n",
            ),
            (
                "ratings.csv",
                "userid,movieid,rating,timestamp\r\n7,1,4.0,964982703\r\n7,2,3.5,964982702\r\n7,2,x,1\r\n",
            ),
        ],
        &expected,
    );
    check(
        Format::MovieLens,
        &[("movies.dat", "1::Heat: part :2 (1995)::Action|Crime"), ("ratings.dat", "7::1::5::978300760")],
        &[
            "item 1 \"Heat: part :2 (1995)\" [Action,Crime] @1995-01-01T00:00:00Z",
            "user 7 @2000-12-31T22:12:40Z",
            "like 7 > 1 = 5 @2000-12-31T22:12:40Z",
        ],
    );
    check(
        Format::MovieLens,
        &[
            ("u.item", "1|GoldenEye (1995)|01-Jan-1995||http://x|0|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0|1|0|0"),
            ("u.data", "196\t1\t3\t881250949"),
        ],
        &[
            "item 1 \"GoldenEye (1995)\" [Action,Adventure,Thriller] @1995-01-01T00:00:00Z",
            "user 196 @1997-12-04T15:55:49Z",
            "click 196 > 1 = 3 @1997-12-04T15:55:49Z",
        ],
    );
}

#[test]
fn lastfm() {
    check(
        Format::LastfmHetrec,
        &[
            ("tags.dat", "tagID\ttagValue\n1\tMetal\n"),
            (
                "user_taggedartists.dat",
                "userID\tartistID\ttagID\tday\tmonth\tyear\n2\t51\t1\t1\t4\t2009\n2\t51\t9\t1\t4\t2009\n",
            ),
            ("artists.dat", "id\tname\turl\tpictureURL\n51\tDuran Duran\thttp://x\thttp://y\n52\n"),
            ("user_artists.dat", "userID\tartistID\tweight\n2\t51\t13883\n2\t51\tmany\n"),
            ("user_friends.dat", "userID\tfriendID\n2\t275\n275\t2\n3\t3\n"),
        ],
        &[
            "bad 3: no such tag: 9",
            "item 51 \"Duran Duran\" [metal]",
            "bad 3: has too few fields (1), they are separated by tabs",
            "user 2",
            "bad 3: not a weight: many",
            "user 275",
            "user 3",
            "bad 4: object: nobody can follow themselves",
            "like 2 > 51 = 13883",
            "follow 2 > 275",
            "follow 275 > 2",
        ],
    );
}

#[test]
fn edges() {
    check(
        Format::Edges,
        &[("a.txt", "# comment\n0 1\n1\t2\n2, 3\n\"4\" 4\n5\n")],
        &[
            "user 0",
            "user 1",
            "user 2",
            "user 3",
            "user 4",
            "bad 5: object: nobody can follow themselves",
            "bad 6: an edge has at least two columns",
            "follow 0 > 1",
            "follow 1 > 2",
            "follow 2 > 3",
        ],
    );
    check(
        Format::Edges,
        &[("a.csv", "source,target,rating,time\na,b,-3,1289241911.5\nb,a,5,1289241912\n")],
        &[
            "user a @2010-11-08T18:45:11.5Z",
            "user b @2010-11-08T18:45:11.5Z",
            "mute a > b = 3 @2010-11-08T18:45:11.5Z",
            "follow b > a = 5 @2010-11-08T18:45:12Z",
        ],
    );
    check(
        Format::Edges,
        &[("a.txt", "src dst time\n1 2 1082040961\n")],
        &[
            "user 1 @2004-04-15T14:56:01Z",
            "user 2 @2004-04-15T14:56:01Z",
            "follow 1 > 2 @2004-04-15T14:56:01Z",
        ],
    );
    check(
        Format::Edges,
        &[("a.txt", "1 2 1082040961\n1 2 0.5\n1 2 x\n")],
        &[
            "user 1 @2004-04-15T14:56:01Z",
            "user 2 @2004-04-15T14:56:01Z",
            "bad 3: not a weight: x",
            "follow 1 > 2 @2004-04-15T14:56:01Z",
            "follow 1 > 2 = 0.5",
        ],
    );
}

#[test]
fn stackexchange() {
    check(
        Format::StackExchange,
        &[
            (
                "Users.xml",
                "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<users>\r\n\
                 <row Id=\"1\" CreationDate=\"2014-01-21T10:00:00.000\" DisplayName=\"A &amp; B\" />\r\n\
                 <row Id=\"2\" CreationDate=\"2014-01-21T10:00:00.000\" DisplayName=\"Cy\" />\r\n</users>\r\n",
            ),
            (
                "Posts.xml",
                "<posts>\n\
                 <row Id=\"10\" PostTypeId=\"1\" CreationDate=\"2014-01-22T10:00:00.000\" OwnerUserId=\"1\" \
                 Title=\"Why?\" Body=\"&lt;p&gt;So &amp;amp; so&lt;/p&gt;&#xA;\" Tags=\"&lt;hops&gt;&lt;ale&gt;\" />\n\
                 <row Id=\"11\" PostTypeId=\"2\" ParentId=\"10\" CreationDate=\"2014-01-24T10:00:00.000\" OwnerUserId=\"2\" Body=\"Because\" />\n\
                 <row Id=\"12\" PostTypeId=\"5\" CreationDate=\"2014-01-24T10:00:00.000\" />\n\
                 <row Id=\"x\" PostTypeId=\"1\" />\n\
                 <row Id=\"13\" PostTypeId=\"1\" Body=\"cut\n\
                 <row Id=\"14\" PostTypeId=\"1\" CreationDate=\"2014-02-01T10:00:00.000\" Tags=\"|a|b|\" />\n</posts>",
            ),
            (
                "Comments.xml",
                "<row Id=\"1\" PostId=\"10\" Text=\"Hm &quot;x&quot;\" CreationDate=\"2014-01-23T10:00:00\" UserId=\"2\" />\n\
                 <row Id=\"2\" PostId=\"10\" Text=\"gone\" CreationDate=\"2014-01-23T10:00:00\" />\nrubbish\n",
            ),
            (
                "Votes.xml",
                "<row Id=\"1\" PostId=\"11\" VoteTypeId=\"1\" CreationDate=\"2014-01-25T00:00:00.000\" />\n\
                 <row Id=\"2\" PostId=\"10\" VoteTypeId=\"2\" CreationDate=\"2014-01-25T00:00:00.000\" />\n\
                 <row Id=\"3\" PostId=\"10\" VoteTypeId=\"5\" UserId=\"2\" CreationDate=\"2014-01-26T00:00:00.000\" />\n",
            ),
        ],
        &[
            "user 1 'A & B' @2014-01-21T10:00:00Z",
            "user 2 'Cy' @2014-01-21T10:00:00Z",
            "item 10 by 1 \"Why?\\n\\nSo & so\" [hops,ale] @2014-01-22T10:00:00Z",
            "item 11 by 2 \"Because\" [hops,ale] to 10 @2014-01-24T10:00:00Z",
            "bad 5: Id: not a number: x",
            "bad 6: broken XML: syntax error: attribute value not closed: `\"` not found before end of input",
            "item 14 [a,b] @2014-02-01T10:00:00Z",
            "bad 3: is no <row .../>",
            "reply 2 > 10 {\"text\":\"Hm \\\"x\\\"\"} @2014-01-23T10:00:00Z",
            "follow 2 > 1 @2014-01-23T10:00:00Z",
            "reply 2 > 10 > 11 @2014-01-24T10:00:00Z",
            "like 1 > 11 @2014-01-25T00:00:00Z",
            "save 2 > 10 @2014-01-26T00:00:00Z",
        ],
    );
}

#[test]
fn refuses_to_begin() {
    fn check(format: Format, name: &str, content: &[u8], expected: &str) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        let error = open(format, &[path], Options::new(LATEST)).err().unwrap().to_string();
        assert!(error.ends_with(expected), "{error}");
    }
    check(
        Format::Edges,
        "a.zip",
        b"PK\x03\x04....",
        "is a zip archive; unpack it first (plain files and gzip are read as they are)",
    );
    check(
        Format::Gorse,
        "people.jsonl",
        b"",
        "no file of the format gorse; looked for users.jsonl, items.jsonl, feedback.jsonl",
    );
    let missing = open(Format::Edges, &["/nonexistent/x".into()], Options::new(LATEST)).err().unwrap();
    assert!(matches!(missing, ImportError::Io { .. }));
}

#[test]
fn gzip_and_a_torn_end() {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    (0..20_000).for_each(|n| writeln!(packed, "{n} {}", n * 7919 % 100_003 + 20_000).unwrap());
    let packed = packed.finish().unwrap();
    let count = |content: &[u8]| {
        let (entries, _) = import(Format::Edges, &[("a.txt.GZ", content)]);
        let bad: Vec<_> = entries.iter().filter(|entry| entry.is_err()).map(show).collect();
        let events = entries.iter().filter(|entry| matches!(entry, Ok(Record::Event(_)))).count();
        (events, bad)
    };
    assert_eq!(count(&packed), (20_000, vec![]));
    let (events, bad) = count(&packed[..packed.len() / 2]);
    assert!(events > 1000 && events < 20_000, "{events}");
    assert!(bad.last().unwrap().contains("cannot be read further"), "{bad:?}");
}

#[test]
fn the_same_files_make_the_same_records() {
    let files: [(&str, &[u8]); 1] = [("a.txt", b"1 2\n2 3 0.5\n3 4 1082040961\n1 2\n")];
    let (first, _) = import(Format::Edges, &files);
    let (second, _) = import(Format::Edges, &files);
    assert_eq!(first, second);
    let ids: Vec<_> = first
        .iter()
        .filter_map(|entry| match entry {
            Ok(Record::Event(Event { id, kind: EventKind::Follow, .. })) => id.clone(),
            _ => None,
        })
        .collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
}

/// Bytes made of pieces that the readers look for, and of noise.
fn nasty() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: [&str; 34] = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ":",
        ",",
        "\n",
        "\r\n",
        "\\",
        "<",
        ">",
        "<row Id=\"1\" ",
        "/>",
        "&#",
        "&lt;",
        ";",
        "\"orderedItems\":[",
        "\"type\":\"Like\"",
        "\"actor\":\"a\"",
        "\"object\":",
        "{\"user\":{",
        "::",
        "\t",
        "|",
        "1 2 ",
        "1e999",
        "-",
        "é",
        "用户",
        "\u{feff}",
        "#",
        "CreationDate=\"2014-01-01\" ",
        "<a",
    ];
    let piece = prop_oneof![
        4 => (0..PIECES.len()).prop_map(|n| PIECES[n].as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..6),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics(content in nasty(), packed in any::<bool>()) {
        let content = if packed { [b"\x1f\x8b", content.as_slice()].concat() } else { content };
        for format in Format::ALL {
            for role in super::files::first_names(format) {
                let (entries, _) = import(format, &[(role, &content)]);
                prop_assert!(entries.len() <= 4 * content.len() + 4);
            }
        }
    }

    #[test]
    fn text_helpers_never_panic(content in nasty()) {
        let content = String::from_utf8_lossy(&content);
        let stripped = text::strip_html(&content);
        prop_assert!(stripped.len() <= content.len());
        prop_assert!(text::hashtags(&content).len() <= content.len());
    }
}
