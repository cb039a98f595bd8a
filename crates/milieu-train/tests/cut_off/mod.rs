//! A run that ends in the middle of an epoch, as if the process had ended.

/// Trains until the second step of an epoch, and no further. `TrainEvent` is the one of the task, whichever that is.
macro_rules! cut_off {
    ($train:path, $recipe:expr, $folder:expr, $epoch:literal) => {{
        let run = std::panic::AssertUnwindSafe(|| {
            $train($recipe, $folder, &mut |event| {
                if matches!(event, TrainEvent::Step { epoch: $epoch, done: 2, .. }) {
                    panic!("cut off");
                }
            })
        });
        assert!(std::panic::catch_unwind(run).is_err());
    }};
}
