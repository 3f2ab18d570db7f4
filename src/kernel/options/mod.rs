//! Options of kernel objects as data: one row for each, which says its key, its word in a command of ip or tc, its attribute and
//! the form of its value.
//!
//! One table drives all that is done with an option: the script's value is read by its form ([`setting`], [`amount`]), the
//! attribute made ([`mod@write`]) and read back ([`read`]), the words of the command said and understood ([`words`]), and the
//! manual written. The tables stand with what they are options of: [`kind`](super::kind) for links and ports,
//! [`qdisc::kinds`](super::qdisc::kinds) for queueing disciplines and classes, [`filter::flower`](super::filter::flower) for what
//! a filter compares.
//!
//! Two things are not shared. Most kinds of tc have structs in place of attributes, and values that hang on each other (a bucket
//! on a rate): those write and read their own bytes, from and to the same settings. And tc's grammar is another than ip's: it
//! takes the beginnings of words and values by their place, so `catalog::translate::traffic` reads its commands.

pub mod amount;
mod form;
pub mod read;
pub mod setting;
mod settings;
pub mod words;
pub mod write;

pub use form::{Form, Names, Says, Unit, Which, Width};
pub use setting::{Setting, Wrong};
pub use settings::{Always, Settings};
pub use words::{Heard, hear};

/// An option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its key in a script.
    pub key: &'static str,
    /// The word of ip or tc before its value, or several in a row. Empty where the value stands alone.
    pub word: &'static str,
    /// The number of its attribute; 0 of what is part of a struct, which its kind writes and reads itself.
    pub number: u16,
    /// The form of its value.
    pub form: Form,
    /// How ip and tc say it: on and off, or where it stands.
    pub says: Says,
    /// Which way it goes.
    pub way: Way,
    /// What it is for, in the words of the manual; empty of tc's, whose manual names a key once for all kinds that have it.
    pub text: &'static str,
    /// Why its numbers end where they end; empty where that is plain.
    pub note: &'static str,
    /// The symbol in the configuration of a kernel that has it; empty where the kind's own is enough.
    pub config: &'static str,
}

/// Which way a row goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Set and read.
    Both,
    /// Told by the kernel only.
    Told,
    /// Something to be done, of which nothing is left to read.
    Done,
    /// Set by the verb's own parameter, such as a vlan's id; read like the others.
    Parameter,
}

/// A row whose word is its key.
pub const fn row(key: &'static str, number: u16, form: Form, text: &'static str) -> Row {
    Row {
        key,
        word: key,
        number,
        form,
        says: Says::Digit,
        way: Way::Both,
        text,
        note: "",
        config: "",
    }
}

impl Row {
    /// The same with another word of ip's.
    pub const fn word(self, word: &'static str) -> Row {
        Row { word, ..self }
    }

    /// The same, on and off said in another way.
    pub const fn says(self, says: Says) -> Row {
        Row { says, ..self }
    }

    /// The same, with the reason for the range of its numbers.
    pub const fn note(self, note: &'static str) -> Row {
        Row { note, ..self }
    }

    /// The same, of kernels with this symbol in their configuration.
    pub const fn config(self, config: &'static str) -> Row {
        Row { config, ..self }
    }

    /// The same, only read.
    pub const fn told(self) -> Row {
        let way = Way::Told;
        Row { way, ..self }
    }

    /// The same, only done.
    pub const fn done(self) -> Row {
        let way = Way::Done;
        Row { way, ..self }
    }

    /// The same, given by a parameter of the verb.
    pub const fn parameter(self) -> Row {
        let way = Way::Parameter;
        Row { way, ..self }
    }

    /// Whether it can be set.
    pub fn is_set(&self) -> bool {
        self.way != Way::Told
    }

    /// Whether it can be read.
    pub fn is_read(&self) -> bool {
        self.way != Way::Done
    }
}
