//! A request of the protocol taken apart: JSON, and tensors in binary behind it.

use super::values::from_json;
use milieu_inference::{Data, DataType, Tensor};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A request as models take it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: Option<String>,
    /// Requests of one key are answered by one version.
    pub(super) key: Option<String>,
    pub(super) inputs: Vec<(String, Tensor)>,
    pub(super) wanted: Wanted,
}

/// Which outputs are wanted, and how.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Names, and whether in binary; all outputs where there are none.
    pub(super) outputs: Vec<(String, bool)>,
    /// Whether outputs that are not named are wanted in binary.
    pub(super) binary: bool,
}

/// Fields that are not known are parameters of others and mean nothing here.
#[derive(Deserialize)]
struct Wire<'a> {
    id: Option<String>,
    #[serde(default)]
    parameters: Parameters,
    #[serde(borrow)]
    inputs: Vec<WireInput<'a>>,
    #[serde(default)]
    outputs: Vec<WireOutput>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    binary_data_output: bool,
    binary_data_size: Option<usize>,
    binary_data: Option<bool>,
    key: Option<String>,
}

#[derive(Deserialize)]
struct WireInput<'a> {
    name: String,
    shape: Vec<usize>,
    datatype: String,
    #[serde(default)]
    parameters: Parameters,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireOutput {
    name: String,
    #[serde(default)]
    parameters: Parameters,
}

impl Request {
    /// Reads a body of which the first `header` bytes are JSON; all are where it is absent.
    ///
    /// # Errors
    /// In words, what is wrong.
    pub(super) fn read(body: &[u8], header: Option<usize>) -> Result<Self, String> {
        let (header, mut binary) = body
            .split_at_checked(header.unwrap_or(body.len()))
            .ok_or("Inference-Header-Content-Length is more than the body has")?;
        let wire: Wire<'_> =
            serde_json::from_slice(header).map_err(|error| format!("the request cannot be read: {error}"))?;
        let mut inputs = Vec::with_capacity(wire.inputs.len());
        for input in wire.inputs {
            let name = input.name.clone();
            let tensor = input.read(&mut binary).map_err(|error| format!("input {name}: {error}"))?;
            inputs.push((name, tensor));
        }
        if !binary.is_empty() {
            return Err(format!("{} bytes behind the tensors belong to none", binary.len()));
        }
        let all = wire.parameters.binary_data_output;
        let output = |output: WireOutput| (output.name, output.parameters.binary_data.unwrap_or(all));
        let outputs = wire.outputs.into_iter().map(output).collect();
        let wanted = Wanted { outputs, binary: all };
        Ok(Self { id: wire.id, key: wire.parameters.key, inputs, wanted })
    }
}

impl WireInput<'_> {
    /// The tensor, from its JSON or from the next bytes of what is left.
    fn read(self, binary: &mut &[u8]) -> Result<Tensor, String> {
        let data_type = DataType::from_name(&self.datatype)
            .ok_or_else(|| format!("{} is no datatype that is known here", self.datatype))?;
        let data = match (self.parameters.binary_data_size, self.data) {
            (Some(_), Some(_)) => return Err("has data both in JSON and in binary".into()),
            (Some(size), None) => {
                let (bytes, left) = binary
                    .split_at_checked(size)
                    .ok_or_else(|| format!("has {size} bytes, of which {} are there", binary.len()))?;
                *binary = left;
                Data::from_bytes(data_type, bytes)
                    .ok_or_else(|| format!("its {size} bytes are no values of {data_type}"))?
            }
            (None, Some(data)) => from_json(data_type, data.get())?,
            (None, None) => return Err("has no data".into()),
        };
        Tensor::new(self.shape, data).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn json_and_binary() {
        let body = br#"{"id":"7","inputs":[{"name":"x","shape":[2,1],"datatype":"FP32","data":[[1],[2.5]]}],
            "outputs":[{"name":"y"},{"name":"z","parameters":{"binary_data":true}}],"parameters":{"key":"ann"}}"#;
        let request = Request::read(body, None).unwrap();
        assert_eq!((request.id.as_deref(), request.key.as_deref()), (Some("7"), Some("ann")));
        let expected = Tensor::new(vec![2, 1], Data::F32(vec![1.0, 2.5])).unwrap();
        assert_eq!(request.inputs, [("x".to_owned(), expected)]);
        assert_eq!(request.wanted.outputs, [("y".to_owned(), false), ("z".to_owned(), true)]);

        let head =
            br#"{"inputs":[{"name":"x","shape":[2],"datatype":"INT8","parameters":{"binary_data_size":2}},
            {"name":"y","shape":[],"datatype":"FP32","parameters":{"binary_data_size":4}}],
            "parameters":{"binary_data_output":true}}"#;
        let body = [&head[..], &[7, 255], &1f32.to_le_bytes()].concat();
        let request = Request::read(&body, Some(head.len())).unwrap();
        assert_eq!(*request.inputs[0].1.data(), Data::I8(vec![7, -1]));
        assert_eq!(*request.inputs[1].1.data(), Data::F32(vec![1.0]));
        assert!(request.wanted.binary);
    }

    #[test]
    fn what_cannot_be_read() {
        fn check(inputs: &str, behind: &[u8], expected: &str) {
            let head = format!(r#"{{"inputs":[{inputs}]}}"#);
            let body = [head.as_bytes(), behind].concat();
            let error = Request::read(&body, Some(head.len())).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let input = |rest: &str| format!(r#"{{"name":"x","shape":[2],"datatype":"FP32"{rest}}}"#);
        check("1", b"", "cannot be read");
        check(&input(""), b"", "input x: has no data");
        check(&input(r#","data":[1]"#), b"", "[2] does not go with 1 values");
        check(&input(r#","data":[1,"two"]"#), b"", "input x: ");
        check(&input(r#","data":[1,2]"#), b"more", "4 bytes behind");
        check(&input(r#","parameters":{"binary_data_size":8}"#), b"1234567", "of which 7 are there");
        check(&input(r#","parameters":{"binary_data_size":7}"#), b"1234567", "no values of FP32");
        check(&input(r#","parameters":{"binary_data_size":8},"data":[1,2]"#), &[0; 8], "both");
        check(r#"{"name":"x","shape":[2],"datatype":"BYTES","data":["a","b"]}"#, b"", "no datatype");
        check(r#"{"name":"x","shape":[-1],"datatype":"FP32","data":[]}"#, b"", "cannot be read");
        assert!(Request::read(b"{}", Some(3)).unwrap_err().contains("more than the body has"));
        assert!(Request::read(b"", None).is_err());
    }
}
