//! Widgets that know no model: text, tables, prompts, boxes.

pub mod bar;
pub mod facets;
pub mod fuzzy;
pub mod histogram;
pub mod ink;
pub mod popup;
pub mod table;
pub mod text;
pub mod tree;
