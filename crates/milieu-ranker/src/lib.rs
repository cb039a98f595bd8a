//! The multi-task action model: P(action) from features, its training and its forward pass.
