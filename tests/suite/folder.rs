//! A folder of a test's own, gone with the test.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// An empty folder in which every user can write.
pub struct Folder(TempDir);

impl Folder {
    /// Makes one. Its name is random: process ids come again in a world of a test's own.
    pub fn new() -> std::io::Result<Folder> {
        let folder = tempfile::Builder::new()
            .prefix("test-of-netsh-")
            .tempdir()?;
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o1777))?;
        Ok(Folder(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file that everybody can read and run.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> std::io::Result<PathBuf> {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes)?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755))?;
        Ok(path)
    }

    /// The names of what is in it.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path())
            .into_iter()
            .flatten()
            .flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }
}
