//! Widgets that know no model: text, tables, prompts, boxes.

pub mod bar;
pub mod popup;
pub mod table;
pub mod text;
