//! What a picture shows, for pictures of all sorts.

use crate::client::{Running, registry};
use crate::models::{AT, NAME, card, colours, plain, publish, publish_colours};
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, Frame, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::{Value, json};

/// Red at the left, blue at the right, the red half larger.
fn halves() -> RgbImage {
    RgbImage::from_fn(40, 24, |x, _| if x < 28 { Rgb([250, 10, 20]) } else { Rgb([10, 20, 250]) })
}

fn jpeg(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8).unwrap();
    bytes
}

/// Puts an EXIF segment that says "turned by a quarter" behind the first marker of a JPEG.
fn turned(jpeg: &[u8]) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([6, 0, 0, 0, 0, 0, 0]);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

fn animation() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for colour in [Rgba([10, 250, 20, 255]), Rgba([10, 20, 250, 255])] {
        encoder.encode_frame(Frame::new(RgbaImage::from_pixel(16, 16, colour))).unwrap();
    }
    drop(encoder);
    bytes
}

/// A PNG header that states a size, and nothing behind it that goes with it.
fn header_of(side: u32) -> Vec<u8> {
    let mut bytes = plain([0; 3]);
    bytes[16..20].copy_from_slice(&side.to_be_bytes());
    bytes[20..24].copy_from_slice(&side.to_be_bytes());
    let sum = !bytes[12..29].iter().fold(!0u32, |sum, &byte| {
        (0..8).fold(
            sum ^ u32::from(byte),
            |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 },
        )
    });
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

#[test]
fn pictures_of_all_sorts() {
    let data = tempfile::tempdir().unwrap();
    publish_colours(&registry(data.path()), 10.0, 0);
    let server = Running::start(data.path(), &["inference.request_bytes=100000"]);
    let shows = |bytes: &[u8], label: &str, size: (u32, u32)| {
        let reply = server.post("/v1/analyze/image", bytes);
        let found = reply.json();
        assert_eq!(reply.status, 200, "{found}");
        assert_eq!(found["labels"][0]["label"], label, "{found}");
        assert_eq!((&found["width"], &found["height"]), (&json!(size.0), &json!(size.1)));
        assert_eq!((&found["model"], &found["version"]), (&json!(NAME), &json!(1)));
    };
    shows(&plain([250, 10, 20]), "red", (8, 8));
    shows(&jpeg(&halves()), "red", (40, 24));
    shows(&turned(&jpeg(&halves())), "red", (24, 40));
    // Of an animation, the first picture, as for training.
    shows(&animation(), "green", (16, 16));
    // Four colours of print: half red, half cyan, so that no channel has more than another.
    let print = server.post("/v1/analyze/image", include_bytes!("../../../../testdata/pictures/cmyk.jpg"));
    let found = print.json();
    assert_eq!((&found["width"], &found["height"]), (&json!(16), &json!(12)), "{found}");
    assert!((found["labels"][0]["probability"].as_f64().unwrap() - 1.0 / 3.0).abs() < 0.1, "{found}");

    let refused = |bytes: &[u8], status: u16, code: &str| {
        assert_eq!(server.post("/v1/analyze/image", bytes).refusal(), (status, code.to_owned()));
    };
    refused(b"", 400, "invalid_picture");
    refused(b"GIF89a", 400, "invalid_picture");
    refused(b"no picture at all", 400, "invalid_picture");
    refused(&jpeg(&halves())[..40], 400, "invalid_picture");
    refused(&plain([0; 3])[..50], 400, "invalid_picture");
    refused(&milieu_media::png(&[0; 27], 3, 3).unwrap(), 400, "invalid_picture");
    refused(&header_of(50_000), 413, "picture_too_large");
    refused(&vec![0; 100_001], 413, "body_too_large");
    // A JPEG that is cut later is refused or decoded with grey in the missing part, and never breaks anything.
    let whole = jpeg(&halves());
    for length in (40..whole.len()).step_by(29) {
        let reply = server.post("/v1/analyze/image", &whole[..length]);
        assert!([200, 400].contains(&reply.status), "cut at {length}: {}", reply.status);
    }
}

#[test]
fn labels_and_probabilities() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let model = colours(2.0, 0);
    publish(&registry, NAME, &model, &milieu_registry::ModelCard { temperature: Some(4.0), ..card(&model) });
    registry.promote(NAME, 1, AT).unwrap();
    let server = Running::start(data.path(), &[]);
    let found = server.post("/v1/analyze/image?top=2", &plain([255, 0, 0])).json();
    let labels = found["labels"].as_array().unwrap();
    assert_eq!(labels.len(), 2);
    // Logits of 2, 0, 0 at a temperature of 4.
    let expected = 0.5f64.exp() / (0.5f64.exp() + 2.0);
    assert!((labels[0]["probability"].as_f64().unwrap() - expected).abs() < 1e-6, "{found}");
    assert!(found["milliseconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn which_model_is_asked() {
    let data = tempfile::tempdir().unwrap();
    let registry = registry(data.path());
    let server = Running::start(data.path(), &["inference.load=\"use\"", "inference.poll_millis=20"]);
    let picture = plain([0, 0, 255]);
    let ask = |query: &str| server.post(&format!("/v1/analyze/image{query}"), &picture);
    let refused = |query: &str, status: u16, code: &str| {
        assert_eq!(ask(query).refusal(), (status, code.to_owned()), "{query}");
    };
    refused("", 400, "invalid_parameter");
    refused("?model=colours", 404, "model_not_found");
    refused("?model=..%2Fcolours", 400, "invalid_parameter");
    refused("?top=0", 400, "invalid_parameter");
    refused("?colour=1", 400, "invalid_parameter");

    publish_colours(&registry, 10.0, 0);
    assert_eq!(ask("?model=colours").json()["labels"][0]["label"], "blue");
    server.done("POST", "/v1/models/colours/promote", &json!({"version": 1}));
    for query in ["", "?model=default", "?model=colours&key=ann"] {
        assert_eq!(ask(query).json()["labels"][0]["label"], "blue", "{query}");
    }
    // Tensors only: nothing says how a picture becomes one.
    let model = colours(1.0, 0);
    let bare = milieu_registry::ModelCard { preprocessing: None, ..card(&model) };
    publish(&registry, "bare", &model, &bare);
    refused("?model=bare", 404, "model_not_found");
    server.done("POST", "/v1/models/bare/promote", &json!({"version": 1}));
    refused("?model=bare", 400, "invalid_parameter");
    assert_eq!(ask("").status, 200, "one model classifies");
    publish(&registry, "others", &model, &card(&model));
    server.done("POST", "/v1/models/others/promote", &json!({"version": 1}));
    refused("", 400, "invalid_parameter");
    assert_eq!(ask("?model=others").status, 200);
    let without = Value::Null;
    assert_eq!(server.done("GET", "/v1/models/others", &without)["serving"]["versions"][0]["answered"], 1);
}
