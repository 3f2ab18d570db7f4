//! A refusal, with all that a person or a script wants to know of it.

use nix::errno::Errno;

/// Why a verb could not do what it was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// What it was about: a link, an address, a sysctl.
    pub object: String,
    /// The namespace in which it was tried; empty is home.
    pub netns: String,
    /// The errno, where the kernel (or a library in its place) gave one.
    pub errno: Option<Errno>,
    /// What failed, in words.
    pub message: String,
    /// The kernel's own words.
    pub kernel: String,
    /// What to do about it.
    pub hint: String,
    /// The parameter or option key to blame; empty is the whole call.
    pub argument: String,
}

impl Failure {
    /// A failure that netsh itself declares, before the kernel was asked.
    pub fn new(message: impl Into<String>) -> Box<Self> {
        Box::new(Failure {
            message: message.into(),
            ..Failure::default()
        })
    }

    /// Names the parameter or option key to blame.
    pub fn blame(mut self: Box<Self>, argument: impl Into<String>) -> Box<Self> {
        self.argument = argument.into();
        self
    }

    /// Names the object.
    pub fn about(mut self: Box<Self>, object: impl Into<String>) -> Box<Self> {
        self.object = object.into();
        self
    }

    /// Says what to do.
    pub fn hint(mut self: Box<Self>, hint: impl Into<String>) -> Box<Self> {
        self.hint = hint.into();
        self
    }

    /// The errno's name, such as `ENODEV`.
    pub fn errno_name(&self) -> Option<String> {
        self.errno.map(|errno| format!("{errno:?}"))
    }
}

/// Words that can be printed as they are: what a name could bring along to drive a terminal is shown as an escape. Line ends
/// and tabs stay.
pub fn printable(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => words.push(c),
            c if c.is_control() => words.extend(c.escape_default()),
            c => words.push(c),
        }
    }
    words
}

/// The result of a verb.
pub type Outcome<T> = std::result::Result<T, Box<Failure>>;
