//! Files that verbs read and write.

use std::fs::{File, metadata};
use std::io;

use nix::errno::Errno;

use crate::lab::failure::{Failure, Outcome, printable};

/// Begins a file; an old one of this name is emptied.
pub(super) fn new_file(file: &str) -> Outcome<File> {
    if metadata(file).is_ok() {
        plain(file, "write")?;
    }
    File::create(file).map_err(|error| refusal("write", file, &error))
}

/// A pipe would block, a device never end.
pub(super) fn plain(file: &str, act: &str) -> Outcome<()> {
    let data = metadata(file).map_err(|error| refusal(act, file, &error))?;
    if data.is_file() {
        return Ok(());
    }
    let words = match data.is_dir() {
        true => "it is a directory",
        false => "it is no plain file",
    };
    let words = format!("cannot {act} {}: {words}", printable(file));
    Err(Failure::new(words).about(file).blame("file"))
}

/// The operating system has refused to `act` on a file.
pub(super) fn refusal(act: &str, file: &str, error: &io::Error) -> Box<Failure> {
    let errno = error.raw_os_error().map(Errno::from_raw);
    let words = match errno {
        Some(errno) => errno.desc().to_string(),
        None => error.to_string(),
    };
    let message = format!("cannot {act} {}: {words}", printable(file));
    let mut failure = Failure::new(message).about(file).blame("file");
    failure.errno = errno;
    failure.kernel = errno.map_or_else(String::new, |errno| errno.desc().into());
    failure
}
