use super::*;
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;

#[test]
fn augmentation_moves_turns_and_cuts() {
    let side = 8;
    let pixels: Vec<u8> = (0..side * side).flat_map(|place| [place as u8, 0, 255]).collect();
    let none = Augmentation::none();
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

#[test]
fn rotation_turns_about_the_middle() {
    let side = 9;
    let pixels: Vec<u8> =
        (0..side * side).flat_map(|at| [(at % side * 20) as u8, (at / side * 20) as u8, 9]).collect();
    assert_eq!(rotate(&pixels, side, 0.0), pixels);
    let quarter = rotate(&pixels, side, 90.0);
    for row in 0..side {
        for column in 0..side {
            // Clockwise: what was at the left is above.
            let (to, from) = ((row * side + column) * 3, ((side - 1 - column) * side + row) * 3);
            assert!(
                quarter[to..to + 3].iter().zip(&pixels[from..from + 3]).all(|(a, b)| a.abs_diff(*b) <= 1)
            );
        }
    }
    let little = rotate(&pixels, side, 10.0);
    let middle = (side * side / 2) * 3;
    assert_eq!(little[middle..middle + 3], pixels[middle..middle + 3]);
    assert!(little[0].abs_diff(128) < 128 && little != pixels);
    assert!(rotate(&[], 0, 10.0).is_empty());
    let config = Augmentation { rotation: 15.0, ..Augmentation::none() };
    let with = |seed| {
        let mut out = vec![0; pixels.len()];
        augment(&pixels, side, &config, &mut Pcg64Mcg::seed_from_u64(seed), &mut out);
        out
    };
    assert_eq!(with(1), with(1));
    assert_ne!(with(1), with(2));
}

#[test]
fn flips_alternate() {
    let plain = Augmentation { flip: true, ..Augmentation::none() };
    let alternate = Augmentation { alternate: true, ..plain };
    let turned = |config: &Augmentation, epoch| {
        (0..1000).map(|number| config.flips(5, epoch, number)).collect::<Vec<_>>()
    };
    for config in [plain, alternate] {
        let count = turned(&config, 0).iter().filter(|&&flip| flip).count();
        assert!((440..560).contains(&count), "{count}");
        assert_ne!(turned(&config, 0), turned(&config, 1));
    }
    for epoch in 0..4 {
        let (now, next) = (turned(&alternate, epoch), turned(&alternate, epoch + 1));
        assert!(now.iter().zip(&next).all(|(now, next)| now != next));
    }
    assert_ne!(turned(&plain, 0), turned(&plain, 2));
    assert!(!turned(&Augmentation::none(), 0).contains(&true));
}

#[test]
fn settings_have_ranges() {
    let augment = |change: &dyn Fn(&mut Augmentation)| {
        let mut config = Augmentation::default();
        change(&mut config);
        config.check(32).err().map(|error| error.key)
    };
    assert_eq!(augment(&|_| ()), None);
    assert_eq!(augment(&|config| config.rotation = 46.0), Some("augment.rotation"));
    assert_eq!(augment(&|config| config.rotation = f32::NAN), Some("augment.rotation"));
    assert_eq!(augment(&|config| config.shift = 32), Some("augment.shift"));
    assert_eq!(augment(&|config| config.cutout = 33), Some("augment.cutout"));
    assert_eq!(augment(&|config| config.jitter = 1.1), Some("augment.jitter"));
    assert_eq!(augment(&|config| config.mixup = 0.01), Some("augment.mixup"));
    assert_eq!(augment(&|config| config.cutmix = 11.0), Some("augment.cutmix"));
    assert_eq!(augment(&|config| config.mixed = -0.1), Some("augment.mixed"));
    assert_eq!(augment(&|config| (config.flip, config.alternate) = (false, true)), Some("augment.alternate"));
    let clean = |change: &dyn Fn(&mut CleaningConfig)| {
        let mut config = CleaningConfig::default();
        change(&mut config);
        config.check().err().map(|error| error.key)
    };
    assert_eq!(clean(&|_| ()), None);
    assert_eq!(clean(&|config| config.near_distance = 11), Some("clean.near_distance"));
    assert_eq!(clean(&|config| config.sensitive_score = 0.0), Some("clean.sensitive_score"));
    assert_eq!(clean(&|config| config.skin_share = 1.5), Some("clean.skin_share"));
    assert_eq!(clean(&|config| config.folds = 1), Some("clean.folds"));
    assert_eq!(clean(&|config| config.margin = 1.0), Some("clean.margin"));
    assert_eq!(
        clean(&|config| (config.duplicates, config.near_duplicates) = (false, true)),
        Some("clean.near_duplicates")
    );
}
