//! What whoever writes a text is after, with and without models.

use crate::client::{Running, registry};
use crate::texts::publish;
use milieu_registry::ModelCard;
use serde_json::{Value, json};

fn asked(server: &Running, body: &Value) -> Value {
    server.done("POST", "/v1/analyze/text", body)["results"].clone()
}

#[test]
fn cues_alone() {
    let data = tempfile::tempdir().unwrap();
    let signs = "needs.signs={sells={cues=['one careful owner']}, thanks={}}";
    let server = Running::start(data.path(), &[signs]);
    let texts = ["请问有人知道吗", "one careful owner, for sale. Thanks!", "lovely weather", ""];
    let found = asked(&server, &json!({"texts": texts, "tasks": ["needs"]}));
    let question = json!([{"need": "asks_a_question", "score": null, "by": [
        {"text": "请问", "start": 0, "end": 2}, {"text": "有人知道", "start": 2, "end": 6}]}]);
    assert_eq!(found[0]["needs"], question);
    let own = json!([{"need": "sells", "score": null, "by": [{"text": "one careful owner", "start": 0, "end": 17}]}]);
    assert_eq!(found[1]["needs"], own);
    assert_eq!((&found[2]["needs"], &found[3]["needs"]), (&json!([]), &json!([])));
    assert_eq!(found[0]["language"], Value::Null);
    // Without tasks it is among them, and beside others only where it is named.
    assert_eq!(asked(&server, &json!({"text": "请问有人知道吗"}))[0]["needs"], question);
    assert_eq!(asked(&server, &json!({"text": "x", "tasks": ["language"]}))[0]["needs"], Value::Null);
}

#[test]
fn labels_of_models() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let card = |labels: [&str; 2]| ModelCard {
        task: "text_classification".to_owned(),
        labels: labels.map(str::to_owned).to_vec(),
        ..ModelCard::default()
    };
    publish(&registry, "intent", true, card(["BookRestaurant", "chat"]));
    publish(&registry, "weather", true, card(["sunny", "loud"]));
    let server = Running::start(data.path(), &["needs.signs={likes_noise={labels=['weather/loud']}}"]);
    let found = asked(&server, &json!({"text": "sun for sale", "tasks": ["needs"]}));
    let needs = found[0]["needs"].as_array().unwrap();
    assert_eq!(needs.len(), 2, "{found}");
    let by = &needs[0]["by"][0];
    assert_eq!(
        (&needs[0]["need"], &by["model"], &by["version"]),
        (&json!("wants_to_order"), &json!("intent"), &json!(1))
    );
    assert_eq!((&by["label"], &by["probability"]), (&json!("BookRestaurant"), &needs[0]["score"]));
    assert_eq!(needs[1]["need"], json!("sells"));
    // Models that were asked for needs alone say nothing else.
    assert_eq!(found[0]["tasks"], json!({}));
    let found = asked(&server, &json!({"text": "drum", "tasks": ["needs", "intent"], "top": 1}));
    assert_eq!(found[0]["needs"][0]["need"], json!("likes_noise"));
    assert_eq!(found[0]["tasks"].as_object().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["tasks"]["intent"]["labels"].as_array().unwrap().len(), 1);
}

#[test]
fn needs_of_an_item() {
    let data = tempfile::tempdir().unwrap();
    let server = Running::start(data.path(), &[]);
    let item = json!([{"id": "a", "author": "ann", "text": "谁能帮我搬家"}, {"id": "b"}]);
    server.done("POST", "/v1/items", &item);
    let needs = |id: &str| server.get(&format!("/v1/items/{id}/understood")).json()["needs"].clone();
    assert_eq!(needs("a")[0]["need"], json!("asks_for_help"));
    assert_eq!(needs("b"), json!([]));
}
