//! Routes, configuration, composition and the console page.
