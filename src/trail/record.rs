//! One CloudTrail record, as JSON text, read into a [`crate::model::Event`].
