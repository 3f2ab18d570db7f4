//! Completions for shells. clap_complete makes them from the command line; what it does not know is put in here: the names of
//! verbs, and that the first word can be a file as well as a command.

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory};
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
    let mut bytes = Vec::new();
    let mut command = without_script(with_verbs(catalog, CommandLine::command()));
    clap_complete::generate(shell, &mut command, "netsh", &mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match shell {
        Shell::Bash => text + BASH_FILES,
        Shell::Zsh => text.replace(ZSH_COMMANDS, ZSH_COMMANDS_AND_FILES),
        _ => text,
    }
}

/// The names of verbs where the command line takes one.
fn with_verbs(catalog: &Catalog, command: Command) -> Command {
    let mut names: Vec<String> = catalog.entries().iter().map(Entry::path).collect();
    names.sort();
    names.dedup();
    let verb = move |argument: Arg| argument.value_parser(PossibleValuesParser::new(names.clone()));
    let topic = verb.clone();
    command
        .mut_subcommand("doc", |doc| doc.mut_arg("verb", verb))
        .mut_subcommand("help", |help| help.mut_arg("topic", topic))
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
