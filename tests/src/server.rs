//! The program itself, built where the tests find it.

use std::process::ExitCode;

fn main() -> ExitCode {
    api::run::main()
}
