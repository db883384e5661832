//! The program, built as a binary of this package so that the tests can locate it.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::run::main()
}
