use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use uuid::Uuid;

/// Stops the PostgreSQL servers whose data lie below `$0`, and removes everything there. `cat` ends when the process
/// of the tests does, however it does.
const AT_THE_END: &str = r#"
    cat >/dev/null
    for file in "$0"/*/data/postmaster.pid; do
        [ -e "$file" ] || continue
        id=$(head -n 1 "$file")
        kill -QUIT "$id"
        while kill -0 "$id" && [ -e "$file" ]; do sleep 0.05; done
    done
    rm -rf "$0"
"#;

/// A folder that is gone when the test is over, or with the process if the test is interrupted.
pub struct Folder(PathBuf);

impl Folder {
    /// A new folder.
    pub fn new() -> Self {
        let path = all().join(Uuid::new_v4().simple().to_string());
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The URL of a SQLite file in it, which is created when it is opened.
    pub fn sqlite(&self, name: &str) -> String {
        format!("sqlite://{}/{name}?mode=rwc", self.0.display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed yet is removed at the end of the process.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The folder of this process, in which all others are.
fn all() -> &'static Path {
    static ALL: OnceLock<PathBuf> = OnceLock::new();
    ALL.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("hyperfleet-test-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&path).expect("a folder");
        remove_at_the_end(&path);
        path
    })
}

/// Leaves the removal to a shell, in a process group of its own: what interrupts the tests must not interrupt it.
fn remove_at_the_end(path: &Path) {
    let mut shell = Command::new("sh");
    shell.args(["-c", AT_THE_END]).arg(path).current_dir("/").process_group(0);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    #[expect(clippy::zombie_processes, reason = "it outlives this process, which is what it waits for")]
    let mut waiting = shell.spawn().expect("a shell that waits");
    let mut input = waiting.stdin.take().expect("its input");
    input.write_all(b"\n").expect("it listens");
    std::mem::forget(input);
}
