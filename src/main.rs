//! The command: parse, wire, exit code.

fn main() {}
