//! A text with `^` for the cursor, and what is offered there.

use std::cell::RefCell;

use proptest::prelude::*;

use super::super::super::outline::Import;
use super::surroundings::{Surroundings, Variable};
use super::{Completion, complete};
use crate::catalog::Catalog;
use crate::catalog::signature::{Parameter, Signature};

mod files;
mod names;
mod values;

/// Surroundings that know what they were asked.
#[derive(Default)]
struct Stage {
    asked: RefCell<Vec<&'static str>>,
}

impl Stage {
    fn answer(&self, question: &'static str, names: &[&str]) -> Vec<String> {
        self.asked.borrow_mut().push(question);
        names.iter().map(|name| (*name).to_owned()).collect()
    }
}

impl Surroundings for Stage {
    fn links(&self, netns: Option<&str>) -> Vec<String> {
        match netns {
            None => self.answer("links", &["lo", "veth0", "veth0peer"]),
            Some("h1") => self.answer("links", &["lo", "eth1"]),
            Some("h2") => self.answer("links", &["lo", "eth2"]),
            Some(_) => self.answer("links", &[]),
        }
    }

    fn namespaces(&self) -> Vec<String> {
        self.answer("namespaces", &["h1", "h2"])
    }

    fn addresses(&self, netns: Option<&str>, link: Option<&str>) -> Vec<String> {
        match (netns, link) {
            (None, None) => self.answer("addresses", &["127.0.0.1/8", "10.0.0.1/24", "fd00::1/64"]),
            (None, Some("lo")) => self.answer("addresses", &["127.0.0.1/8"]),
            (Some("h1"), Some("eth1")) => self.answer("addresses", &["10.0.0.2/24"]),
            _ => self.answer("addresses", &[]),
        }
    }

    fn sysctls(&self, netns: Option<&str>, prefix: &str) -> Vec<String> {
        if netns.is_some() {
            return self.answer("sysctls", &["net.of_another_namespace"]);
        }
        let all = [
            "net.",
            "vm.",
            "net.ipv4.",
            "net.ipv6.",
            "net.ipv4.conf.",
            "net.ipv4.ip_forward",
            "net.ipv4.conf.v0/10.",
        ];
        let below = |name: &&&str| {
            let rest = name.strip_prefix(prefix);
            rest.is_some_and(|rest| !rest.is_empty() && !rest.trim_end_matches('.').contains('.'))
        };
        let names: Vec<&str> = all.iter().filter(below).copied().collect();
        self.answer("sysctls", &names)
    }

    fn variables(&self) -> Vec<Variable> {
        self.asked.borrow_mut().push("variables");
        let variable = |(name, kind, netns, keys): (&str, &str, Option<&str>, &[&str])| Variable {
            name: name.into(),
            kind: kind.into(),
            netns: netns.map(str::to_owned),
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        };
        [
            ("host", "netns", Some("h1"), [].as_slice()),
            ("reply", "map", None, &["loss", "lost time"]),
            ("rows", "array", None, &["mtu"]),
            ("title", "string", None, &[]),
            ("_", "array", None, &["mtu"]),
        ]
        .map(variable)
        .to_vec()
    }

    fn functions(&self) -> Vec<Signature> {
        self.asked.borrow_mut().push("functions");
        let parameter = |name: &str| Parameter {
            name: name.into(),
            kind: "any".into(),
        };
        vec![Signature {
            name: "plug".into(),
            parameters: ["left", "link"].map(parameter).to_vec(),
            returns: String::new(),
        }]
    }

    fn imports(&self) -> Vec<Import> {
        self.asked.borrow_mut().push("imports");
        vec![Import {
            path: "pairs".into(),
            name: "earlier".into(),
        }]
    }

    fn files(&self, prefix: &str) -> Vec<String> {
        match prefix {
            "" => self.answer("files", &["labs/", "lab.rhai", "notes.txt", ".hidden"]),
            "labs/" => self.answer("files", &["labs/one.rhai", "labs/two.rhai"]),
            _ => self.answer("files", &[]),
        }
    }

    fn programs(&self, prefix: &str) -> Vec<String> {
        let all = ["tcpdump", "tracepath", "bash"].into_iter();
        let names: Vec<&str> = all.filter(|name| name.starts_with(prefix)).collect();
        self.answer("programs", &names)
    }
}

fn catalog() -> Catalog {
    let code = "/// Shows the manual.\nfn help(topic) {}\n/// Makes two.\nfn couple(a, b) {}";
    let ast = rhai::Engine::new().compile(code).expect("a module");
    crate::script::catalog()
        .clone()
        .with_module("Pairs", "pairs", &ast)
}

fn completed(marked: &str) -> (String, Completion, Vec<&'static str>) {
    let cursor = marked.find('^').expect("a cursor");
    let text = marked.replacen('^', "", 1);
    let stage = Stage::default();
    let completion = complete(&text, cursor, &catalog(), &stage);
    assert!(completion.start <= cursor, "{marked:?}");
    (text, completion, stage.asked.into_inner())
}

/// What is written, without the brackets behind the name of a function.
fn replacements(marked: &str) -> Vec<String> {
    let written = written(marked).into_iter();
    let bare = |one: String| one.trim_end_matches("()").trim_end_matches('(').to_owned();
    written.map(bare).collect()
}

fn written(marked: &str) -> Vec<String> {
    let candidates = completed(marked).1.candidates.into_iter();
    candidates.map(|one| one.replacement).collect()
}

#[test]
fn a_call_gets_its_brackets() {
    assert_eq!(written("addr_a^"), ["addr_add("]);
    assert_eq!(written("addr_a^(\"lo\")"), ["addr_add"]);
    assert_eq!(written("addr_l^"), ["addr_list("]);
    assert_eq!(written("arp_t^"), ["arp_table()"]);
    assert_eq!(written("host.addr_a^"), ["addr_add("]);
}

/// Holds a table of texts to all that is offered.
#[track_caller]
fn all(table: &[(&str, &[&str])]) {
    for (text, expected) in table {
        assert_eq!(replacements(text), *expected, "{text:?}");
    }
}

/// Holds a table of texts to some of what is offered, and some of what is not.
#[track_caller]
fn some_of(table: &[(&str, &[&str], &[&str])]) {
    for (text, offered, absent) in table {
        let found = replacements(text);
        let has = |name: &&&str| found.iter().any(|one| one == **name);
        let missing: Vec<_> = offered.iter().filter(|name| !has(name)).collect();
        let odd: Vec<_> = absent.iter().filter(has).collect();
        assert!(
            missing.is_empty() && odd.is_empty(),
            "{text:?}: missing {missing:?}, odd {odd:?} in {found:?}"
        );
    }
}

#[test]
fn the_surroundings_are_asked_only_for_what_is_wanted() {
    for (text, expected) in [
        ("link_up(\"^", ["links"].as_slice()),
        ("link_get(\"lo\").^", &[]),
        ("veth_add(1, 2, #{ ^", &[]),
        ("sysctl_get(\"^", &["sysctls"]),
        ("netns_get(\"^", &["namespaces"]),
        ("addr_a^", &["variables", "functions", "imports"]),
    ] {
        assert_eq!(completed(text).2, expected, "{text:?}");
    }
}

#[test]
fn the_cursor_can_stand_in_the_text_or_in_a_character() {
    let stage = Stage::default();
    let completion = complete("veth_a é", 6, &catalog(), &stage);
    assert_eq!((completion.start, completion.candidates.len()), (0, 1));
    for cursor in 0..20 {
        let _ = complete("éé.link_up(\"é", cursor, &catalog(), &stage);
    }
}

thread_local! {
    static CATALOG: Catalog = catalog();
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "link_up", "veth_add", "addr_add", "(", ")", "#{", "}", "{", "[", "]", ",", ":", "\"", "`", "${", "\\",
            ".", "::", "host", "reply", "rows", "|", "||", "let ", "for ", " in ", "=", ";", "x", " ", "\n", "//", "/*",
            "*/", "mtu", "master: ", "sysctl_get", "net.", "net/", "import ", "fn ", "!", ":load ", ":time ", "'", "é",
            "\u{85}", "#\"", "1", "1.", "filter", "?.", "?[", "run", "sh(\"", "help",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    /// At any byte of any text there is an answer, and what it replaces is a part of the text before the cursor.
    #[test]
    fn no_text_and_no_cursor_panics(pieces in prop::collection::vec(piece(), 0..16), cursor in 0usize..80) {
        let text = pieces.concat();
        let stage = Stage::default();
        for cursor in [cursor, text.len()] {
            let completion = CATALOG.with(|catalog| complete(&text, cursor, catalog, &stage));
            prop_assert!(completion.start <= cursor.min(text.len()));
            prop_assert!(text.is_char_boundary(completion.start));
        }
    }
}

#[test]
fn of_too_many_there_is_what_they_have_in_common() {
    let completion = |names: &[&str]| Completion {
        start: 3,
        candidates: names.iter().map(|name| candidate(name)).collect(),
    };
    let candidate_names = |completion: Completion| -> Vec<String> {
        let candidates = completion.candidates.into_iter();
        candidates.map(|one| one.replacement).collect()
    };
    for (names, typed, expected) in [
        (&["ab1", "ab2"][..], "a", &["ab1", "ab2"][..]),
        (&["ab1", "ab2", "ab"], "a", &["ab"]),
        (&["ab1", "ab2", "abü"], "ab", &[]),
        (&["aü", "aé", "aü"], "", &["a"]),
        (&["x", "y", "z"], "", &[]),
    ] {
        let few = completion(names).of_at_most(2, typed);
        assert_eq!(few.start, 3);
        assert_eq!(candidate_names(few), expected, "{names:?}");
    }
}

fn candidate(name: &str) -> super::Candidate {
    super::Candidate {
        replacement: name.into(),
        name: name.into(),
        about: String::new(),
        display: name.into(),
    }
}
