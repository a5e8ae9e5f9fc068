//! All integration tests, in one binary so that they link once. One module a subject.

mod architecture;
mod classes;
mod command_line;
mod controls;
mod denied;
mod depth;
mod engines;
mod exceptions;
mod faults;
mod formats;
mod guard;
mod harness;
mod hostile;
mod journeys;
mod lanes;
mod live;
mod remediation;
mod seen;
mod sessions;
mod sweeps;
mod terminal;
mod trail_files;
mod trail_records;
mod trail_screens;
mod who;
mod worse;
