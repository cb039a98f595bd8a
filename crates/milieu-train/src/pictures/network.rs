//! A network as a file of a version, to be trained on.

use milieu_nn::{Layer, Parameters};

/// Layers in JSON, because they are written by a `kind` among their settings, which a format that does not
/// describe itself cannot read back; and with them what they learnt, in postcard.
type File = (String, Parameters);

/// The bytes of the file.
///
/// # Errors
/// In words, what cannot be written.
pub(crate) fn write(layers: &[Layer], parameters: &Parameters) -> Result<Vec<u8>, String> {
    let layers = serde_json::to_string(layers).map_err(|error| error.to_string())?;
    postcard::to_stdvec(&(layers, parameters)).map_err(|error| error.to_string())
}

/// The network in a file; `None` where it is damaged.
pub(crate) fn read(bytes: &[u8]) -> Option<(Vec<Layer>, Parameters)> {
    let (layers, parameters): File = postcard::from_bytes(bytes).ok()?;
    Some((serde_json::from_str(&layers).ok()?, parameters))
}

#[cfg(test)]
mod tests {
    use super::*;
    use milieu_models::image::Image;
    use milieu_nn::Network;

    #[test]
    fn what_is_written_is_read() {
        for image in [Image::Pooled { width: 4 }, Image::Residual { width: 4 }, Image::Mobile { width: 4 }] {
            let layers = image.layers(3);
            let (_, parameters) = Network::new(&layers, Image::input(16), 1).unwrap();
            let bytes = write(&layers, &parameters).unwrap();
            assert_eq!(read(&bytes), Some((layers, parameters)));
            assert_eq!(read(&bytes[..bytes.len() - 1]), None);
        }
    }
}
