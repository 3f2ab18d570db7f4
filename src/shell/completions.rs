//! Completions for shells. clap_complete makes them from the command line; what it does not know is put in here: the names of
//! verbs, and that the first word can be a file as well as a command.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory, ValueEnum};
use clap_complete::Shell;

use crate::catalog::{Catalog, Entry};

use super::command_line::CommandLine;

/// In bash, files beside the words that clap_complete offers, for as long as there are only options before.
const BASH_FILES: &str = r#"
_netsh_with_files() {
    _netsh "$@"
    local word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] || return 0
    done
    if [[ $2 != -* ]]; then
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$2")
        compopt -o filenames 2>/dev/null || true
    fi
}
complete -F _netsh_with_files -o bashdefault -o default netsh
"#;

/// In zsh, what stands first: clap_complete has a command there and nothing else. (The space before an action keeps `_arguments`
/// from adding words of its own.) (A space before an action keeps _arguments from
/// adding words of its own to it.)
const ZSH_COMMANDS: &str = r#"":: :_netsh_commands""#;
const ZSH_COMMANDS_AND_FILES: &str =
    r#"":: : _alternative 'commands\:command\:_netsh_commands' 'files\:script\:_files'""#;

/// The completions for a shell, as a script in its language.
pub fn completions(catalog: &Catalog, shell: Shell) -> String {
    let mut names: Vec<String> = catalog.entries().iter().map(Entry::path).collect();
    names.sort();
    names.dedup();
    match shell {
        Shell::Bash => made(shell, without_script(with_verbs(&names))) + BASH_FILES,
        Shell::Zsh => made(shell, without_script(with_verbs(&names)))
            .replace(ZSH_COMMANDS, ZSH_COMMANDS_AND_FILES),
        Shell::Fish => made(shell, CommandLine::command()) + fish_verbs(&names).as_str(),
        _ => made(shell, with_verbs(&names)),
    }
}

fn made(shell: Shell, mut command: Command) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut command, "netsh", &mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// For fish clap_complete leaves out what a place can hold.
fn fish_verbs(names: &[String]) -> String {
    let shells: Vec<String> = Shell::value_variants()
        .iter()
        .map(ToString::to_string)
        .collect();
    let line = |task: &str, words: &[String]| {
        let words = words.join(" ");
        format!("complete -c netsh -n \"__fish_netsh_using_subcommand {task}\" -f -a \"{words}\"\n")
    };
    [
        line("doc", names),
        line("help", names),
        line("completions", &shells),
    ]
    .concat()
}

/// The command line, with the names of verbs where it takes one.
fn with_verbs(names: &[String]) -> Command {
    let verb = |argument: Arg| argument.value_parser(PossibleValuesParser::new(names.to_vec()));
    CommandLine::command()
        .mut_subcommand("doc", |doc| doc.mut_arg("verb", verb))
        .mut_subcommand("help", |help| help.mut_arg("topic", verb))
}

/// Without the script: clap_complete takes a command for what follows it.
fn without_script(command: Command) -> Command {
    let version = command.get_version().unwrap_or_default().to_owned();
    Command::new("netsh")
        .version(version)
        .disable_help_subcommand(true)
        .args(command.get_opts().cloned())
        .subcommands(command.get_subcommands().cloned())
}
