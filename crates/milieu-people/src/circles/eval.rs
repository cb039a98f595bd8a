//! Circles and simpler ways to them, measured on the networks of several egos.

use super::{Alters, CirclesConfig, CirclesError, Match, by_features, by_leiden, circles, components};
use serde::Serialize;

/// Resolutions that are tried.
const RESOLUTIONS: [f64; 6] = [0.3, 0.5, 0.7, 1.0, 1.5, 2.0];
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
    /// The resolution, one an ego, where it was chosen on the other egos.
    pub resolutions: Vec<f64>,
}

/// Compares ways to circles. Nothing about an ego's circles is known to any of them: the resolution of the first, and of the
/// second, which is Leiden with that choice alone, is that with the best mean F1 on the other egos; the others choose nothing. All leave
/// out circles smaller than `config.least`.
///
/// # Errors
/// A setting out of range, a network that is none.
pub fn compare(egos: &[Ego<'_>], config: &CirclesConfig) -> Result<Vec<Way>, CirclesError> {
    let matches = |way: &dyn Fn(&Alters<'_>) -> Result<Vec<Vec<u32>>, CirclesError>| {
        egos.iter()
            .map(|ego| Ok(Match::of(&way(&ego.alters)?, ego.given, ego.alters.count)))
            .collect::<Result<Vec<Match>, CirclesError>>()
    };
    let (least, seed) = (config.least, config.seed);
    let own = RESOLUTIONS
        .iter()
        .map(|&resolution| matches(&|alters| circles(alters, &CirclesConfig { resolution, ..*config })))
        .collect::<Result<Vec<_>, _>>()?;
    let tuned = RESOLUTIONS
        .iter()
        .map(|&resolution| matches(&|alters| by_leiden(alters, resolution, least, seed)))
        .collect::<Result<Vec<_>, _>>()?;
    let fixed = |name, matches| Way { name, matches, resolutions: Vec::new() };
    Ok(vec![
        chosen("circles", &own),
        chosen("leiden, resolution chosen", &tuned),
        fixed("leiden alone", matches(&|alters| by_leiden(alters, PLAIN, least, seed))?),
        fixed("connected components", matches(&|alters| components(alters, least))?),
        fixed("profiles alone", matches(&|alters| by_features(alters, least, seed))?),
    ])
}

/// For each ego the match of the resolution that is best for the others; `tried` has a row a resolution.
fn chosen(name: &'static str, tried: &[Vec<Match>]) -> Way {
    let egos = tried.first().map_or(0, Vec::len);
    let mut way = Way { name, matches: Vec::new(), resolutions: Vec::new() };
    for ego in 0..egos {
        let of_others = |matches: &Vec<Match>| -> f64 {
            matches.iter().enumerate().filter(|(other, _)| *other != ego).map(|(_, found)| found.f1).sum()
        };
        let mut best: Option<(f64, f64, Match)> = None;
        for (matches, &resolution) in tried.iter().zip(&RESOLUTIONS) {
            let sum = of_others(matches);
            if best.is_none_or(|(most, _, _)| sum > most) {
                best = matches.get(ego).map(|found| (sum, resolution, *found));
            }
        }
        if let Some((_, resolution, found)) = best {
            way.matches.push(found);
            way.resolutions.push(resolution);
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
        // The second resolution is best for the first ego alone.
        let tried = vec![vec![at(0.1), at(0.9), at(0.9)], vec![at(1.0), at(0.2), at(0.2)]];
        let way = chosen("x", &tried);
        assert_eq!(way.resolutions, [0.3, 0.5, 0.5]);
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
