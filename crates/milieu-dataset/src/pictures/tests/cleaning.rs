use super::*;
use std::io::Write;
use std::path::Path;

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

/// A picture with something to recognise it by.
fn scene(seed: f32) -> RgbImage {
    RgbImage::from_fn(64, 64, |x, y| {
        let (x, y) = (x as f32 / 64.0, y as f32 / 64.0);
        let wave =
            |a: f32, b: f32| (128.0 + 100.0 * (seed * a + x * b * 7.0).sin() * (y * a * 5.0 + b).cos()) as u8;
        Rgb([wave(1.0, seed), wave(seed, 2.0), wave(1.5, 1.0 + seed)])
    })
}

fn prepared(image: &RgbImage) -> Vec<u8> {
    let picture = Picture { width: image.width(), height: image.height(), rgb: image.as_raw().clone() };
    Preparation { side: 32, ..preparation() }.pixels(&picture)
}

#[test]
fn perceptual_hashes_hold_what_people_see() {
    let hash = |image: &RgbImage| perceptual_hash(&prepared(image), 32).unwrap();
    for seed in [0.7, 1.3, 2.9] {
        let own = hash(&scene(seed));
        let mut small = Vec::new();
        JpegEncoder::new_with_quality(&mut small, 40).encode_image(&scene(seed)).unwrap();
        let again = decode(&small, DecodeLimits::default()).unwrap();
        let again = RgbImage::from_raw(64, 64, again.rgb).unwrap();
        let scaled = image::imageops::resize(&scene(seed), 45, 45, image::imageops::FilterType::CatmullRom);
        let mut lighter = scene(seed);
        lighter.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|value| value / 2 + 90));
        for copy in [again, scaled, lighter] {
            let distance = (hash(&copy) ^ own).count_ones();
            assert!(distance <= 4, "{seed}: {distance}");
        }
        assert!((hash(&scene(seed + 0.9)) ^ own).count_ones() > 10);
    }
    assert_eq!(perceptual_hash(&[200; 32 * 32 * 3], 32), None);
    assert_eq!(perceptual_hash(&[], 0), None);
    assert_eq!(perceptual_hash(&[1; 30], 32), None);
}

/// Scenes in two classes, nearly the same ones among them, and one that a classifier does not like.
fn nearly_the_same(root: &Path) {
    let put = |name: &str, bytes: &[u8]| {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    put("train/cat/1.png", &png(&scene(0.7)));
    put("train/cat/2.jpg", &jpeg(&scene(0.7)));
    put("train/cat/3.png", &png(&scene(1.3)));
    put("train/dog/4.jpg", &jpeg(&scene(1.3)));
    put("train/dog/5.jpg", &jpeg(&scene(2.9)));
    put("train/dog/6.png", &png(&scene(4.1)));
    put("train/dog/7.png", &png(&RgbImage::from_pixel(40, 40, RED)));
    put("train/dog/8.png", b"");
    put("test/dog/5.png", &png(&scene(2.9)));
    let mut archive = tar::Builder::new(Vec::new());
    let bytes = png(&scene(5.2));
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    archive.append_data(&mut header, "train/cat/9.png", &bytes[..]).unwrap();
    let plain = archive.into_inner().unwrap();
    put("a.tar", &plain);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&plain).unwrap();
    put("b.tar.gz", &packed.finish().unwrap());
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, method) in [("1", zip::CompressionMethod::Stored), ("2", zip::CompressionMethod::Deflated)] {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("test/cat/{name}.png"), options).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    put("c.zip", &zip.finish().unwrap().into_inner());
}

#[test]
fn a_source_decodes_on_the_way_what_a_collection_holds() {
    let root = tempfile::tempdir().unwrap();
    nearly_the_same(root.path());
    let (preparation, limits) = (Preparation { side: 32, ..preparation() }, DecodeLimits::default());
    let config = CleaningConfig { near_duplicates: true, ..CleaningConfig::default() };
    // A classifier that is sure of red.
    let red =
        |picture: &Picture| Ok(f32::from(picture.rgb[0]) * f32::from(u8::from(picture.width == 40)) / 255.0);
    let mut source = Source::scan(root.path(), &[]).unwrap();
    assert_eq!(source.entries.len(), 13);
    let mut told = 0;
    source.clean(&preparation, limits, config, Some(&red), &mut |count| told = count);
    let screen = config.screen(Some(&red));
    let wanted = Wanted { classes: &[], most: 0, limits, screen: Some(&screen) };
    let mut collection = collect_wanted(root.path(), &wanted, &preparation, &mut |_| ()).unwrap();
    clean(&mut collection, config);
    assert_eq!((told, &source.classes), (13, &collection.classes));
    let left: Vec<&str> = source.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(
        left,
        ["test/cat/1.png", "test/cat/2.png", "test/dog/5.png", "train/cat/1.png", "train/dog/6.png"]
    );
    assert_eq!(left, collection.pictures.iter().map(|picture| picture.name.as_str()).collect::<Vec<_>>());
    for (number, picture) in collection.pictures.iter().enumerate() {
        assert_eq!(source.pixels(number, &preparation, limits).unwrap(), picture.pixels);
    }
    assert_eq!(source.dropped, collection.dropped);
    let reason = |name: &str| {
        let found = source.dropped.iter().find(|dropped| dropped.name == name);
        found.map(|dropped| dropped.reason.clone()).unwrap()
    };
    assert!(matches!(reason("train/cat/2.jpg"), Reason::NearDuplicate { of, .. } if of == "train/cat/1.png"));
    assert!(
        matches!(reason("train/cat/3.png"), Reason::NearContradiction { with, .. } if with == "train/dog/4.jpg")
    );
    assert!(
        matches!(reason("train/dog/4.jpg"), Reason::NearContradiction { with, .. } if with == "train/cat/3.png")
    );
    assert!(matches!(reason("train/dog/5.jpg"), Reason::NearLeak { into, .. } if into == "test/dog/5.png"));
    assert_eq!(reason("train/cat/9.png"), Reason::Leak { into: "test/cat/1.png".into() });
    assert_eq!(reason("train/dog/8.png"), Reason::Empty);
    assert!(matches!(reason("train/dog/7.png"), Reason::Sensitive { score, .. } if score > 0.9));
    std::fs::remove_file(root.path().join("train/cat/1.png")).unwrap();
    assert!(matches!(source.picture(3, limits), Err(Reason::Unreadable { .. })));
    assert!(matches!(source.picture(99, limits), Err(Reason::Unreadable { .. })));
}

#[test]
fn who_is_asked_what_is_sensitive() {
    let skin = Picture { width: 8, height: 8, rgb: [224, 172, 138].repeat(64) };
    let sky = Picture { width: 8, height: 8, rgb: [90, 150, 240].repeat(64) };
    let judge = |sensitive, classifier: Option<Classifier<'_>>, picture: &Picture| {
        CleaningConfig { sensitive, ..CleaningConfig::default() }.screen(classifier).judge(picture)
    };
    let (sure, fails) = (|_: &Picture| Ok(0.9), |_: &Picture| Err("no model".to_owned()));
    let (unsure, nothing) = (|_: &Picture| Ok(0.79), |_: &Picture| Ok(f32::NAN));
    use crate::Judge;
    use Sensitive::{Classifier as Only, ClassifierOrSkin as Both, Keep};
    let by = |by, score| Some(Reason::Sensitive { by, score });
    assert_eq!(judge(Keep, Some(&sure), &skin), None);
    assert_eq!(judge(Only, None, &skin), None);
    assert_eq!(judge(Only, Some(&sure), &sky), by(Judge::Classifier, 0.9));
    assert_eq!(judge(Both, Some(&unsure), &skin), None);
    assert_eq!(judge(Both, None, &skin), by(Judge::Skin, 1.0));
    assert_eq!(judge(Both, None, &sky), None);
    assert_eq!(judge(Both, Some(&fails), &sky), Some(Reason::Unjudged { message: "no model".into() }));
    assert!(matches!(judge(Only, Some(&nothing), &sky), Some(Reason::Unjudged { .. })));
    for (pixel, expected) in [
        ([255, 219, 172], 1.0),
        ([198, 134, 66], 1.0),
        ([141, 85, 60], 1.0),
        ([20, 20, 20], 0.0),
        ([255, 255, 255], 0.0),
        ([60, 160, 60], 0.0),
    ] {
        assert_eq!(skin_share(&pixel.repeat(10)), expected, "{pixel:?}");
    }
    assert_eq!(skin_share(&[]), 0.0);
}

#[test]
fn suspects_go_unless_they_measure() {
    let of = |name: &str, class, part| Labelled { name: name.into(), class, part, pixels: vec![] };
    let pictures = vec![of("a", 0, None), of("b", 1, Some(Part::Test)), of("c", 1, Some(Part::Train))];
    let classes = vec!["cat".to_owned(), "dog".to_owned()];
    let mut collection = Collection { classes, pictures, dropped: vec![] };
    let suspect = |number, given| crate::Suspect {
        number,
        given,
        likely: 1 - given,
        given_probability: 0.25,
        likely_probability: 0.75,
    };
    drop_suspects(&mut collection, &[suspect(2, 1), suspect(1, 1), suspect(9, 0)]);
    assert_eq!(
        collection.pictures.iter().map(|picture| picture.name.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    let reason = Reason::WrongLabel { given: "dog".into(), likely: "cat".into(), margin: 0.5 };
    assert_eq!(collection.dropped, [Dropped { name: "c".into(), reason }]);
}
