//! What the kernel, or the way to it, can answer other than yes.
//!
//! This layer keeps the facts: the errno, the extended-ack text, the name that could not be resolved.
//! The words for people (what was tried, on which object, what to do) are added once, in `lab::failure`.

use std::fmt;
use std::io;

use nix::errno::Errno;

/// A refused or failed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The kernel said no.
    Refused {
        /// The errno of the answer.
        errno: Errno,
        /// The extended-ack text (NLMSGERR_ATTR_MSG), where the kernel gave one.
        said: Option<String>,
    },
    /// There is no link of this name in the namespace that was asked.
    NoSuchLink(String),
    /// There is no network namespace of this name.
    NoSuchNetns(String),
    /// The kernel did not answer within the time that netsh waits for any answer.
    NoAnswer,
    /// The kernel answered with something that could not be read.
    Unreadable(String),
}

impl Error {
    /// An error that carries nothing but its errno.
    pub fn from_errno(errno: Errno) -> Self {
        Error::Refused { errno, said: None }
    }

    /// The errno that stands for this error, where there is one.
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Error::Refused { errno, .. } => Some(*errno),
            Error::NoSuchLink(_) => Some(Errno::ENODEV),
            Error::NoSuchNetns(_) => Some(Errno::ENOENT),
            Error::NoAnswer => Some(Errno::ETIMEDOUT),
            Error::Unreadable(_) => Some(Errno::EBADMSG),
        }
    }

    /// The kernel's own words: its extended-ack text, or the meaning of the errno.
    pub fn kernel_words(&self) -> String {
        match self {
            Error::Refused {
                said: Some(said), ..
            } => said.clone(),
            Error::Unreadable(what) => what.clone(),
            other => other.errno().map(errno_words).unwrap_or_default(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused { errno, said } => {
                if let Some(said) = said {
                    write!(f, "{said}: ")?;
                }
                write!(f, "{} ({errno:?})", errno_words(*errno))
            }
            Error::NoSuchLink(name) => write!(f, "no such link: {name}"),
            Error::NoSuchNetns(name) => write!(f, "no such network namespace: {name}"),
            Error::NoAnswer => write!(f, "the kernel did not answer"),
            Error::Unreadable(what) => write!(f, "unreadable answer: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        Error::from_errno(errno)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error() {
            Some(code) => Error::from_errno(Errno::from_raw(code)),
            None => Error::Unreadable(error.to_string()),
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error.errno() {
            Some(errno) => errno.into(),
            None => io::Error::other(error.to_string()),
        }
    }
}

/// What an errno means, in the words of the C library (strerror(3)).
pub fn errno_words(errno: Errno) -> String {
    let words = io::Error::from_raw_os_error(errno as i32).to_string();
    let end = words.find(" (os error").unwrap_or(words.len());
    words[..end].to_string()
}

/// The result of asking the kernel.
pub type Result<T> = std::result::Result<T, Error>;
