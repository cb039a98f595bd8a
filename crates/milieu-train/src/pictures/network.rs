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

/// Takes into `parameters` what a network in a file learnt: everything but the last layer that learns, which tells
/// its classes apart.
///
/// # Errors
/// In words, why it cannot.
pub(super) fn go_on_from(bytes: &[u8], parameters: &mut Parameters) -> Result<(), String> {
    let (_, learnt) = read(bytes).ok_or_else(|| "it is no network of this version, or damaged".to_owned())?;
    let layer = |name: &str| name.rsplit_once('.').map_or("", |(layer, _)| layer).to_owned();
    let last = parameters.iter().last().map(|parameter| layer(&parameter.name)).unwrap_or_default();
    for parameter in parameters.iter_mut().filter(|parameter| layer(&parameter.name) != last) {
        let found = learnt.named(&parameter.name).filter(|found| found.shape == parameter.shape);
        let found = found.ok_or_else(|| format!("it has other layers: {} differs", parameter.name))?;
        parameter.values.clone_from(&found.values);
    }
    Ok(())
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
    fn all_but_the_classes_are_taken() {
        let image = Image::Residual { width: 4 };
        let (_, parent) = Network::new(&image.layers(3), Image::input(16), 1).unwrap();
        let bytes = write(&image.layers(3), &parent).unwrap();
        let (_, first) = Network::new(&image.layers(5), Image::input(16), 2).unwrap();
        let mut taken = first.clone();
        go_on_from(&bytes, &mut taken).unwrap();
        let all: Vec<_> = taken.iter().collect();
        let (last, others) = all.split_last().unwrap();
        assert!(others.iter().all(|parameter| parent.named(&parameter.name) == Some(*parameter)));
        assert_eq!(Some(*last), first.named(&last.name));
        let refuse = |image: Image, bytes: &[u8], part: &str| {
            let (_, mut parameters) = Network::new(&image.layers(5), Image::input(16), 2).unwrap();
            let error = go_on_from(bytes, &mut parameters).unwrap_err();
            assert!(error.contains(part), "{error}");
        };
        refuse(Image::Residual { width: 8 }, &bytes, "it has other layers: 0.weight differs");
        refuse(Image::Mobile { width: 4 }, &bytes, "it has other layers");
        refuse(image, &bytes[..40], "damaged");
    }

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
