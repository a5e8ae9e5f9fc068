//! `dynakeep`: a read-only security dashboard for DynamoDB estates on AWS, in the terminal.
//!
//! The module tree is the architecture; ARCHITECTURE.md explains it, `tests/architecture.rs` holds its arrows.

pub mod app;
pub mod aws;
pub mod cli;
pub mod config;
pub mod controls;
pub mod export;
pub mod keymap;
pub mod model;
pub mod operations;
pub mod policy;
pub mod state;
pub mod store;
pub mod term;
pub mod theme;
pub mod trail;
pub mod view;
pub mod widget;
pub mod wire;
