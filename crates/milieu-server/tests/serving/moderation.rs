//! What harms in texts, as clients of OpenAI and of Perspective ask for it.

use crate::client::{Running, registry};
use crate::texts::publish;
use milieu_registry::ModelCard;
use serde_json::{Value, json};

/// Two models that know what harms, and one that does not. In the first `sun` is an insult and `drum` a threat, in the
/// second what is no `sun` is hate.
fn start(data: &std::path::Path, settings: &[&str]) -> Running {
    let registry = registry(data);
    let card = |labels: [&str; 2], thresholds: Vec<f64>| ModelCard {
        task: "text_classification".to_owned(),
        labels: labels.map(str::to_owned).to_vec(),
        thresholds,
        ..ModelCard::default()
    };
    publish(&registry, "weather", true, card(["sunny", "loud"], Vec::new()));
    publish(&registry, "harm", true, card(["insult", "threat"], vec![0.9, 0.9]));
    publish(&registry, "hate", true, card(["not-hate", "hate"], Vec::new()));
    Running::start(data, settings)
}

#[test]
fn what_harms() {
    let data = tempfile::tempdir().unwrap();
    let server = start(data.path(), &[]);
    let asked = json!({"input": ["sun", "drum", "nothing", ""], "model": "omni-moderation-latest"});
    let found = server.done("POST", "/v1/moderations", &asked);
    assert_eq!(found["model"], "harm@1+hate@1");
    assert!(found["id"].as_str().unwrap().starts_with("modr-"));
    let result = |number: usize| &found["results"][number];
    let flags = |number: usize| -> Vec<&str> {
        let categories = result(number)["categories"].as_object().unwrap();
        categories.iter().filter(|(_, is)| **is == json!(true)).map(|(name, _)| name.as_str()).collect()
    };
    assert_eq!(flags(0), ["harassment"]);
    assert_eq!(flags(1), ["harassment/threatening", "hate"]);
    assert_eq!((flags(2), flags(3)), (vec![], vec![]));
    assert_eq!((&result(1)["flagged"], &result(3)["flagged"]), (&json!(true), &json!(false)));
    let names: Vec<&String> = result(3)["category_scores"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["harassment", "harassment/threatening", "hate"]);
    let score = |number: usize, name: &str| result(number)["category_scores"][name].as_f64().unwrap();
    assert!(score(0, "harassment") > 0.95 && score(0, "hate") < 0.05, "{found}");
    assert_eq!(score(3, "hate"), 0.0);
    let one = server.done("POST", "/v1/moderations", &json!({"input": "drum", "model": "hate"}));
    assert_eq!(
        (&one["model"], one["results"][0]["categories"].as_object().unwrap().len()),
        (&json!("hate@1"), 1)
    );
    let refused = |body: &str, status: u16, code: &str| {
        assert_eq!(
            server.post("/v1/moderations", body.as_bytes()).refusal(),
            (status, code.to_owned()),
            "{body}"
        );
    };
    refused(r#"{"input":"a","model":"weather"}"#, 400, "invalid_parameter");
    refused(r#"{"input":"a","model":"nobody"}"#, 404, "model_not_found");
    refused(r#"{"input":[]}"#, 400, "invalid_parameter");
}

#[test]
fn labels_stand_for_what_is_said() {
    let data = tempfile::tempdir().unwrap();
    let labels = "moderation.labels={'weather/loud'='violence', Insult='illicit', threat='none', 'other/hate'='sexual'}";
    let server = start(data.path(), &[labels]);
    let found = server.done("POST", "/v1/moderations", &json!({"input": ["sun", "drum"]}));
    assert_eq!(found["model"], "harm@1+hate@1+weather@1");
    let flags = |number: usize| found["results"][number]["categories"].clone();
    assert_eq!(flags(0), json!({"hate": false, "illicit": true, "violence": false}));
    assert_eq!(flags(1), json!({"hate": true, "illicit": false, "violence": true}));
    let asked =
        json!({"comment": {"text": "drum"}, "requestedAttributes": {"THREAT": {}, "IDENTITY_ATTACK": {}}});
    let scores = &server.done("POST", "/v1alpha1/comments:analyze", &asked)["attributeScores"];
    for name in ["THREAT", "IDENTITY_ATTACK"] {
        assert!(scores[name]["summaryScore"]["value"].as_f64().unwrap() > 0.9, "{name}: {scores}");
    }
}

#[test]
fn comments_as_perspective_takes_them() {
    let data = tempfile::tempdir().unwrap();
    let server = start(data.path(), &["moderation.models=[\"harm\"]"]);
    let path = "/v1alpha1/comments:analyze?key=any";
    let asked = json!({
        "comment": {"text": "sun"}, "languages": ["en"], "doNotStore": true, "clientToken": "me",
        "requestedAttributes": {"TOXICITY": {}, "INSULT": {}, "THREAT": {"scoreThreshold": 0.6}},
    });
    let found = server.done("POST", path, &asked);
    let scores = found["attributeScores"].as_object().unwrap();
    assert_eq!(scores.keys().collect::<Vec<_>>(), ["INSULT", "TOXICITY"]);
    assert_eq!(scores["TOXICITY"]["summaryScore"], scores["INSULT"]["summaryScore"]);
    assert!(scores["INSULT"]["summaryScore"]["value"].as_f64().unwrap() > 0.95);
    assert_eq!(scores["INSULT"]["spanScores"][0]["end"], 3);
    assert_eq!(found["clientToken"], "me");
    // A model of hate is not asked here.
    let refused = |body: Value, expected: (u16, &str)| {
        let answer = server.post(path, body.to_string().as_bytes());
        let error = answer.json()["error"].clone();
        assert_eq!(
            (answer.status, error["code"].as_u64()),
            (expected.0, Some(u64::from(expected.0))),
            "{error}"
        );
        assert_eq!(error["status"], expected.1, "{error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    };
    let invalid = (400, "INVALID_ARGUMENT");
    refused(json!({"comment": {"text": "a"}, "requestedAttributes": {"IDENTITY_ATTACK": {}}}), invalid);
    refused(json!({"comment": {"text": "a"}, "requestedAttributes": {}}), invalid);
    refused(json!({"comment": 7}), invalid);
}
