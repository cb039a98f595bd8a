//! Every model on a planted structure of rank two: two circles of users with tastes of their own.

use milieu_factors::{
    Accumulator, EaseConfig, FilterConfig, IalsConfig, Interactions, KnnConfig, LowPassConfig, Model,
    ModelConfig, Response, Scaling, Served, friends_mix,
};
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;

const USERS: usize = 60;
const ITEMS: usize = 50;

/// Users of even number take even items, the others odd ones, half of them each; 1 in 20 is noise.
#[expect(clippy::unwrap_used, reason = "a panic in a test is a failed test")]
fn planted() -> Interactions {
    let mut rng = Pcg64Mcg::seed_from_u64(5);
    let mut triples = Vec::new();
    for user in 0..USERS {
        for item in 0..ITEMS {
            let chance = if user % 2 == item % 2 { 0.5 } else { 0.05 };
            if rng.random_bool(chance) {
                triples.push((user as u32, item as u32, 1.0));
            }
        }
    }
    Interactions::from_triples(USERS, ITEMS, triples).unwrap()
}

fn learners() -> Vec<ModelConfig> {
    let scaling = Scaling { user: 0.5, item: 0.4, target: 0.2 };
    let filter = |response, low_pass| ModelConfig::GraphFilter(FilterConfig { scaling, response, low_pass });
    vec![
        ModelConfig::ItemKnn(KnnConfig { scaling, neighbours: 20 }),
        filter(Response::Linear, None),
        filter(Response::Sharpened { sharpness: 1.0 }, None),
        filter(Response::Ridge { ridge: 0.1 }, Some(LowPassConfig { rank: 4, weight: 0.2, seed: 1 })),
        ModelConfig::Ease(EaseConfig { scaling, ridge: 0.1 }),
        ModelConfig::Ials(IalsConfig { factors: 4, ..IalsConfig::default() }),
    ]
}

/// The share of users' best five new items that belong to their circle.
fn in_circle(data: &Interactions, scores: &[f32]) -> f64 {
    let mut hits = 0;
    for (user, row) in scores.chunks_exact(ITEMS).enumerate() {
        let mut order: Vec<usize> =
            (0..ITEMS).filter(|item| !data.row(user).contains(&(*item as u32))).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        hits += order.iter().take(5).filter(|&&item| item % 2 == user % 2).count();
    }
    hits as f64 / (5 * USERS) as f64
}

#[test]
fn every_model_finds_the_circles() {
    let data = planted();
    let users: Vec<u32> = (0..USERS as u32).collect();
    for config in learners() {
        let model = Model::train(&config, &data).unwrap();
        let mut scores = vec![0.0; USERS * ITEMS];
        model.score(None, &users, &mut scores);
        let share = in_circle(&data, &scores);
        assert!(share > 0.9, "{config:?}: {share}");
    }
}

#[test]
fn the_served_form_ranks_like_the_model() {
    let data = planted();
    for config in learners() {
        let model = Model::train(&config, &data).unwrap();
        let served = model.served(ITEMS);
        assert!(served.is_sound() && served.items() == ITEMS, "{config:?}");
        let read: Served = postcard::from_bytes(&postcard::to_allocvec(&served).unwrap()).unwrap();
        assert_eq!(read, served);
        let (mut room, mut best) = (Accumulator::default(), Vec::new());
        for user in 0..USERS {
            let history: Vec<(u32, f32)> = data.row(user).iter().map(|&item| (item, 1.0)).collect();
            read.recommend(&history, ITEMS, &mut room, &mut best);
            best.retain(|(item, _)| !data.row(user).contains(item));
            let mut scores = vec![0.0; ITEMS];
            model.score(None, &[user as u32], &mut scores);
            for pair in best.windows(2) {
                let (first, second) = (scores[pair[0].0 as usize], scores[pair[1].0 as usize]);
                let scale = scores.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
                assert!(first >= second - 1e-3 * scale, "{config:?}, user {user}: {first} {second}");
            }
        }
        read.similar(3, 5, &mut best);
        assert!(best.iter().filter(|(item, _)| item % 2 == 1).count() >= 4, "{config:?}: {best:?}");
    }
}

#[test]
fn friends_speak_for_who_is_silent() {
    let mut triples: Vec<_> = planted().triples().collect();
    triples.retain(|&(user, ..)| user != 0);
    let data = Interactions::from_triples(USERS, ITEMS, triples).unwrap();
    let mix = friends_mix(&data, &[(0, 1), (0, 3)], 2.0).unwrap();
    for config in learners() {
        let mut scores = vec![0.0; ITEMS];
        Model::train(&config, &data).unwrap().score(Some(&mix), &[0], &mut scores);
        let mut order: Vec<usize> = (0..ITEMS).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let odd = order.iter().take(10).filter(|&&item| item % 2 == 1).count();
        assert!(odd >= 8, "{config:?}: {odd}");
    }
}

#[test]
fn nothing_to_learn_is_no_error() {
    let empty = Interactions::from_triples(3, 4, vec![]).unwrap();
    for config in learners().into_iter().chain([ModelConfig::Popularity]) {
        let model = Model::train(&config, &empty).unwrap();
        let mut scores = vec![1.0; 8];
        model.score(None, &[0, 2], &mut scores);
        assert!(scores.iter().all(|score| score.is_finite()), "{config:?}");
        assert_eq!(model.served(10).items(), 4);
    }
}
