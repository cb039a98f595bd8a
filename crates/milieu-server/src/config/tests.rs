use super::layers::flatten;
use super::{Config, KEYS, Layers, table};
use toml::Table;

fn read(file: &str, environment: &[(&str, &str)], flags: &[&str]) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("milieu.toml");
    std::fs::write(&path, file).unwrap();
    let variables = environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    let layers = Layers::new().file(&path).and_then(|layers| layers.environment(variables));
    flags
        .iter()
        .fold(layers, |layers, flag| layers.and_then(|layers| layers.flag(flag)))
        .and_then(Layers::finish)
        .map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))
}

#[test]
fn every_setting_is_a_key_and_every_key_a_setting() {
    let defaults = Table::try_from(Config::default()).unwrap();
    let mut settings: Vec<String> = flatten("", &defaults).into_iter().map(|(name, _)| name).collect();
    let mut keys: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    settings.sort();
    keys.sort_unstable();
    assert_eq!(settings, keys);
    assert!(KEYS.iter().all(|key| !key.doc.is_empty() && !key.owner.is_empty()));
    assert!(read("", &[], &[]).is_ok(), "the defaults are in their ranges");
}

#[test]
fn later_layers_win() {
    fn check(file: &str, environment: &[(&str, &str)], flags: &[&str], expected: usize) {
        let config = read(file, environment, flags).unwrap();
        assert_eq!(config.server.batch_limit, expected);
        assert_eq!(config.server.body_limit_bytes, 4 << 20, "others stay");
    }
    let file = "[server]\nbatch_limit = 1";
    let variable = [("MILIEU_SERVER_BATCH_LIMIT", "2")];
    check("", &[], &[], 10_000);
    check(file, &[], &[], 1);
    check(file, &variable, &[], 2);
    check(file, &variable, &["server.batch_limit=3"], 3);
    check("", &[("MILIEU_SHARED", "x"), ("HOME", "y")], &[], 10_000);
}

#[test]
fn a_setting_may_be_a_table() {
    fn check(file: &str, environment: &[(&str, &str)], flags: &[&str], expected: Option<&str>) {
        let found = read(file, environment, flags).unwrap().moderation.labels.of("tone", "v1.2 rude");
        assert_eq!(found.map(milieu_content::Category::name), expected, "{file} {environment:?} {flags:?}");
    }
    let file = "[moderation.labels]\n\"tone/v1.2-rude\" = \"hate\"\njoy = \"none\"";
    let variable = [("MILIEU_MODERATION_LABELS", "{'v1.2 rude' = 'violence'}")];
    check("", &[], &[], None);
    check(file, &[], &[], Some("hate"));
    check(file, &variable, &[], Some("violence"));
    check(file, &variable, &["moderation.labels={}"], None);
}

#[test]
fn signs_of_needs_are_read() {
    let file =
        "[needs.signs.meets]\nlabels = [\"tone/meet\"]\ncues = [\"at * o'clock\"]\n[needs.signs.thanks]";
    let needs = read(file, &[], &[]).unwrap().needs.signs;
    let names = |text: &str| needs.read(text, &[]).into_iter().map(|need| need.name).collect::<Vec<_>>();
    assert_eq!(names("at nine o'clock, thanks"), ["meets"]);
    assert!(needs.knows("tone", "Meet"));
    let error = read("[needs.signs.meets]\ncues = [\"*\"]", &[], &[]).unwrap_err().to_string();
    assert!(error.contains("a cue of meets: \"*\" is no phrase"), "{error}");
}

#[test]
fn what_is_no_setting_is_refused() {
    fn check(file: &str, environment: &[(&str, &str)], flags: &[&str], expected: &str) {
        let found = read(file, environment, flags).unwrap_err();
        assert!(found.starts_with(expected), "{found}");
    }
    check("[server]\ncolour = 1", &[], &[], "FILE: there is no setting server.colour");
    check("server = 1", &[], &[], "FILE: there is no setting server");
    check("[server", &[], &[], "FILE: ");
    check("[server]\nbatch_limit = \"many\"", &[], &[], "FILE: ");
    check(
        "",
        &[("MILIEU_SERVER_COLOUR", "1")],
        &[],
        "the environment: there is no setting MILIEU_SERVER_COLOUR",
    );
    check("", &[("MILIEU_LOG_CACHE_BYTES", "lots")], &[], "MILIEU_LOG_CACHE_BYTES: ");
    check("", &[], &["server.batch_limit"], "--set: ");
    check("", &[], &["batch_limit=1"], "--set: there is no setting batch_limit");
    check("", &[], &["server.batch_limit=0"], "server.batch_limit is 0, but must be from 1 to 1000000");
    check("", &[], &["feed.weights.like=1000"], "feed.weights.like is 1000, but must be from -100 to 100");
    check("", &[], &["feed.out_of_network=nan"], "feed.out_of_network is NaN");
    check("", &[], &["telemetry.level=loud"], "--set: ");
    check(
        "[understanding]\nenabled = false",
        &[],
        &["feed.hide_harmful=0.9"],
        "feed.hide_harmful: nothing is known to harm where understanding.enabled is false",
    );
    let labels = "[moderation.labels]\nrude = \"rudeness\"";
    check(labels, &[], &[], "FILE: \"rude\" stands for \"rudeness\", which is no category; there are: none,");
    check("", &[], &["moderation.labels={rude=1}"], "--set: ");
    check("", &[], &["moderation.labels.rude=hate"], "--set: there is no setting moderation.labels.rude");
}

#[test]
fn every_number_is_held_to_its_range() {
    for key in KEYS {
        let Some((least, most)) = key.range else { continue };
        for value in [least - 1.0, most + 1.0] {
            let found = read("", &[], &[&format!("{}={value}", key.name)]);
            assert!(found.is_err(), "{} = {value}", key.name);
        }
    }
}

#[test]
fn the_guide_holds_the_table() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides/configuration.md");
    let text = std::fs::read_to_string(guide).unwrap_or_default();
    assert!(text.contains(&table()), "docs/guides/configuration.md should hold:\n{}", table());
}
