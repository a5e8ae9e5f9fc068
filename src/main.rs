//! The command: parse, wire, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    dynakeep::cli::main()
}
