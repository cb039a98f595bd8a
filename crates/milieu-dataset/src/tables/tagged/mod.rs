//! Texts of which parts are labelled, with or without a label of the whole: lines of a token and its tag, lines of tokens
//! beside lines of tags, and JSON.

mod blocks;
mod json;
mod parallel;
mod tags;

use super::TableError;
use super::lines::Lines;
use super::table::unpacked;
use crate::examples::{BadLines, Examples, Labelled, Part};
use crate::files::{OpenFile, open_files};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Endings of the names of files of tokens and tags.
const ENDINGS: [&str; 8] = ["conll", "iob", "iob2", "bio", "bioes", "bilou", "tsv", "txt"];
/// What the names of files of intents end in, beside those of tokens and tags.
const INTENTS: &str = ".intent";

/// How tagged texts are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaggedConfig {
    /// What stood between two tokens in the text: a space, or nothing where each character is a token.
    pub between: String,
    /// The field of the label of a whole text, in JSON.
    pub intent: String,
    /// The most bytes of text and tags that are kept in memory.
    pub most_bytes: u64,
}

impl Default for TaggedConfig {
    fn default() -> Self {
        Self { between: " ".to_owned(), intent: "intent".to_owned(), most_bytes: 1 << 30 }
    }
}

/// A part of a text that has a label; places are numbers of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TextSlot {
    /// Its label, a number among [`TaggedTexts::slots`].
    pub label: usize,
    /// Its first character.
    pub start: usize,
    /// The character behind its last.
    pub end: usize,
}

/// A text with its labelled parts, which ascend and do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaggedText {
    /// The text.
    pub text: String,
    /// The parts.
    pub slots: Vec<TextSlot>,
}

/// Tagged texts. The classes are those of whole texts; an example has none of them, or one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TaggedTexts {
    /// The texts.
    pub texts: Examples<TaggedText>,
    /// The labels of parts, in the order of the alphabet.
    pub slots: Vec<String>,
}

/// A text on the way, with labels by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Found {
    text: String,
    intent: Option<String>,
    slots: Vec<(String, usize, usize)>,
}

/// Lines of a file with their numbers, or what is wrong with them.
type Numbered = Vec<(u64, Result<String, String>)>;

/// Reads the texts of a file, or of all files of a folder or archive that hold such; each may be packed with gzip (`.gz`).
///
/// - Names that end in `.jsonl` or `.ndjson`: an object a line, with `text` and `slots`, a list of `start`, `end` (in
///   characters) and `label`; or with `tokens` and `tags`; and with an intent where there is one.
/// - `seq.in`, `seq.out` and `label` in one folder: tokens, tags, and an intent a line (Goo et al. 2018).
/// - Other names (in a folder those that end in `.conll`, `.iob`, `.bio`, `.tsv`, `.txt` and the like, or stand beside a
///   file of the same name with `.intent` behind it): a token and, as the last of its fields, its tag a line, and blank
///   lines between texts. An intent is a line of that other file, or a comment (`# intent: NAME`), or a last line without
///   a tag.
///
/// Tags are of the schemes BIO, BIOES and BILOU.
///
/// # Errors
/// [`TableError`]; what is wrong with single lines is in [`Examples::bad`].
pub fn read_tagged(path: &Path, config: &TaggedConfig) -> Result<TaggedTexts, TableError> {
    let alone = path.is_file();
    let mut files: BTreeMap<String, (String, Numbered)> = BTreeMap::new();
    let mut bytes = 0;
    let mut keep = |file: OpenFile<'_>| {
        let plain = file.name.strip_suffix(".gz").unwrap_or(&file.name).to_owned();
        if !(alone || is_wanted(&plain)) || bytes > config.most_bytes {
            return Ok(());
        }
        let mut lines = Numbered::new();
        for line in Lines::new(unpacked(&file.name, file.content)) {
            bytes += line.1.as_ref().map_or(0, String::len) as u64 + 1;
            if bytes > config.most_bytes {
                break;
            }
            lines.push(line);
        }
        files.insert(plain, (file.name.clone(), lines));
        Ok(())
    };
    open_files(path, &mut keep)?;
    if let Some(intents) = alone.then(|| intents_beside(path)).flatten() {
        open_files(&intents, &mut keep)?;
    }
    if bytes > config.most_bytes {
        return Err(TableError::TooLarge { path: path.to_owned(), most: config.most_bytes });
    }
    let mut gather = Gather::default();
    gather.files(&mut files, config, alone);
    if gather.files == 0 {
        let expected =
            "of tokens and tags: seq.in beside seq.out, *.conll, *.jsonl, or any with *.intent beside it";
        return Err(TableError::NoFiles { path: path.to_owned(), expected: expected.to_owned() });
    }
    Ok(gather.finish())
}

/// The file of intents beside a file of tokens and tags, where there is one.
fn intents_beside(path: &Path) -> Option<PathBuf> {
    let path = path.to_str()?;
    let plain = path.strip_suffix(".gz").unwrap_or(path);
    [INTENTS.to_owned(), format!("{INTENTS}.gz")]
        .iter()
        .map(|ending| PathBuf::from(format!("{plain}{ending}")))
        .find(|path| path.is_file())
}

/// Whether a file of a folder can be among those that are read.
fn is_wanted(plain: &str) -> bool {
    let name = plain.rsplit('/').next().unwrap_or(plain);
    // Files of tokens may be called anything, but texts about the data are not among them.
    !matches!(name.rsplit_once('.'), Some((_, "md" | "html" | "pdf" | "py" | "json" | "csv")))
}

fn is_json(plain: &str) -> bool {
    matches!(plain.rsplit_once('.'), Some((_, "jsonl" | "ndjson")))
}

#[derive(Default)]
struct Gather {
    files: usize,
    found: Vec<(String, Option<Part>, Found)>,
    bad: BadLines,
}

impl Gather {
    fn files(
        &mut self,
        files: &mut BTreeMap<String, (String, Numbered)>,
        config: &TaggedConfig,
        alone: bool,
    ) {
        let folders: Vec<String> =
            files.keys().filter_map(|name| Some(name.strip_suffix("seq.in")?.to_owned())).collect();
        for folder in folders {
            let mut take = |name: &str| files.remove(&format!("{folder}{name}"));
            if let (Some((name, tokens)), Some((_, tags))) = (take("seq.in"), take("seq.out")) {
                let intents = take("label").map(|(_, lines)| lines);
                self.take(&name, parallel::read(tokens, tags, intents, config));
            }
        }
        let names: Vec<String> = files.keys().cloned().collect();
        for plain in names {
            let intents = format!("{plain}{INTENTS}");
            let listed = plain.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
            if is_json(&plain) {
                if let Some((name, lines)) = files.remove(&plain) {
                    self.take(&name, json::read(lines, config));
                }
            } else if (alone || listed || files.contains_key(&intents))
                && let Some((name, lines)) = files.remove(&plain)
            {
                let intents = files.remove(&intents).map(|(_, lines)| lines);
                self.take(&name, blocks::read(lines, intents, config));
            }
        }
    }

    fn take(&mut self, name: &str, found: Vec<(u64, Result<Found, String>)>) {
        self.files += 1;
        let part = Part::of_path(name);
        for (line, found) in found {
            match found.and_then(Found::checked) {
                Ok(found) => self.found.push((format!("{name}:{line}"), part, found)),
                Err(reason) => self.bad.push(name, line, reason),
            }
        }
    }

    /// Labels are in the order of the alphabet.
    fn finish(self) -> TaggedTexts {
        let listed = |names: BTreeSet<&String>| names.into_iter().cloned().collect::<Vec<String>>();
        let classes = listed(self.found.iter().filter_map(|(_, _, found)| found.intent.as_ref()).collect());
        let slots =
            listed(self.found.iter().flat_map(|(.., found)| &found.slots).map(|slot| &slot.0).collect());
        let places = |names: &[String]| -> HashMap<String, usize> {
            names.iter().enumerate().map(|(place, name)| (name.clone(), place)).collect()
        };
        let (class_of, slot_of) = (places(&classes), places(&slots));
        let example = |(name, part, found): (String, Option<Part>, Found)| {
            let slot =
                |(label, start, end): (String, usize, usize)| TextSlot { label: slot_of[&label], start, end };
            let slots = found.slots.into_iter().map(slot).collect();
            Labelled {
                name,
                labels: found.intent.iter().map(|intent| class_of[intent]).collect(),
                untold: Vec::new(),
                part,
                group: None,
                at: None,
                value: TaggedText { text: found.text, slots },
            }
        };
        let examples = self.found.into_iter().map(example).collect();
        TaggedTexts { texts: Examples { classes, examples, bad: self.bad }, slots }
    }
}

impl Found {
    /// A text of tokens and their tags.
    fn of_tokens(
        tokens: &[&str],
        tags: &[&str],
        intent: Option<String>,
        between: &str,
    ) -> Result<Self, String> {
        if tokens.len() != tags.len() {
            return Err(format!("has {} tokens and {} tags", tokens.len(), tags.len()));
        }
        let mut places = Vec::with_capacity(tokens.len());
        let (mut text, mut at) = (String::new(), 0);
        for token in tokens {
            if at > 0 {
                text.push_str(between);
                at += between.chars().count();
            }
            let length = token.chars().count();
            places.push((at, at + length));
            text.push_str(token);
            at += length;
        }
        let slots = tags::stretches(tags)?.into_iter();
        let slots = slots.map(|(label, from, to)| (label, places[from].0, places[to - 1].1)).collect();
        Ok(Self { text, intent, slots })
    }

    fn checked(mut self) -> Result<Self, String> {
        if self.text.trim().is_empty() {
            return Err("has no text".to_owned());
        }
        self.intent = self.intent.map(|intent| intent.trim().to_owned()).filter(|intent| !intent.is_empty());
        self.slots.sort_by_key(|slot| slot.1);
        let length = self.text.chars().count();
        if let Some((label, start, end)) =
            self.slots.iter().find(|(_, start, end)| start >= end || *end > length)
        {
            return Err(format!(
                "its slot {label:?} from {start} to {end} is no part of {length} characters"
            ));
        }
        if let Some(pair) = self.slots.windows(2).find(|pair| pair[1].1 < pair[0].2) {
            return Err(format!("its slots {:?} and {:?} overlap", pair[0].0, pair[1].0));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    /// Each text with its part, its intent and its slots.
    fn read(path: &Path, between: &str) -> (Vec<String>, Vec<String>) {
        let found =
            read_tagged(path, &TaggedConfig { between: between.into(), ..TaggedConfig::default() }).unwrap();
        let line = |example: &Labelled<TaggedText>| {
            let TaggedText { text, slots } = &example.value;
            let characters: Vec<char> = text.chars().collect();
            let slot = |slot: &TextSlot| {
                let part: String = characters[slot.start..slot.end].iter().collect();
                format!("{}={part}", found.slots[slot.label])
            };
            let slots: Vec<String> = slots.iter().map(slot).collect();
            let intent = example.labels.first().map_or("-", |&label| found.texts.classes[label].as_str());
            format!("{:?} {intent} {text} [{}]", example.part, slots.join(", "))
        };
        let bad = found.texts.bad.first.iter().map(|bad| format!("{}:{} {}", bad.file, bad.line, bad.reason));
        (found.texts.examples.iter().map(line).collect(), bad.collect())
    }

    #[test]
    fn lines_beside_lines() {
        let folder = folder(&[
            ("train/seq.in", "play  a b \nstop\nx y\n"),
            ("train/seq.out", "O B-song I-song\nO\nO\n"),
            ("train/label", "Play\nStop\nPlay\n"),
            ("test/seq.in", "play a\n"),
            ("test/seq.out", "O B-artist \n"),
            ("test/label", "Play"),
            ("SOURCE.md", "# About\n"),
        ]);
        let (texts, bad) = read(folder.path(), " ");
        let expected = [
            "Some(Test) Play play a [artist=a]",
            "Some(Train) Play play a b [song=a b]",
            "Some(Train) Stop stop []",
        ];
        assert_eq!(texts, expected);
        assert_eq!(bad, ["train/seq.in:3 has 2 tokens and 1 tags"]);
        // One file of the three says nothing.
        assert!(read_tagged(&folder.path().join("test/seq.in"), &TaggedConfig::default()).is_err());
    }

    #[test]
    fn a_token_a_line() {
        let folder = folder(&[
            ("valid/ch", "我 O\n听 O\n丑 B-歌\n八 I-歌\n怪 E-歌\n\n\n雨 S-歌\n也 X\n\n好 O\n"),
            ("valid/ch.intent", "Play\nChat\nChat\n"),
            (
                "test.conll",
                "# intent: Ask\nwho\tW\tO\nAnn\tN\tB-PER\nLee\tN\tI-PER\n\nParis B-LOC\nGo\n\nlone\n",
            ),
            ("notes", "what is beside no intents is not read\n"),
        ]);
        let (texts, bad) = read(folder.path(), "");
        let expected = [
            "Some(Test) Ask whoAnnLee [PER=AnnLee]",
            "Some(Test) Go Paris [LOC=Paris]",
            "Some(Validation) Play 我听丑八怪 [歌=丑八怪]",
            "Some(Validation) Chat 好 []",
        ];
        assert_eq!(texts, expected);
        let expected =
            ["test.conll:9 has no tag in \"lone\"", "valid/ch:8 \"X\" is no tag like O, B-label or I-label"];
        assert_eq!(bad, expected);
        // The file of intents is found beside one that is named alone.
        let (alone, _) = read(&folder.path().join("valid/ch"), "");
        assert_eq!(alone, ["None Play 我听丑八怪 [歌=丑八怪]", "None Chat 好 []"]);
        let (alone, _) = read(&folder.path().join("test.conll"), " ");
        assert_eq!(alone[0], "Some(Test) Ask who Ann Lee [PER=Ann Lee]");
    }

    #[test]
    fn json_lines() {
        let lines = [
            r#"{"text": "héllo Ann", "intent": "greet", "slots": [{"start": 6, "end": 9, "label": "who"}]}"#,
            r#"{"tokens": ["to", "New", "York"], "tags": ["O", "B-city", "L-city"]}"#,
            r#"{"text": "Ann", "slots": [{"start": 1, "end": 4, "label": "who"}]}"#,
            r#"{"text": "Ann", "slots": [{"start": 0, "end": 2, "label": "a"}, {"start": 1, "end": 3, "label": "b"}]}"#,
            r#"{"intent": "x"}"#,
            "[1]",
        ];
        let folder = folder(&[("train.jsonl", &lines.join("\n"))]);
        let (texts, bad) = read(&folder.path().join("train.jsonl"), " ");
        assert_eq!(
            texts,
            ["Some(Train) greet héllo Ann [who=Ann]", "Some(Train) - to New York [city=New York]"]
        );
        let reasons = ["is no part of 3", "\"a\" and \"b\" overlap", "has neither", "no JSON object"];
        assert_eq!(bad.len(), reasons.len());
        for (bad, reason) in bad.iter().zip(reasons) {
            assert!(bad.contains(reason), "{bad}");
        }
    }

    #[test]
    fn what_is_nothing_of_the_kind() {
        let folder = folder(&[("x.csv", "a,b\n"), ("SOURCE.md", "x")]);
        let error = read_tagged(folder.path(), &TaggedConfig::default()).unwrap_err().to_string();
        assert!(error.contains("seq.in"), "{error}");
        fs::write(folder.path().join("a.conll"), "word O\n".repeat(20)).unwrap();
        let config = TaggedConfig { most_bytes: 100, ..TaggedConfig::default() };
        assert!(matches!(read_tagged(folder.path(), &config), Err(TableError::TooLarge { most: 100, .. })));
    }
}
