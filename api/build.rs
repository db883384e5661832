//! Tells the program which commit it is built from (what the build is told, else what git says), and by which
//! compiler.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=HYPERFLEET_BUILD_COMMIT");
    println!("cargo::rerun-if-changed=../.git/HEAD");
    println!("cargo::rerun-if-changed=../.git/refs/heads");
    let told = std::env::var("HYPERFLEET_BUILD_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = told.or_else(from_git).unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=HYPERFLEET_COMMIT={commit}");
    println!(
        "cargo::rustc-env=HYPERFLEET_RUST_VERSION={}",
        rust_version().unwrap_or_else(|| "unknown".into())
    );
}

/// `1.94.0` of `rustc 1.94.0 (…)`.
fn rust_version() -> Option<String> {
    let output = Command::new(std::env::var_os("RUSTC")?).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    version.split(' ').nth(1).map(|version| version.trim().to_owned())
}

fn from_git() -> Option<String> {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| commit.trim().to_owned())
}
