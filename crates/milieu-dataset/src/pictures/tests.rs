use super::*;
use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, Frame, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use std::io::{Cursor, Write};
use std::path::Path;

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
    let print = decode(include_bytes!("../../../../testdata/pictures/cmyk.jpg"), limits).unwrap();
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

/// Two classes in folders and archives, with everything that can be wrong.
fn mixed(root: &Path) {
    let colour = |value: u8| png(&RgbImage::from_pixel(16, 16, Rgb([value, 7, 7])));
    let put = |name: &str, bytes: &[u8]| {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    put("train/cat/1.png", &colour(1));
    put("train/cat/2.png", &colour(2));
    put("train/cat/2again.png", &colour(2));
    put("train/cat/doubtful.png", &colour(3));
    put("train/dog/doubtful.png", &colour(3));
    put("train/dog/leak.png", &colour(9));
    put("train/dog/empty.jpg", b"");
    put("train/dog/broken.JPEG", b"no");
    put("train/dog/notes.txt", b"not a picture, and not meant to be one");
    put("train/.hidden/5.png", &colour(5));
    let mut archive = tar::Builder::new(Vec::new());
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("test/cat/7.png", colour(7)), ("test/dog/9.png", colour(9))] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, &bytes[..]).unwrap();
        zip.start_file(name.replace('9', "8"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    put("more.tar", &archive.into_inner().unwrap());
    put("more.zip", &zip.finish().unwrap().into_inner());
}

fn preparation() -> Preparation {
    Preparation { side: 8, fit: Fit::Crop, mean: [0.5; 3], deviation: [0.25; 3] }
}

#[test]
fn collects_and_cleans_with_reasons() {
    let root = tempfile::tempdir().unwrap();
    mixed(root.path());
    let mut told = 0;
    let mut collection =
        collect(root.path(), &[], &preparation(), DecodeLimits::default(), &mut |files| told = files)
            .unwrap();
    assert_eq!(collection.classes, ["cat", "dog"]);
    assert_eq!((collection.pictures.len(), collection.dropped.len(), told), (10, 2, 12));
    clean(&mut collection, CleaningConfig::default());
    let left: Vec<&str> = collection.pictures.iter().map(|picture| picture.name.as_str()).collect();
    assert_eq!(
        left,
        [
            "test/cat/7.png",
            "test/dog/9.png",
            "test/cat/7.png",
            "test/dog/8.png",
            "train/cat/1.png",
            "train/cat/2.png"
        ]
    );
    let reason = |name: &str| {
        let found = collection.dropped.iter().find(|dropped| dropped.name == name);
        found.map(|dropped| dropped.reason.clone()).unwrap()
    };
    assert_eq!(reason("train/cat/2again.png"), Reason::Duplicate { of: "train/cat/2.png".into() });
    assert_eq!(
        reason("train/cat/doubtful.png"),
        Reason::Contradiction { with: "train/dog/doubtful.png".into() }
    );
    assert_eq!(
        reason("train/dog/doubtful.png"),
        Reason::Contradiction { with: "train/cat/doubtful.png".into() }
    );
    assert_eq!(reason("train/dog/leak.png"), Reason::Leak { into: "test/dog/9.png".into() });
    assert_eq!(reason("train/dog/empty.jpg"), Reason::Empty);
    assert!(matches!(reason("train/dog/broken.JPEG"), Reason::Undecodable { .. }));
    let only = collect(root.path(), &["cat".into()], &preparation(), DecodeLimits::default(), &mut |_| ());
    assert!(matches!(only, Err(CollectError::TooFewClasses(1))));
    let nowhere =
        collect(&root.path().join("none"), &[], &preparation(), DecodeLimits::default(), &mut |_| ());
    assert!(matches!(nowhere, Err(CollectError::Source(_))));
}

#[test]
fn splits_keep_what_is_given_and_every_class() {
    let of = |class: usize, part: Option<Part>| Labelled { name: String::new(), class, part, pixels: vec![] };
    let mut pictures: Vec<Labelled> = (0..200).map(|number| of(number % 2, None)).collect();
    let mut collection =
        Collection { classes: vec!["a".into(), "b".into()], pictures: pictures.clone(), dropped: vec![] };
    let parts = split(&collection, 0.1, 3);
    assert_eq!((parts.train.len(), parts.validation.len(), parts.test.len()), (160, 20, 20));
    let even = |part: &[usize]| part.iter().filter(|&&number| number % 2 == 0).count() * 2 == part.len();
    assert!(even(&parts.train) && even(&parts.validation) && even(&parts.test));
    assert_eq!(parts, split(&collection, 0.1, 3));
    assert_ne!(parts, split(&collection, 0.1, 4));
    let mut all = [parts.train, parts.validation, parts.test].concat();
    all.sort_unstable();
    assert_eq!(all, (0..200).collect::<Vec<_>>());
    pictures.extend((0..30).map(|number| of(number % 2, Some(Part::Test))));
    collection.pictures = pictures;
    let parts = split(&collection, 0.1, 3);
    assert_eq!(parts.test, (200..230).collect::<Vec<_>>());
    assert_eq!(parts.validation.len(), 20);
}

#[test]
fn augmentation_moves_turns_and_cuts() {
    let side = 8;
    let pixels: Vec<u8> = (0..side * side).flat_map(|place| [place as u8, 0, 255]).collect();
    let none = Augmentation { flip: false, shift: 0, cutout: 0, jitter: 0.0 };
    let with = |config: Augmentation, seed| {
        let mut out = vec![0; pixels.len()];
        augment(&pixels, side, &config, &mut Pcg64Mcg::seed_from_u64(seed), &mut out);
        out
    };
    assert_eq!(with(none, 1), pixels);
    let turned: Vec<u8> = (0..side * side).flat_map(|at| [(at / 8 * 8 + 7 - at % 8) as u8, 0, 255]).collect();
    let outcomes: Vec<Vec<u8>> =
        (0..20).map(|seed| with(Augmentation { flip: true, ..none }, seed)).collect();
    assert!(outcomes.iter().all(|out| *out == pixels || *out == turned));
    assert!(outcomes.contains(&pixels) && outcomes.contains(&turned));
    let grey = |out: &[u8]| out.chunks_exact(3).filter(|pixel| **pixel == [128; 3]).count();
    for seed in 0..20 {
        let cut = grey(&with(Augmentation { cutout: 4, ..none }, seed));
        assert!((4..=16).contains(&cut), "{cut}");
        let moved = grey(&with(Augmentation { shift: 2, ..none }, seed));
        assert!(moved <= 28, "{moved}");
        assert_eq!(with(Augmentation::default(), seed), with(Augmentation::default(), seed));
    }
}
