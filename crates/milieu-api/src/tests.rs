use crate::{
    ApiError, Clock, ParsedEvents, read_item, read_item_patch, read_user, read_user_patch, read_users,
};
use milieu_types::{ErrorCode as E, Id, Timestamp};

const NOW: Timestamp = Timestamp::from_secs(1_795_507_200);
const LATEST: Timestamp = Timestamp::from_secs(1_795_507_500);
const CLOCK: Clock = Clock { now: NOW, latest: LATEST };

type Refusal<'a> = Option<(E, Option<&'a str>)>;

fn refusal<T>(result: &Result<T, ApiError>) -> Refusal<'_> {
    result.as_ref().err().map(|error| (error.code, error.field.as_deref()))
}

#[test]
fn events() {
    fn check(body: &str, expected: Refusal<'_>) {
        let result = ParsedEvents::read(body.as_bytes(), NOW, LATEST, 3);
        assert_eq!(refusal(&result), expected, "{body}: {result:?}");
    }
    const A: &str = r#"{"type":"like","actor":"ann","object":"p"}"#;
    let second = |event: &str| format!("[{A},{event}]");
    check(A, None);
    check(&format!("[{A},{A},{A}]"), None);
    check(&format!(r#" {{ "events" : [{A}] }} "#), None);
    check("[]", None);
    check(&format!("[{A},{A},{A},{A}]"), Some((E::BatchTooLarge, Some("events"))));
    check("", Some((E::InvalidJson, None)));
    check("{", Some((E::InvalidJson, None)));
    check("nonsense", Some((E::InvalidJson, None)));
    check(&format!(r#"{{"events":[{A}],"more":1}}"#), Some((E::InvalidJson, None)));
    check(
        &second(r#"{"type":"lick","actor":"a","object":"p"}"#),
        Some((E::InvalidEvent, Some("events[1].type"))),
    );
    check(&second(r#"{"type":"like","actor":"a"}"#), Some((E::InvalidEvent, Some("events[1].object"))));
    check(
        &second(r#"{"type":"like","actor":5,"object":"p"}"#),
        Some((E::InvalidEvent, Some("events[1].actor"))),
    );
    check(r#"{"type":"like","actor":"a","object":"p","colour":1}"#, Some((E::InvalidEvent, Some("colour"))));
    let with = |field: &str| second(&format!(r#"{{"type":"like","actor":"a","object":"p",{field}}}"#));
    check(&with(r#""colour":1"#), Some((E::InvalidEvent, Some("events[1].colour"))));
    check(&with(r#""value":1e300"#), Some((E::InvalidEvent, Some("events[1].value"))));
    check(&with(r#""value":1e400"#), Some((E::InvalidEvent, Some("events[1].value"))));
    check(&with(r#""value":NaN"#), Some((E::InvalidJson, Some("events[1].value"))));
    check(&with(r#""value":-1"#), Some((E::InvalidEvent, Some("events[1].value"))));
    check(&with(r#""at":"9999-01-01T00:00:00Z""#), Some((E::InvalidTime, Some("events[1].at"))));
    check(&with(r#""at":"soon""#), Some((E::InvalidTime, Some("events[1].at"))));
    check(&with(&format!(r#""id":"{}""#, "x".repeat(300))), Some((E::InvalidId, Some("events[1].id"))));
    check(&with(r#""id":"~1""#), Some((E::InvalidId, Some("events[1].id"))));
    check(&with(r#""context":{"any":["thing"]}"#), None);
    check(
        &second(r#"{"type":"follow","actor":"a","object":"a"}"#),
        Some((E::InvalidEvent, Some("events[1].object"))),
    );
}

#[test]
fn an_event_is_read_whole() {
    let body = r#"{"events":[{"id":"e1","type":"dwell","actor":"ann","object":"a/b","target":"t","value":2.5,
        "at":"2026-11-24T08:00:00+00:00","context":{"k": 1}},{"type":"view","actor":"ann","object":"\u4f60"}]}"#;
    let read = ParsedEvents::read(body.as_bytes(), NOW, LATEST, 10).unwrap();
    let [first, second] = read.events.as_slice() else { panic!("two events") };
    assert_eq!(first.event.context.as_deref(), Some(r#"{"k": 1}"#));
    assert_eq!((first.event.value, first.at_given, first.event.object.as_str()), (Some(2.5), true, "a/b"));
    assert_eq!((second.event.at, second.at_given, second.event.object.as_str()), (NOW, false, "你"));
}

#[test]
fn users_and_items() {
    let id = Id::new("ann").unwrap();
    let user = |body: &str| read_user(body.as_bytes(), &id, CLOCK, |_| None);
    let item = |body: &str| read_item(body.as_bytes(), &id, CLOCK, |_| None);
    assert_eq!(refusal(&user("{}")), None);
    assert_eq!(refusal(&user(r#"{"id":"ben"}"#)), Some((E::InvalidId, Some("id"))));
    assert_eq!(refusal(&user(r#"{"tags":["a",""]}"#)), Some((E::InvalidUser, Some("tags[1]"))));
    assert_eq!(refusal(&user(r#"{"tags":["a",7]}"#)), Some((E::InvalidUser, Some("tags[1]"))));
    assert_eq!(refusal(&user(r#"{"at":"9999-01-01T00:00:00Z"}"#)), Some((E::InvalidTime, Some("at"))));
    assert_eq!(refusal(&item(r#"{"text":"hello"}"#)), None);
    assert_eq!(refusal(&item(r#"{"reply_to":"ann"}"#)), Some((E::InvalidItem, Some("reply_to"))));
    assert_eq!(refusal(&item(r#"{"author":""}"#)), Some((E::InvalidId, Some("author"))));
    assert_eq!(
        refusal(&item(r#"{"media":[{"kind":"smell","url":"u"}]}"#)),
        Some((E::InvalidItem, Some("media[0].kind")))
    );
    let users = read_users(br#"[{"id":"a"},{}]"#, CLOCK, 10, |_| None);
    assert_eq!(refusal(&users), Some((E::InvalidId, Some("users[1].id"))));
    let kept = read_user(b"{}", &id, CLOCK, |_| Some(Timestamp::from_secs(5))).unwrap();
    assert_eq!(kept.at, Timestamp::from_secs(5));
    let patch = read_user_patch(br#"{"name":null,"tags":[]}"#, id.clone()).unwrap();
    assert_eq!((patch.name, patch.tags, patch.language), (Some(None), Some(vec![]), None));
    let patch = read_item_patch(br#"{"author":"x"}"#, id);
    assert_eq!(refusal(&patch), Some((E::InvalidItem, Some("author"))));
}

#[test]
fn the_description_is_the_golden_one() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/openapi.json");
    let expected = std::fs::read_to_string(golden).unwrap_or_default();
    assert!(crate::openapi() == expected, "run `cargo xtask openapi`");
}
