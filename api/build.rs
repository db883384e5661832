//! Passes the commit (from `HYPERFLEET_BUILD_COMMIT`, else from git) and the version of the compiler to the program.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=HYPERFLEET_BUILD_COMMIT");
    for file in
        git(&["rev-parse", "--git-path", "HEAD", "--git-path", "refs/heads"]).unwrap_or_default().lines()
    {
        // A file that does not exist would count as changed in every build.
        println!("cargo::rerun-if-changed={file}");
    }
    let told = std::env::var("HYPERFLEET_BUILD_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit =
        told.or_else(|| git(&["rev-parse", "--short=12", "HEAD"])).unwrap_or_else(|| "unknown".into());
    // Not named like settings: `cargo run` passes these variables on, and the server would warn about them.
    println!("cargo::rustc-env=BUILT_FROM_COMMIT={commit}");
    println!("cargo::rustc-env=BUILT_WITH_RUST={}", rust_version().unwrap_or_else(|| "unknown".into()));
}

/// Returns `1.94.0` for `rustc 1.94.0 (…)`.
fn rust_version() -> Option<String> {
    let output = Command::new(std::env::var_os("RUSTC")?).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.split(' ').nth(1).map(|version| version.trim().to_owned())
}

/// Returns the output of git, or `None` if git is not installed or this is not a repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| answer.trim().to_owned())
}
