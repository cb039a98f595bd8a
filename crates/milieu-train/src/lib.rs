//! Training and evaluation from the log: collaborative models and the action model.
