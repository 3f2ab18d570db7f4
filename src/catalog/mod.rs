//! What there is to call: the one source about verbs. The functions and their doc comments say all of it; what is here
//! only reads them. Help, completion, the reference and the definitions for editors are renderers of it.
//!
//! | file | what it is |
//! |---|---|
//! | [`signature`] | how a verb is called |
//! | [`manual`] | its doc comment, taken apart |
//! | [`fields`] | what is in the maps that it gives |
//! | [`expects`] | what belongs in the place of an argument |
//! | `settings` | the options that are rows of a table |
//! | [`mod@page`] | a verb's page as Markdown |
//! | [`mod@search`] | finding verbs |
//! | [`help`] | the answers of `help` |
//! | [`mod@reference`] | the pages of all verbs |
//! | [`mod@definitions`] | the verbs as editors read them |
//! | [`translate`] | commands of other programs in the words of the catalog |

pub mod definitions;
pub mod expects;
pub mod fields;
pub mod help;
pub mod manual;
pub mod page;
pub mod reference;
pub mod search;
mod settings;
pub mod signature;
pub mod translate;

use rhai::{AST, Engine, Module, Shared};

use manual::Manual;
use signature::{HANDLES, Parameter, Signature, Signatures, kind_name};

/// One way to call a function, with its manual.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is about: the title under which it stands in the reference.
    pub noun: String,
    /// The module that has to be imported for it, if any.
    pub module: Option<String>,
    /// The type whose method it is, if it is nothing else: `netns`.
    pub receiver: Option<String>,
    /// How it is called.
    pub signature: Signature,
    /// What there is to know about it.
    pub manual: Manual,
}

impl Entry {
    /// Its name as a script writes it: `addr_add`, `topo::pair`.
    pub fn path(&self) -> String {
        match &self.module {
            Some(module) => format!("{module}::{}", self.signature.name),
            None => self.signature.name.clone(),
        }
    }

    /// The same, with what has to stand before it: `netns.run`.
    pub fn title(&self) -> String {
        match &self.receiver {
            Some(receiver) => format!("{receiver}.{}", self.path()),
            None => self.path(),
        }
    }

    /// Whether it takes a map of options.
    pub fn takes_options(&self) -> bool {
        let last = self.signature.parameters.last();
        last.is_some_and(|parameter| parameter.name == "options?")
    }
}

/// All functions that netsh adds to Rhai.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    entries: Vec<Entry>,
}

impl Catalog {
    /// Reads the functions of these modules, each with what it is about. Getters, operators and conversions have no page.
    pub fn of<'a>(modules: impl IntoIterator<Item = (&'a str, Shared<Module>)>) -> Self {
        let mut catalog = Catalog::default();
        for (noun, module) in modules {
            let mut reader = Engine::new_raw();
            reader.register_global_module(module);
            let mut entries = reader.collect_fn_metadata(None, |found| native(noun, &found), false);
            entries.sort_by(in_order);
            catalog.entries.extend(entries);
        }
        catalog.borrow_options();
        catalog
    }

    /// Gives each verb the options that it takes as another one does, after its own.
    fn borrow_options(&mut self) {
        for at in 0..self.entries.len() {
            let own = &self.entries[at].manual;
            let lenders: Vec<String> = own.options_of.clone();
            let mut options = own.options.clone();
            for lender in &lenders {
                let lent = self.called(lender).flat_map(|entry| &entry.manual.options);
                let new = lent.filter(|one| own.options.iter().all(|known| known.key != one.key));
                options.extend(new.cloned());
            }
            self.entries[at].manual.options = options;
        }
    }

    /// Adds the functions of a module that is written in Rhai, and is imported by its name.
    #[must_use]
    pub fn with_module(mut self, noun: &str, name: &str, ast: &AST) -> Self {
        let functions = ast.iter_functions().filter(|function| {
            !function.comments.is_empty() && !matches!(function.access, rhai::FnAccess::Private)
        });
        let mut entries: Vec<Entry> = functions
            .map(|function| scripted(noun, name, &function))
            .collect();
        entries.sort_by(in_order);
        self.entries.extend(entries);
        self
    }

    /// The entries by what they are about, and there in the order of their names.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries called `name`, which may have a module before it.
    pub fn called(&self, name: &str) -> impl Iterator<Item = &Entry> {
        let entries = self.entries.iter();
        entries.filter(move |entry| {
            entry.signature.name == name || entry.path() == name || entry.title() == name
        })
    }

    /// What there are entries about, in their order.
    pub fn nouns(&self) -> Vec<&str> {
        let mut nouns: Vec<&str> = self
            .entries
            .iter()
            .map(|entry| entry.noun.as_str())
            .collect();
        nouns.dedup();
        nouns
    }
}

impl Signatures for Catalog {
    fn of(&self, name: &str) -> Vec<Signature> {
        self.called(name)
            .filter(|entry| entry.module.is_none() || entry.path() == name)
            .map(|entry| entry.signature.clone())
            .collect()
    }

    fn methods(&self, holder: &str, name: &str) -> Vec<Signature> {
        self.called(name)
            .filter(|entry| entry.receiver.as_deref() == Some(holder))
            .map(|entry| entry.signature.clone())
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.entries.iter().map(Entry::path).collect()
    }

    fn fields(&self, name: &str) -> Vec<String> {
        let given = self.fields_given(name).into_iter();
        let mut fields: Vec<String> = given.map(|field| field.name).collect();
        fields.sort();
        fields.dedup();
        fields
    }
}

/// By name, and what takes less before what takes more. The engine keeps functions in no order.
fn in_order(one: &Entry, other: &Entry) -> std::cmp::Ordering {
    let key = |entry: &Entry| {
        let parameters = entry.signature.parameters.iter();
        let names: Vec<String> = parameters.map(|one| one.name.clone()).collect();
        (names.len(), names)
    };
    let names = one.signature.name.cmp(&other.signature.name);
    // Rhai tells functions in no order: handles have methods that are called alike.
    let receivers = one.receiver.cmp(&other.receiver);
    names.then(receivers).then(key(one).cmp(&key(other)))
}

fn native(noun: &str, found: &rhai::FuncInfo) -> Option<Entry> {
    let function = found.metadata;
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let has_a_page = !function.comments.is_empty()
        && function.name.chars().all(is_name)
        && !function.name.starts_with("to_");
    if !has_a_page {
        return None;
    }
    let parameters = function.params_info.iter().filter_map(|parameter| {
        let (name, kind) = parameter.split_once(':')?;
        Some((name.trim(), kind_name(kind.trim())))
    });
    let (receivers, parameters): (Vec<_>, Vec<_>) =
        // The handle of a method stands before the dot, not among the arguments.
        parameters.partition(|(_, kind)| HANDLES.contains(kind));
    let parameters = parameters.into_iter().map(|(name, kind)| Parameter {
        name: match kind {
            "map" if name == "options" => "options?".into(),
            _ => name.into(),
        },
        kind: kind.into(),
    });
    Some(Entry {
        noun: noun.into(),
        module: None,
        receiver: receivers.first().map(|(_, kind)| (*kind).into()),
        signature: Signature {
            name: function.name.to_string(),
            parameters: parameters.collect(),
            returns: kind_name(&function.return_type).into(),
        },
        manual: Manual::of(&settings::with_rows(&documentation(&function.comments))),
    })
}

fn scripted(noun: &str, module: &str, function: &rhai::ScriptFnMetadata) -> Entry {
    // There is a second function of the name for the call without options, with no page of its own.
    let parameters = function.params.iter().map(|name| match *name {
        "options" => Parameter {
            name: "options?".into(),
            kind: "map".into(),
        },
        name => Parameter {
            name: name.into(),
            kind: "any".into(),
        },
    });
    let manual = Manual::of(&documentation(&function.comments));
    Entry {
        noun: noun.into(),
        module: Some(module.into()),
        receiver: None,
        signature: Signature {
            name: function.name.into(),
            parameters: parameters.collect(),
            returns: if manual.returns.is_empty() {
                "()"
            } else {
                "any"
            }
            .into(),
        },
        manual,
    }
}

fn documentation(comments: &[impl AsRef<str>]) -> String {
    let lines = comments.iter().flat_map(|comment| comment.as_ref().lines());
    let lines = lines.map(|line| {
        let text = line.trim_start().trim_start_matches("///");
        text.strip_prefix(' ').unwrap_or(text)
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small catalog.
    pub fn sample() -> Catalog {
        let ast = Engine::new().compile(
            "/// Makes two.\n///\n/// Equivalent to: `ip link add A type veth peer name B`\n///\n/// # Returns\n/// A map: `mtu` (`()` for none),\n/// `name`.\nfn pair(a, b) {}\n\
             /// A map like those of `pair`.\n///\n/// # Returns\n/// A map like those of `pair`.\nfn again() {}\n\
             /// Hidden.\nprivate fn hidden() {}\nfn silent() {}",
        );
        Catalog::default().with_module("topo", "topo", &ast.expect("a script"))
    }

    #[test]
    fn modules_in_rhai_have_pages_too() {
        let catalog = sample();
        let paths: Vec<String> = catalog.entries().iter().map(Entry::path).collect();
        assert_eq!(paths, ["topo::again", "topo::pair"]);
        assert_eq!(catalog.fields("pair"), ["mtu", "name"]);
        assert_eq!(catalog.fields("again"), ["mtu", "name"]);
        assert!(catalog.fields("ping").is_empty());
    }
}
