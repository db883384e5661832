use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use uuid::Uuid;

/// A shell script that stops the PostgreSQL servers whose data is below `$0`, then removes `$0`. `cat` returns when
/// the test process ends, however it ends.
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

/// A temporary folder. It is removed when the value is dropped, or with the process if the test is interrupted.
pub struct Folder(PathBuf);

impl Folder {
    /// Creates a folder.
    pub fn new() -> Self {
        let path = all().join(Uuid::new_v4().simple().to_string());
        std::fs::create_dir(&path).expect("a folder");
        Self(path)
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Returns the URL of a SQLite file in the folder. The file is created when the database is opened.
    pub fn sqlite(&self, name: &str) -> String {
        format!("sqlite://{}/{name}?mode=rwc", self.0.display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Files that cannot be removed yet are removed at the end of the process.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Returns the folder of this process, which contains all others.
fn all() -> &'static Path {
    static ALL: OnceLock<PathBuf> = OnceLock::new();
    ALL.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("hyperfleet-test-{}", Uuid::new_v4().simple()));
        std::fs::create_dir(&path).expect("a folder");
        remove_at_the_end(&path);
        path
    })
}

/// Starts a shell that removes the folder at the end. The shell has its own process group, so that a signal that
/// interrupts the tests does not interrupt it.
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
