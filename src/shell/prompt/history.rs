//! Where the inputs of former sessions are kept, and what may be kept there.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustyline::history::History;
use rustyline::{Editor, Helper};

/// A larger file than this is no history of ours.
const LARGEST: u64 = 64 << 20;

/// `$XDG_STATE_HOME/netsh/history`, by the XDG Base Directory Specification; its folder is made. None where there is no place
/// for one: then nothing is remembered.
pub fn place() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let state = state.filter(|path| path.is_absolute()).or_else(|| {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let home = home.filter(|path| path.is_absolute())?;
        Some(home.join(".local/state"))
    })?;
    let folder = state.join("netsh");
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(&folder).ok()?;
    let file = folder.join("history");
    // A pipe would block for ever, a device never end.
    let is_ours = fs::metadata(&file).map_or(true, |data| data.is_file() && data.len() <= LARGEST);
    is_ours.then_some(file)
}

/// Reads the inputs of former sessions. A file that is damaged is set aside, and the history begins anew; in words what
/// happened to it.
pub fn load<H: Helper, I: History>(editor: &mut Editor<H, I>, file: &Path) -> Option<String> {
    if !file.exists() || editor.load_history(file).is_ok() {
        return None;
    }
    let aside = file.with_extension("damaged");
    let name = aside.display();
    Some(match fs::rename(file, &aside) {
        Ok(()) => format!("the history could not be read; it is now {name}"),
        Err(error) => format!("the history could not be read, nor set aside: {error}"),
    })
}

/// Whether an input may be kept: what drives terminals would do so again each time that it is shown.
pub fn may_keep(input: &str) -> bool {
    let drives = |c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    !input.trim().is_empty() && !input.contains(drives)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drives_terminals_is_not_kept() {
        assert!(may_keep("let a = `one\ntwo`\t// ü"));
        for input in ["", " \n", "a\u{1b}]0;x\u{7}", "\u{9b}2J"] {
            assert!(!may_keep(input), "{input:?}");
        }
    }
}
