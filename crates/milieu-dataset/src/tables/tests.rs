use super::*;
use crate::examples::{BadLine, Examples, Labelled, Part};
use crate::files::Place;
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::path::Path;

fn put(root: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Text and names of classes of each example, with its part.
fn told<T: Clone>(examples: &Examples<T>) -> Vec<(T, Vec<&str>, Option<Part>)> {
    let classes = |example: &Labelled<T>| {
        example.labels.iter().map(|&label| examples.classes[label].as_str()).collect::<Vec<_>>()
    };
    examples.examples.iter().map(|example| (example.value.clone(), classes(example), example.part)).collect()
}

fn bad<T>(examples: &Examples<T>) -> Vec<(u64, &str)> {
    examples.bad.first.iter().map(|bad| (bad.line, bad.reason.as_str())).collect()
}

fn some(name: &str) -> Option<String> {
    Some(name.to_owned())
}

#[test]
fn csv_with_everything_that_can_be_wrong() {
    let root = tempfile::tempdir().unwrap();
    let table = "\u{feff}id,text,label,user,when,split\r\n\
        1,\"two\nlines, quoted \"\"so\"\"\",good,ann,2020-02-02,train\r\n\
        \r\n\
        2,short\r\n\
        3,  ,good,ann,5,train\r\n\
        4,no label,,ann,5,train\r\n\
        5,when,bad,bob,yesterday,train\r\n\
        6,where,bad,bob,5,north\r\n\
        7,fine,bad,bob,5,test\r\n";
    let mut bytes = table.as_bytes().to_vec();
    bytes.extend(b"8,\xff,bad,bob,5,test\n9,last,good,,,\n10,\"open");
    let path = put(root.path(), "table.csv", &bytes);
    let config = TableConfig {
        group: some("user"),
        time: some("when"),
        part: some("split"),
        ..TableConfig::default()
    };
    let found = read_table(&path, &config).unwrap();
    assert_eq!(found.classes, ["bad", "good"]);
    let text = |text: &str| text.to_owned();
    assert_eq!(
        told(&found),
        [
            (text("two\nlines, quoted \"so\""), vec!["good"], Some(Part::Train)),
            (text("fine"), vec!["bad"], Some(Part::Test)),
            (text("last"), vec!["good"], None),
        ]
    );
    let first = &found.examples[0];
    assert_eq!((first.name.as_str(), first.group.as_deref()), ("table.csv:2", Some("ann")));
    assert_eq!((first.at, found.examples[1].at), (Some(1_580_601_600_000), Some(5000)));
    assert_eq!(
        bad(&found),
        [
            (5, "has 2 fields, not 6"),
            (6, "has no text"),
            (7, "has no label"),
            (8, "not a time: yesterday"),
            (9, "\"north\" is not a part"),
            (11, "is not UTF-8 (byte 1)"),
            (13, "has 2 fields, not 6"),
        ]
    );
    let other = TableConfig { text: "words".into(), ..TableConfig::default() };
    let found = read_table(&path, &other).unwrap();
    assert_eq!(bad(&found), [(0, "there is no column \"words\" among: id, text, label, user, when, split")]);
    let kept = TableConfig { unlabelled: true, ..TableConfig::default() };
    assert_eq!(read_table(&path, &kept).unwrap().examples[1].labels, [0usize; 0]);
    let small = TableConfig { most_bytes: 20, ..TableConfig::default() };
    assert!(matches!(read_table(&path, &small), Err(TableError::TooLarge { most: 20, .. })));
}

#[test]
fn tsv_without_header_with_several_labels() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "dev.tsv.gz", &gzip(b"a \"loose quote\t2,0,2\tx1\nb\t1\tx2\nc\t7\tx3\n"));
    put(root.path(), "train.tsv", b"d\t10\tx4");
    put(root.path(), "labels.txt", b"joy\nanger\nfear\n");
    let config = TableConfig {
        header: vec!["text".into(), "label".into(), "id".into()],
        separator: Some(','),
        names: Some("labels.txt".into()),
        ..TableConfig::default()
    };
    let found = read_table(root.path(), &config).unwrap();
    assert_eq!(found.classes, ["joy", "anger", "fear"]);
    let (validation, text) = (Some(Part::Validation), |text: &str| text.to_owned());
    assert_eq!(
        told(&found),
        [(text("a \"loose quote"), vec!["fear", "joy"], validation), (text("b"), vec!["anger"], validation)]
    );
    assert_eq!(bad(&found), [(3, "label \"7\" has no name"), (1, "label \"10\" has no name")]);
    // Numbers are in the order of numbers.
    let plain = TableConfig { names: None, ..config };
    assert_eq!(read_table(root.path(), &plain).unwrap().classes, ["0", "1", "2", "7", "10"]);
}

#[test]
fn labels_as_columns() {
    let root = tempfile::tempdir().unwrap();
    let table = "id,text,hate,threat\n1,a,1,0\n2,b,,no\n3,c,0,\n4,d,,\n5,e,often,0\n6,f,0,0\n";
    let lines = "{\"text\": \"a\", \"hate\": true, \"threat\": 0}\n{\"text\": \"b\", \"threat\": \"no\"}\n\
        {\"text\": \"c\", \"hate\": 0.2, \"threat\": null}\n{\"text\": \"d\"}\n\
        {\"text\": \"e\", \"hate\": \"often\"}\n{\"text\": \"f\", \"hate\": false, \"threat\": \"false\"}\n";
    let config =
        TableConfig { columns: vec!["threat".to_owned(), "hate".to_owned()], ..TableConfig::default() };
    for (name, bytes) in [("x.csv", table), ("x.jsonl", lines)] {
        let found = read_table(&put(root.path(), name, bytes.as_bytes()), &config).unwrap();
        assert_eq!(found.classes, ["threat", "hate"]);
        let said: Vec<(&str, &[usize], &[usize])> = found
            .examples
            .iter()
            .map(|example| (example.value.as_str(), example.labels.as_slice(), example.untold.as_slice()))
            .collect();
        let expected: [(&str, &[usize], &[usize]); 4] =
            [("a", &[1], &[]), ("b", &[], &[1]), ("c", &[], &[0]), ("f", &[], &[])];
        assert_eq!(said, expected, "{name}");
        let reasons: Vec<&str> = found.bad.first.iter().map(|bad| bad.reason.as_str()).collect();
        assert_eq!(reasons, ["has no label", "\"hate\" is \"often\", neither yes nor no"], "{name}");
    }
    let path = put(root.path(), "x.csv", table.as_bytes());
    let other = TableConfig { columns: vec!["insult".to_owned()], ..TableConfig::default() };
    let found = read_table(&path, &other).unwrap();
    assert_eq!(bad(&found), [(0, "there is no column \"insult\" among: id, text, hate, threat")]);
    let kept = TableConfig { unlabelled: true, ..config };
    assert_eq!(read_table(&path, &kept).unwrap().examples[3].untold, [0, 1]);
}

#[test]
fn jsonl() {
    let root = tempfile::tempdir().unwrap();
    let lines = "{\"text\": \"a\", \"label\": 3, \"user\": 7}\n\n{\"text\": \"b\", \"label\": [\"x\", true]}\n\
        {\"text\": [1], \"label\": 3}\n[1]\n{\"text\": \"c\"}\n{\"text\": \"d\", \"label\": {}}\n";
    let path = put(root.path(), "x.jsonl", lines.as_bytes());
    let found = read_table(&path, &TableConfig { group: some("user"), ..TableConfig::default() }).unwrap();
    assert_eq!(told(&found), [("a".to_owned(), vec!["3"], None), ("b".to_owned(), vec!["x", "true"], None)]);
    assert_eq!(found.examples[0].group.as_deref(), Some("7"));
    let reasons = bad(&found);
    assert_eq!(reasons.iter().map(|bad| bad.0).collect::<Vec<_>>(), [4, 5, 6, 7]);
    assert_eq!((reasons[0].1, reasons[2].1), ("\"text\" is neither text nor a number", "has no label"));
    assert!(reasons[1].1.starts_with("is not a JSON object"));
}

#[test]
fn too_long_lines_are_passed_over() {
    let root = tempfile::tempdir().unwrap();
    let long = "x".repeat((3 << 20) + 7);
    let fields = "f,".repeat(10_000);
    for (name, reason) in [("a.csv", "is longer than 1048576 bytes or 4096 fields"), ("a.tsv", "is longer")] {
        let tabs = |text: &str| if name == "a.tsv" { text.replace(',', "\t") } else { text.to_owned() };
        let table = format!("text,label\n{long},a\n{fields}\ngood,b\n");
        let found =
            read_table(&put(root.path(), name, tabs(&table).as_bytes()), &TableConfig::default()).unwrap();
        assert_eq!(told(&found), [("good".to_owned(), vec!["b"], None)]);
        let bad = bad(&found);
        assert_eq!((bad.len(), bad[0].0, bad[1].0), (2, 2, 3));
        assert!(bad[0].1.starts_with(reason), "{bad:?}");
    }
    let lines = format!("\"{long}\"\n{{\"text\": \"good\", \"label\": 1}}\n");
    let path = put(root.path(), "a.jsonl", lines.as_bytes());
    let found = read_table(&path, &TableConfig::default()).unwrap();
    assert_eq!((found.examples.len(), bad(&found)), (1, vec![(1, "is longer than 1048576 bytes")]));
    let many = format!("text,label\n{}", "only one\n".repeat(1200));
    let found = read_table(&put(root.path(), "m.csv", many.as_bytes()), &TableConfig::default()).unwrap();
    assert_eq!((found.bad.count, found.bad.first.len()), (1200, 1000));
}

#[test]
fn pairs_keep_blank_lines_and_report_what_is_missing() {
    let root = tempfile::tempdir().unwrap();
    put(root.path(), "train_text.txt.gz", &gzip(b"a\n\nb\nc"));
    put(root.path(), "train_labels.txt", b"1\n0\n0\n5\n1\n");
    put(root.path(), "test_text.txt", b"d\ne\n");
    put(root.path(), "test_labels.txt", b"0\n");
    put(root.path(), "val_text.txt", b"f\n");
    put(root.path(), "more_labels.txt", b"1\n");
    put(root.path(), "mapping.txt", b"0\tno\n1\tyes");
    let config = PairConfig { names: Some("mapping.txt".into()), ..PairConfig::default() };
    let found = read_pairs(root.path(), &config).unwrap();
    assert_eq!(found.classes, ["no", "yes"]);
    let text = |text: &str| text.to_owned();
    assert_eq!(
        told(&found),
        [
            (text("d"), vec!["no"], Some(Part::Test)),
            (text("a"), vec!["yes"], Some(Part::Train)),
            (text("b"), vec!["no"], Some(Part::Train)),
        ]
    );
    let line = |file: &str, line, reason: &str| BadLine { file: file.into(), line, reason: reason.into() };
    assert_eq!(
        found.bad.first,
        [
            line("test_text.txt", 2, "has no label"),
            line("train_text.txt.gz", 2, "has no text"),
            line("train_text.txt.gz", 4, "label \"5\" has no name"),
            line("train_text.txt.gz", 5, "has a label and no text"),
            line("val_text.txt", 0, "has no file of labels val_labels.txt"),
            line("more_labels.txt", 0, "has no file of texts"),
        ]
    );
    let folders = tempfile::tempdir().unwrap();
    put(folders.path(), "train/seq.in", b"play it\n");
    put(folders.path(), "train/label", b"PlayMusic\n");
    put(folders.path(), "train/mylabel", b"not this one\n");
    let config = PairConfig { text: "seq.in".into(), label: "label".into(), ..PairConfig::default() };
    let found = read_pairs(folders.path(), &config).unwrap();
    assert_eq!(told(&found), [(text("play it"), vec!["PlayMusic"], Some(Part::Train))]);
    assert_eq!(found.bad.count, 0);
    assert!(matches!(read_pairs(folders.path(), &PairConfig::default()), Err(TableError::NoFiles { .. })));
}

#[test]
fn recordings_by_manifest_and_by_folder() {
    let root = tempfile::tempdir().unwrap();
    let sounds = root.path().join("sounds");
    put(&sounds, "test/yes/1.wav", b"one");
    put(&sounds, "yes/2.WAV", b"two");
    put(&sounds, "no/2.wav", b"three");
    put(&sounds, "no/notes.txt", b"");
    put(&sounds, "loose.flac", b"four");
    let found = read_sound_folders(&sounds).unwrap();
    let names: Vec<(&str, &str, Option<Part>)> = found
        .examples
        .iter()
        .map(|example| (example.name.as_str(), found.classes[example.labels[0]].as_str(), example.part))
        .collect();
    let test = Some(Part::Test);
    assert_eq!(
        names,
        [("no/2.wav", "no", None), ("test/yes/1.wav", "yes", test), ("yes/2.WAV", "yes", None)]
    );
    assert_eq!(found.bad.first[0].file, "loose.flac");
    let table =
        "file,word,speaker\n1,yes,ann\nno/2,no,bob\n2,no,bob\n../secret.wav,no,eve\n/etc/passwd,no,eve\n";
    let manifest = put(root.path(), "train.csv", table.as_bytes());
    put(root.path(), "secret.wav", b"secret");
    let config = TableConfig {
        text: "file".into(),
        label: some("word"),
        group: some("speaker"),
        ..TableConfig::default()
    };
    let found = read_manifest(&manifest, &sounds, &config).unwrap();
    let bytes: Vec<Vec<u8>> = found.examples.iter().map(|example| example.value.read().unwrap()).collect();
    assert_eq!(bytes, [b"one".to_vec(), b"three".to_vec()]);
    assert_eq!(found.examples[1].group.as_deref(), Some("bob"));
    assert_eq!(found.examples[1].part, Some(Part::Train));
    assert_eq!(
        bad(&found),
        [
            (4, "several recordings are called \"2\""),
            (5, "there is no recording \"../secret.wav\""),
            (6, "there is no recording \"/etc/passwd\""),
        ]
    );
    assert!(found.examples.iter().all(|example| matches!(example.value, Place::File(_))));
}

proptest! {
    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(prop_oneof![
        Just(b','), Just(b'"'), Just(b'\n'), Just(b'\r'), Just(b'\t'), Just(b'{'), Just(b'a'), any::<u8>(),
    ], 0..200)) {
        let root = tempfile::tempdir().unwrap();
        let header = TableConfig {
            header: vec!["text".into(), "label".into()],
            separator: Some(','),
            ..TableConfig::default()
        };
        for ending in ["csv", "tsv", "jsonl", "csv.gz"] {
            let path = put(root.path(), &format!("x.{ending}"), &bytes);
            for config in [&header, &TableConfig::default()] {
                let found = read_table(&path, config).unwrap();
                prop_assert!(found.examples.iter().all(|example| !example.labels.is_empty()));
            }
        }
    }

    /// Every record is an example or a bad line, on the line it is written on.
    #[test]
    fn lines_are_counted(rows in proptest::collection::vec(("[a-z\n\", ]{0,8}", 0u8..3), 1..20), crlf: bool) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut table = format!("text,label{end}");
        let mut expected = Vec::new();
        for (text, label) in &rows {
            let line = table.matches('\n').count() + 1;
            expected.push((line as u64, text.clone()));
            table += &format!("\"{}\",{label}{end}", text.replace('"', "\"\""));
        }
        let root = tempfile::tempdir().unwrap();
        let found = read_table(&put(root.path(), "x.csv", table.as_bytes()), &TableConfig::default()).unwrap();
        let mut lines: Vec<(u64, String)> = found
            .examples
            .iter()
            .map(|example| (example.name.rsplit(':').next().unwrap().parse().unwrap(), example.value.clone()))
            .collect();
        lines.extend(found.bad.first.iter().map(|bad| {
            (bad.line, expected.iter().find(|row| row.0 == bad.line).unwrap().1.clone())
        }));
        lines.sort();
        prop_assert_eq!(lines, expected);
    }
}
