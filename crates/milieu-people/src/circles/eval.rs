//! Circles and simpler ways to them, measured on the networks of several egos.

use super::{Alters, CirclesConfig, CirclesError, Match, by_features, by_leiden, circles, components};
use serde::Serialize;

/// Resolutions that are tried.
const RESOLUTIONS: [f64; 7] = [0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5];
/// Shares of a circle that are tried, from which on somebody joins it.
const JOINS: [f64; 3] = [0.3, 0.4, 0.5];
/// That of "Leiden alone": plain modularity.
const PLAIN: f64 = 1.0;

/// The network of one ego, and the circles that the ego made.
#[derive(Debug, Clone, Copy)]
pub struct Ego<'a> {
    /// The people the ego knows.
    pub alters: Alters<'a>,
    /// The circles; members ascend.
    pub given: &'a [Vec<u32>],
}

/// One way to circles, on every ego.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Way {
    /// Which.
    pub name: &'static str,
    /// How well it fits, one an ego.
    pub matches: Vec<Match>,
    /// Resolution and share to join from, one pair an ego, where they were chosen on the other egos; 0 where nobody joins.
    pub chosen: Vec<(f64, f64)>,
}

/// Circles of one ego.
type Circles = Result<Vec<Vec<u32>>, CirclesError>;

/// Compares ways to circles. Nothing about an ego's circles is known to any of them: the settings of the first, and of the
/// third, which is Leiden alone with such a choice, are those with the best mean F1 on the other egos; the others choose nothing.
/// All leave out circles smaller than `config.least`.
///
/// # Errors
/// A setting out of range, a network that is none.
pub fn compare(egos: &[Ego<'_>], config: &CirclesConfig) -> Result<Vec<Way>, CirclesError> {
    let matches = |way: &dyn Fn(&Alters<'_>) -> Circles| {
        egos.iter()
            .map(|ego| Ok(Match::of(&way(&ego.alters)?, ego.given, ego.alters.count)))
            .collect::<Result<Vec<Match>, CirclesError>>()
    };
    let (least, seed) = (config.least, config.seed);
    let (mut own, mut tuned) = (Vec::new(), Vec::new());
    for resolution in RESOLUTIONS {
        for join in JOINS {
            let config = CirclesConfig { resolution, join, ..*config };
            own.push(((resolution, join), matches(&|alters| circles(alters, &config))?));
        }
        tuned.push(((resolution, 0.0), matches(&|alters| by_leiden(alters, resolution, least, seed))?));
    }
    let fixed = |name, matches| Way { name, matches, chosen: Vec::new() };
    Ok(vec![
        chosen("circles", &own),
        fixed("circles, as configured", matches(&|alters| circles(alters, config))?),
        chosen("leiden, resolution chosen", &tuned),
        fixed("leiden alone", matches(&|alters| by_leiden(alters, PLAIN, least, seed))?),
        fixed("connected components", matches(&|alters| components(alters, least))?),
        fixed("profiles alone", matches(&|alters| by_features(alters, least, seed))?),
    ])
}

/// Settings, and how well they do on each ego.
type Tried = ((f64, f64), Vec<Match>);

/// For each ego the match of the settings that are best for the others.
fn chosen(name: &'static str, tried: &[Tried]) -> Way {
    let egos = tried.first().map_or(0, |(_, matches)| matches.len());
    let mut way = Way { name, matches: Vec::new(), chosen: Vec::new() };
    for ego in 0..egos {
        let mut best: Option<(f64, &Tried)> = None;
        for settings in tried {
            let others = settings.1.iter().enumerate().filter(|(other, _)| *other != ego);
            let sum: f64 = others.map(|(_, found)| found.f1).sum();
            if best.is_none_or(|(most, _)| sum > most) {
                best = Some((sum, settings));
            }
        }
        if let Some((_, (settings, matches))) = best {
            way.matches.extend(matches.get(ego));
            way.chosen.push(*settings);
        }
    }
    way
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_does_not_see_the_ego() {
        let at = |f1: f64| Match { f1, ..Match::default() };
        // The second resolution is best for the first ego alone, which must not learn of it.
        let (first, second) = ((0.1, 0.0), (0.2, 0.0));
        let tried = [(first, vec![at(0.1), at(0.9), at(0.9)]), (second, vec![at(1.0), at(0.2), at(0.2)])];
        let way = chosen("x", &tried);
        assert_eq!(way.chosen, [first, second, second]);
        assert_eq!(way.matches, [at(0.1), at(0.2), at(0.2)]);
    }

    #[test]
    fn planted_circles() {
        // Two circles of seven that share one, their members joined to each other; two more people hang on.
        let mut edges = Vec::new();
        for members in [0..7_u32, 6..13] {
            for a in members.clone() {
                edges.extend((a + 1..members.end).map(|b| (a, b)));
            }
        }
        edges.extend([(0, 13), (12, 14)]);
        let given = [(0..7).collect::<Vec<u32>>(), (6..13).collect()];
        let ego = Ego { alters: Alters { count: 15, edges: &edges, features: &[] }, given: &given };
        let ways = compare(&[ego, ego], &CirclesConfig::default()).unwrap();
        let f1 = |name: &str| ways.iter().find(|way| way.name == name).unwrap().matches[0].f1;
        // The two who hang on know one seventh of a circle, which is enough to stay.
        assert!((f1("circles") - 14.0 / 15.0).abs() < 1e-12, "{ways:?}");
        assert!(f1("leiden alone") < 0.9 && f1("connected components") < 0.7, "{ways:?}");
        assert_eq!(f1("profiles alone"), 0.0);
    }
}
