//! The fault injector.
