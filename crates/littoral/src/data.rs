//! The folder where a node keeps what it needs again: administration socket, token, self-made certificate.

use std::env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder of a node that runs as a service.
pub(crate) const SYSTEM_FOLDER: &str = "/var/lib/littoral";
/// The folder of `littoral up --demo`, in the current directory.
pub(crate) const DEMO_FOLDER: &str = ".littoral-demo";
/// The administration socket's name within the folder.
pub(crate) const ADMIN_SOCKET: &str = "admin.sock";

/// The folder of a node that a user runs: `$XDG_STATE_HOME/littoral` or `~/.local/state/littoral`.
pub(crate) fn user_folder() -> Option<PathBuf> {
    let absolute = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|state| state.join("littoral"))
}

/// The folder of a node without `--data` and without a node file that names one.
pub(crate) fn default_folder() -> PathBuf {
    let root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    user_folder().filter(|_| !root).unwrap_or_else(|| PathBuf::from(SYSTEM_FOLDER))
}

/// Makes the folder, with its parents, for the node's own user only; one that exists stays as it is.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Makes the demo's folder, which version control is told to ignore.
pub(crate) fn make_demo(folder: &Path) -> io::Result<()> {
    make(folder)?;
    fs::write(folder.join(".gitignore"), "*\n")
}

/// Writes a file that only the node's own user may read; never seen half-written.
pub(crate) fn write_secret(path: &Path, content: &str) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let _ = fs::remove_file(&partial);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)
}
