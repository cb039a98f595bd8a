//! An answer of the protocol put together.

use super::request::Wanted;
use super::values::Flat;
use milieu_inference::{Answer, Port};
use serde::Serialize;
use std::collections::HashSet;

#[derive(Serialize)]
struct Wire<'a> {
    model_name: &'a str,
    model_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    outputs: Vec<WireOutput<'a>>,
}

#[derive(Serialize)]
struct WireOutput<'a> {
    name: &'a str,
    shape: &'a [usize],
    datatype: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Binary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Flat<'a>>,
}

#[derive(Serialize)]
struct Binary {
    binary_data_size: usize,
}

/// The body, and how many of its bytes are JSON where tensors follow.
///
/// # Errors
/// In words, which output is wanted and not there, or is wanted in JSON and has no form there.
pub(super) fn write(
    model: &str,
    answer: &Answer,
    ports: &[Port],
    id: Option<String>,
    wanted: &Wanted,
) -> Result<(Vec<u8>, Option<usize>), String> {
    let named = answer.outputs.iter().zip(ports);
    let chosen: Vec<_> = if wanted.outputs.is_empty() {
        named.map(|(tensor, port)| (tensor, port, wanted.binary)).collect()
    } else {
        let mut seen = HashSet::new();
        let find = |(name, binary): &(String, bool)| {
            if !seen.insert(name.clone()) {
                return Err(format!("the output {name} is wanted twice"));
            }
            let found = named.clone().find(|(_, port)| port.name == *name);
            found
                .map(|(tensor, port)| (tensor, port, *binary))
                .ok_or_else(|| format!("there is no output {name}"))
        };
        wanted.outputs.iter().map(find).collect::<Result<_, _>>()?
    };
    let mut behind = Vec::new();
    let mut any = false;
    let outputs = chosen
        .into_iter()
        .map(|(tensor, port, binary)| {
            let (parameters, data) = match binary {
                true => {
                    let bytes = tensor.data().to_bytes();
                    behind.extend_from_slice(&bytes);
                    any = true;
                    (Some(Binary { binary_data_size: bytes.len() }), None)
                }
                false => (None, Some(Flat(tensor.data()))),
            };
            let datatype = tensor.data_type().name();
            WireOutput { name: &port.name, shape: tensor.shape(), datatype, parameters, data }
        })
        .collect();
    let wire = Wire { model_name: model, model_version: &answer.version, id, outputs };
    let mut body = serde_json::to_vec(&wire).map_err(|error| error.to_string())?;
    let length = any.then_some(body.len());
    body.extend(behind);
    Ok((body, length))
}
