mod augmenting;
mod cleaning;

use super::*;
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, Frame, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use std::io::Cursor;

const RED: Rgb<u8> = Rgb([250, 10, 20]);
const BLUE: Rgb<u8> = Rgb([10, 20, 250]);

/// Red at the left, blue at the right, both halves 10 x 12.
fn halves() -> RgbImage {
    RgbImage::from_fn(20, 12, |x, _| if x < 10 { RED } else { BLUE })
}

fn png(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn jpeg(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    encoder.write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8).unwrap();
    bytes
}

/// Puts an EXIF segment with an orientation behind the first marker of a JPEG.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xff, 0xe1]);
    bytes.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

/// A PNG header that states a size, and nothing behind it.
fn header_of(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(&halves());
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// The checksum of PNG chunks, bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, &byte| {
        (0..8).fold(
            sum ^ u32::from(byte),
            |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 },
        )
    })
}

fn pixel(picture: &Picture, x: u32, y: u32) -> [u8; 3] {
    let at = ((y * picture.width + x) * 3) as usize;
    [picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]]
}

fn near(found: [u8; 3], expected: Rgb<u8>) {
    assert!(found.iter().zip(expected.0).all(|(&a, b)| a.abs_diff(b) < 24), "{found:?} {expected:?}");
}

#[test]
fn formats() {
    let limits = DecodeLimits::default();
    for bytes in [png(&halves()), jpeg(&halves())] {
        let picture = decode(&bytes, limits).unwrap();
        assert_eq!((picture.width, picture.height), (20, 12));
        near(pixel(&picture, 2, 6), RED);
        near(pixel(&picture, 17, 6), BLUE);
    }
    // A quarter turn to the right (6): what was left is above.
    let turned = decode(&with_orientation(&jpeg(&halves()), 6), limits).unwrap();
    assert_eq!((turned.width, turned.height), (12, 20));
    near(pixel(&turned, 6, 2), RED);
    near(pixel(&turned, 6, 17), BLUE);
    // Of an animation, the first picture.
    let mut gif = Vec::new();
    let mut encoder = GifEncoder::new(&mut gif);
    for colour in [RED, BLUE] {
        let Rgb([r, g, b]) = colour;
        encoder.encode_frame(Frame::new(RgbaImage::from_pixel(16, 16, Rgba([r, g, b, 255])))).unwrap();
    }
    drop(encoder);
    near(pixel(&decode(&gif, limits).unwrap(), 8, 8), RED);
    // What is transparent is white.
    let mut clear = Cursor::new(Vec::new());
    RgbaImage::from_pixel(16, 16, Rgba([9, 9, 9, 0])).write_to(&mut clear, ImageFormat::Png).unwrap();
    assert_eq!(pixel(&decode(&clear.into_inner(), limits).unwrap(), 3, 3), [255; 3]);
    // Four colours of print: magenta over yellow is red, cyan is cyan.
    let print = decode(include_bytes!("../../../../../testdata/pictures/cmyk.jpg"), limits).unwrap();
    near(pixel(&print, 2, 6), Rgb([255, 0, 0]));
    near(pixel(&print, 13, 6), Rgb([0, 255, 255]));
}

#[test]
fn what_cannot_be_used() {
    fn check(bytes: &[u8], fits: impl Fn(&DecodeError) -> bool) {
        let found = decode(bytes, DecodeLimits::default()).unwrap_err();
        assert!(fits(&found), "{found}");
    }
    let undecodable = |error: &DecodeError| matches!(error, DecodeError::Undecodable(_));
    check(b"", |error| *error == DecodeError::Empty);
    check(b"not a picture", undecodable);
    check(&png(&halves())[..60], undecodable);
    check(&jpeg(&halves())[..40], undecodable);
    check(&header_of(50_000, 50_000), |error| {
        *error == DecodeError::TooLarge { width: 50_000, height: 50_000 }
    });
    check(&png(&RgbImage::new(3, 40)), |error| *error == DecodeError::TooSmall { width: 3, height: 40 });
}

#[test]
fn a_cut_jpeg_is_refused_or_whole() {
    let whole = jpeg(&RgbImage::from_fn(64, 64, |x, y| Rgb([(x * 4) as u8, (y * 4) as u8, (x ^ y) as u8])));
    for length in (0..whole.len()).step_by(7) {
        if let Ok(picture) = decode(&whole[..length], DecodeLimits::default()) {
            assert_eq!(picture.rgb.len(), 64 * 64 * 3, "cut at {length}");
        }
    }
}

#[test]
fn preparation_cuts_or_squeezes() {
    let picture = Picture { width: 20, height: 12, rgb: halves().into_raw() };
    let preparation = Preparation { side: 6, fit: Fit::Crop, mean: [0.5; 3], deviation: [0.25; 3] };
    for fit in [Fit::Crop, Fit::Squash] {
        let pixels = Preparation { fit, ..preparation.clone() }.pixels(&picture);
        assert_eq!(pixels.len(), 108);
        near([pixels[0], pixels[1], pixels[2]], RED);
        near([pixels[15], pixels[16], pixels[17]], BLUE);
    }
    let mut out = vec![0.0; 108];
    preparation.write(&[255; 108], &mut out);
    assert!(out.iter().all(|x| (x - 2.0).abs() < 1e-5));
    preparation.write(&[51; 108], &mut out);
    assert!(out.iter().all(|x| (x + 1.2).abs() < 1e-5));
}

fn preparation() -> Preparation {
    Preparation { side: 8, fit: Fit::Crop, mean: [0.5; 3], deviation: [0.25; 3] }
}

#[test]
fn every_orientation_is_applied() {
    // Red, blue above green, white: where the corners go for each EXIF orientation (TIFF 6.0, tag 274).
    let corner = |x: u32, y: u32| match (x < 16, y < 8) {
        (true, true) => RED,
        (false, true) => BLUE,
        (true, false) => Rgb([10, 250, 20]),
        (false, false) => Rgb([250, 250, 250]),
    };
    let bytes = jpeg(&RgbImage::from_fn(32, 16, corner));
    let letter = |found: [u8; 3]| match found.map(|value| value > 128) {
        [true, false, false] => 'r',
        [false, false, true] => 'b',
        [false, true, false] => 'g',
        _ => 'w',
    };
    for (orientation, corners) in [
        (1, "rbgw"),
        (2, "brwg"),
        (3, "wgbr"),
        (4, "gwrb"),
        (5, "rgbw"),
        (6, "grwb"),
        (7, "wbgr"),
        (8, "bwrg"),
    ] {
        let picture = decode(&with_orientation(&bytes, orientation), DecodeLimits::default()).unwrap();
        assert_eq!(picture.width > picture.height, orientation < 5);
        let (right, below) = (picture.width - 5, picture.height - 5);
        let found: String = [(4, 4), (right, 4), (4, below), (right, below)]
            .map(|(x, y)| letter(pixel(&picture, x, y)))
            .iter()
            .collect();
        assert_eq!(found, corners, "orientation {orientation}");
    }
    // What no camera writes turns nothing.
    for orientation in [0, 9, 255] {
        let picture = decode(&with_orientation(&bytes, orientation), DecodeLimits::default()).unwrap();
        assert_eq!(letter(pixel(&picture, 4, 4)), 'r');
    }
}

#[test]
fn bombs_are_known_by_their_headers() {
    let too_large = |bytes: &[u8]| {
        let found = decode(bytes, DecodeLimits::default());
        assert!(matches!(found, Err(DecodeError::TooLarge { width: 50_000, height: 50_000 })), "{found:?}");
    };
    let side = 50_000u16;
    let mut gif = Vec::new();
    GifEncoder::new(&mut gif).encode_frame(Frame::new(RgbaImage::new(16, 16))).unwrap();
    gif[6..8].copy_from_slice(&side.to_le_bytes());
    gif[8..10].copy_from_slice(&side.to_le_bytes());
    too_large(&gif);
    let mut bytes = jpeg(&halves());
    let frame = bytes.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    bytes[frame + 5..frame + 7].copy_from_slice(&side.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&side.to_be_bytes());
    too_large(&bytes);
    let mut bmp = Cursor::new(Vec::new());
    halves().write_to(&mut bmp, ImageFormat::Bmp).unwrap();
    let mut bmp = bmp.into_inner();
    bmp[18..22].copy_from_slice(&u32::from(side).to_le_bytes());
    bmp[22..26].copy_from_slice(&u32::from(side).to_le_bytes());
    too_large(&bmp);
}
