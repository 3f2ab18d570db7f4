//! The man page, in roff: what clap knows of the command line, the verbs, and what no code says.

use std::io;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use crate::catalog::{Catalog, Entry};

use super::command_line::CommandLine;
use super::prompt::command::ORDERS;

/// Terms and what they mean, by the section that they stand in.
type Terms = &'static [(&'static str, &'static str)];

const FILES: Terms = &[
    (
        "/run/netns/NAME",
        "The network namespaces that have a name. In the sandbox these are its own.",
    ),
    (
        "$XDG_STATE_HOME/netsh/history",
        "What was typed at the prompt; in `~/.local/state` where the variable is not set.",
    ),
];

const STATUS: Terms = &[
    ("0", "Success, or the number that `exit` was given."),
    (
        "1",
        "The script failed, or can't be read; nothing is known about what was asked for.",
    ),
    ("2", "Wrong usage."),
    (
        "77",
        "The script needs what this kernel does not have, and said so with `require`.",
    ),
    ("130", "Ctrl-C ended the script."),
];

const ENVIRONMENT: Terms = &[
    ("NO_COLOR", "No colours if it is set and not empty."),
    ("TERM", "No colours if it is `dumb`, and drawings in ASCII."),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "The first of these that is set says whether the terminal takes UTF-8; tables and reports are drawn in ASCII otherwise.",
    ),
    ("XDG_STATE_HOME", "Where the prompt keeps its history."),
    ("PATH", "Where `exec` and `sh` look for programs."),
    ("SHELL", "What `netsh attach` starts without a command."),
];

const EXAMPLES: Terms = &[
    ("netsh scripts/veth.rhai", "Runs a script in a sandbox."),
    ("netsh -e 'show(link_list())'", "Runs a line."),
    (
        "netsh --show-commands -e 'veth_add(\"a\", \"b\")'",
        "Shows what the script stands for as commands of ip(8).",
    ),
    (
        "netsh help 'ip neigh'",
        "Finds the verb for a command that one knows.",
    ),
    ("netsh doc ping", "Prints the page of a verb as Markdown."),
    (
        "netsh completions bash > ~/.local/share/bash-completion/completions/netsh",
        "Has bash complete the command line.",
    ),
];

/// The page, to be read with `man -l`.
pub fn man_page(catalog: &Catalog) -> io::Result<String> {
    let command = CommandLine::command();
    let man = Man::new(command.clone()).manual("User Commands");
    let mut bytes = Vec::new();
    man.render_title(&mut bytes)?;
    man.render_name_section(&mut bytes)?;
    man.render_synopsis_section(&mut bytes)?;
    man.render_description_section(&mut bytes)?;
    man.render_options_section(&mut bytes)?;
    let mut roff = Roff::new();
    commands(&mut roff, &command);
    orders(&mut roff);
    verbs(&mut roff, catalog);
    terms(&mut roff, "FILES", FILES);
    terms(&mut roff, "EXIT STATUS", STATUS);
    terms(&mut roff, "ENVIRONMENT", ENVIRONMENT);
    terms(&mut roff, "EXAMPLES", EXAMPLES);
    roff.control("SH", ["SEE ALSO"]);
    roff.text([
        bold("ip"),
        roman("(8), "),
        bold("bridge"),
        roman("(8), "),
        bold("sysctl"),
        roman("(8), "),
        bold("ping"),
        roman("(8), "),
        bold("network_namespaces"),
        roman("(7), "),
        bold("user_namespaces"),
        roman("(7), "),
        bold("rtnetlink"),
        roman("(7); the language: https://rhai.rs/book"),
    ]);
    roff.to_writer(&mut bytes)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// What clap_mangen would refer to pages of their own for.
fn commands(roff: &mut Roff, command: &Command) {
    roff.control("SH", ["COMMANDS"]);
    for task in command.get_subcommands() {
        let arguments = task.get_positionals().map(|argument| {
            let name = argument.get_value_names().and_then(|names| names.first());
            let name = name.map_or_else(
                || argument.get_id().as_str().to_uppercase(),
                ToString::to_string,
            );
            match argument.is_required_set() {
                true => format!(" {name}"),
                false => format!(" [{name}]"),
            }
        });
        let arguments: String = arguments.collect();
        let about = task
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        term(
            roff,
            vec![bold(task.get_name()), roman(arguments)],
            &format!("{about}."),
        );
        for option in task
            .get_opts()
            .filter(|option| option.get_long() != Some("help"))
        {
            let long = option.get_long().unwrap_or_default();
            let value = option
                .get_value_names()
                .filter(|_| option.get_action().takes_values());
            let value = value
                .and_then(|names| names.first())
                .map_or(String::new(), |name| format!(" {name}"));
            let help = option
                .get_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            roff.control("RS", []);
            term(
                roff,
                vec![bold(format!("--{long}")), roman(value)],
                &format!("{help}."),
            );
            roff.control("RE", []);
        }
    }
}

/// What the prompt takes beside the language.
fn orders(roff: &mut Roff) {
    roff.control("SH", ["PROMPT"]);
    roff.text(inlines("Beside the language the prompt takes orders:"));
    for order in ORDERS {
        let words = vec![
            bold(format!(":{}", order.name)),
            roman(format!(" {}", order.argument)),
        ];
        term(roff, words, order.summary);
    }
    term(
        roff,
        vec![bold("!"), roman("PROGRAM")],
        "run a program in the current namespace, on the terminal",
    );
}

fn verbs(roff: &mut Roff, catalog: &Catalog) {
    roff.control("SH", ["VERBS"]);
    roff.text(inlines(
        "What a script can call; `netsh help VERB` and `netsh doc` tell all about them.",
    ));
    for noun in catalog.nouns() {
        roff.control("SS", [noun]);
        let mut before = None;
        for entry in catalog.entries().iter().filter(|entry| entry.noun == noun) {
            let title = entry.title();
            if before.as_ref() != Some(&title) {
                term(
                    roff,
                    vec![bold(call(catalog, entry))],
                    &entry.manual.summary,
                );
            }
            before = Some(title);
        }
    }
}

/// The longest way to call it.
fn call(catalog: &Catalog, entry: &Entry) -> String {
    let entries = catalog.called(&entry.signature.name);
    let longest = entries.max_by_key(|entry| entry.signature.parameters.len());
    crate::catalog::page::call(longest.unwrap_or(entry))
}

fn terms(roff: &mut Roff, title: &str, terms: Terms) {
    roff.control("SH", [title]);
    for (word, text) in terms {
        term(roff, vec![bold(*word)], text);
    }
}

fn term(roff: &mut Roff, words: Vec<Inline>, text: &str) {
    roff.control("TP", []);
    roff.text(words);
    roff.text(inlines(text));
}

/// Code is bold.
fn inlines(text: &str) -> Vec<Inline> {
    let pieces = text.split('`').enumerate();
    let pieces = pieces.filter(|(_, piece)| !piece.is_empty());
    pieces
        .map(|(at, piece)| {
            if at % 2 == 1 {
                bold(piece)
            } else {
                roman(piece)
            }
        })
        .collect()
}
