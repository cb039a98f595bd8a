//! The Open Inference Protocol by a client written by hand.

use crate::client::{Running, registry};
use crate::models::{NAME, SIDE, publish_colours};
use serde_json::{Value, json};

const INFER: &str = "/v2/models/colours/infer";

fn server() -> (tempfile::TempDir, Running) {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    publish_colours(&registry, 10.0, 0);
    publish_colours(&registry, 10.0, 1);
    let server = Running::start(data.path(), &[]);
    (data, server)
}

/// Pixels of as many pictures, of which each has one value in all of one channel.
fn pixels(pictures: &[(usize, f32)]) -> Vec<f32> {
    let plane = SIDE * SIDE;
    let value = |channel: usize, (of, value): (usize, f32)| if channel == of { value } else { 0.0 };
    let picture = |&picture: &(usize, f32)| {
        (0..3).flat_map(move |channel| std::iter::repeat_n(value(channel, picture), plane))
    };
    pictures.iter().flat_map(picture).collect()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn what_the_server_says_of_itself() {
    let (_data, server) = server();
    let get = |path: &str| server.done("GET", path, &Value::Null);
    let about = get("/v2");
    assert_eq!((&about["name"], &about["extensions"]), (&json!("milieu"), &json!(["binary_tensor_data"])));
    assert_eq!(get("/v2/health/live"), json!({"live": true}));
    assert_eq!(get("/v2/health/ready"), json!({"ready": true}));
    let expected = json!({
        "name": NAME,
        "versions": ["1"],
        "platform": "rten_onnx",
        "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, 3, 8, 8]}],
        "outputs": [{"name": "logits", "datatype": "FP32", "shape": [-1, 3]}],
    });
    assert_eq!(get("/v2/models/colours"), expected);
    assert_eq!(get("/v2/models/colours/versions/1"), expected);
    assert_eq!(get("/v2/models/colours/ready"), json!({"name": NAME, "ready": true}));
    assert_eq!(get("/v2/models/colours/versions/1/ready")["ready"], true);

    server.done("POST", "/v1/models/colours/canary", &json!({"version": 2, "share": 0.01}));
    assert_eq!(get("/v2/models/colours")["versions"], json!(["1", "2"]));
    let missing = |path: &str| {
        let reply = server.get(path);
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.json()["error"].is_string(), "{path}");
    };
    missing("/v2/models/other");
    missing("/v2/models/other/ready");
    missing("/v2/models/colours/versions/3");
    missing("/v2/models/colours/versions/x/ready");
}

#[test]
fn tensors_in_json() {
    let (_data, server) = server();
    let values = pixels(&[(0, 0.5), (2, 0.25)]);
    let rows: Vec<&[f32]> = values.chunks(SIDE).collect();
    // Flat and nested lists are the same; the shape says how they are read.
    for data in [json!(values), json!(rows)] {
        let request = json!({
            "id": "a7",
            "inputs": [{"name": "pixels", "shape": [2, 3, 8, 8], "datatype": "FP32", "data": data}],
        });
        let found = server.done("POST", INFER, &request);
        let expected = json!({
            "model_name": NAME,
            "model_version": "1",
            "id": "a7",
            "outputs": [{
                "name": "logits",
                "shape": [2, 3],
                "datatype": "FP32",
                "data": [5.0, 0.0, 0.0, 0.0, 0.0, 2.5],
            }],
        });
        assert_eq!(found, expected);
    }
    server.done("POST", "/v1/models/colours/canary", &json!({"version": 2, "share": 0.01}));
    let request = json!({
        "inputs": [{"name": "pixels", "shape": [1, 3, 8, 8], "datatype": "FP32", "data": pixels(&[(0, 1.0)])}],
    });
    let found = server.done("POST", "/v2/models/colours/versions/2/infer", &request);
    assert_eq!(
        (&found["model_version"], &found["outputs"][0]["data"]),
        (&json!("2"), &json!([0.0, 10.0, 0.0]))
    );
}

#[test]
fn tensors_in_binary() {
    let (_data, server) = server();
    let tensor = bytes(&pixels(&[(1, 0.75)]));
    let input = |size: usize| {
        json!({
            "name": "pixels",
            "shape": [1, 3, 8, 8],
            "datatype": "FP32",
            "parameters": {"binary_data_size": size},
        })
    };
    let send = |head: &Value| {
        let head = head.to_string();
        let length = format!("Inference-Header-Content-Length: {}", head.len());
        let headers = ["content-type: application/octet-stream", &length];
        server.call("POST", INFER, &headers, &[head.as_bytes(), &tensor].concat())
    };
    // Binary in, JSON out.
    let reply = send(&json!({"inputs": [input(tensor.len())]}));
    assert_eq!(reply.json()["outputs"][0]["data"], json!([0.0, 7.5, 0.0]));
    // Binary both ways, asked for all outputs or for one.
    for head in [
        json!({"inputs": [input(tensor.len())], "parameters": {"binary_data_output": true}}),
        json!({
            "inputs": [input(tensor.len())],
            "outputs": [{"name": "logits", "parameters": {"binary_data": true}}],
        }),
    ] {
        let reply = send(&head);
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("content-type"), Some("application/octet-stream"));
        let length: usize = reply.header("inference-header-content-length").unwrap().parse().unwrap();
        let (head, behind) = reply.body.split_at(length);
        let head: Value = serde_json::from_slice(head).unwrap();
        assert_eq!(head["outputs"][0]["parameters"], json!({"binary_data_size": 12}));
        assert_eq!(behind, bytes(&[0.0, 7.5, 0.0]));
    }
    let faulty = |head: &Value, expected: &str| {
        let reply = send(head);
        let error = reply.json()["error"].as_str().unwrap_or_default().to_owned();
        assert_eq!(reply.status, 400, "{error}");
        assert!(error.contains(expected), "{error}");
    };
    faulty(&json!({"inputs": [input(tensor.len() + 4)]}), "of which");
    faulty(&json!({"inputs": [input(tensor.len() - 4)]}), "191 values");
    faulty(
        &json!({"inputs": [input(tensor.len())], "outputs": [{"name": "other"}]}),
        "there is no output other",
    );
}

#[test]
fn what_is_no_input_is_refused_in_the_protocols_words() {
    let (_data, server) = server();
    let refused = |body: &str, status: u16, expected: &str| {
        let reply = server.post(INFER, body.as_bytes());
        let found = reply.json();
        assert_eq!(reply.status, status, "{found}");
        let error = found["error"].as_str().unwrap_or_default();
        assert!(error.contains(expected), "{error}");
    };
    let input = |name: &str, shape: &str, datatype: &str, data: &str| {
        format!(r#"{{"inputs":[{{"name":"{name}","shape":{shape},"datatype":"{datatype}","data":{data}}}]}}"#)
    };
    refused("", 400, "cannot be read");
    refused(r#"{"inputs":[]}"#, 400, "is missing");
    refused(&input("pixels", "[1]", "FP32", "[1]"), 400, "takes the shape [-1, 3, 8, 8]");
    refused(&input("pixels", "[1]", "INT8", "[1]"), 400, "takes FP32");
    refused(&input("pixels", "[2]", "FP32", "[1]"), 400, "does not go with");
    refused(&input("other", "[1]", "FP32", "[1]"), 400, "is missing");
    refused(&input("pixels", "[1]", "BYTES", "[1]"), 400, "no datatype");
    refused(&input("pixels", "[0,3,8,8]", "FP32", "[]"), 400, "0 rows");
}
