//! The command line, as clap reads it: what `--help`, the completions of shells and the man page are made from.

use std::ffi::OsString;
use std::path::Path;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::lab::failure::printable;
use crate::lab::suggest::nearest;

/// A shell for Linux network experiments.
///
/// Runs a Rhai script in a network of its own, thrown away at the end. Nothing of the host's network is seen or changed, and
/// no privilege is needed. Without a script: a prompt.
#[derive(Debug, Parser)]
#[command(
    name = "netsh",
    version,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct CommandLine {
    /// What to do, if it is not to run a script.
    #[command(subcommand)]
    pub task: Option<Task>,

    /// How to run a script.
    #[command(flatten)]
    pub run: Run,
}

impl CommandLine {
    /// What was probably meant by the name of a script that is not there: a task of netsh, or a file beside it.
    pub fn meant(script: &Path) -> Option<String> {
        if script.exists() || script == Path::new("-") {
            return None;
        }
        let name = script.file_name()?.to_str()?;
        let folder = script.parent()?;
        let command = Self::command();
        let tasks = command.get_subcommands().map(clap::Command::get_name);
        let is_alone = folder.as_os_str().is_empty();
        if let Some(task) = is_alone.then(|| nearest(name, tasks)).flatten() {
            return Some(format!("netsh {task}"));
        }
        let place = if is_alone { Path::new(".") } else { folder };
        let files: Vec<String> = std::fs::read_dir(place)
            .ok()?
            .flatten()
            .filter(|entry| entry.path().is_file())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        // The extension is easily forgotten.
        let whole = format!("{name}.rhai");
        let exact = files.iter().find(|file| **file == whole);
        let near = exact
            .map(String::as_str)
            .or_else(|| nearest(name, scripts(&files)));
        Some(printable(&folder.join(near?).display().to_string()))
    }
}

fn scripts(files: &[String]) -> impl Iterator<Item = &str> {
    let names = files.iter().map(String::as_str);
    names.filter(|file| file.ends_with(".rhai"))
}

/// How to run a script.
#[derive(Debug, Args)]
pub struct Run {
    /// Run CODE instead of a file
    #[arg(short = 'e', long = "eval", value_name = "CODE")]
    pub code: Option<String>,

    /// Work in the network namespace that netsh was started in (needs root or CAP_NET_ADMIN)
    #[arg(long)]
    pub host: bool,

    /// Work in the existing network namespace NAME of /run/netns (needs root)
    #[arg(long, value_name = "NAME", conflicts_with = "host")]
    pub netns: Option<String>,

    /// Print the equivalent shell command before each change, to standard error
    #[arg(long)]
    pub show_commands: bool,

    /// Print every netlink message, decoded, to standard error
    #[arg(long)]
    pub show_netlink: bool,

    /// show() writes JSON lines; print() goes to standard error
    #[arg(long)]
    pub json: bool,

    /// Verbs print nothing of their own (the lines of ping)
    #[arg(short, long)]
    pub quiet: bool,

    /// The script (- is standard input), and the words that it sees as ARGS
    #[arg(
        value_name = "FILE.rhai [ARGS]",
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_hint = clap::ValueHint::FilePath
    )]
    pub script: Vec<String>,
}

/// What netsh can do beside running scripts. A file of one of these names is run as ./NAME.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Tell about a verb, or find verbs: netsh help arp, netsh help 'ip neigh'
    Help {
        /// A verb, or words to look for
        #[arg(value_name = "VERB|WORDS")]
        topic: Vec<String>,
    },
    /// Tell what this kernel and this user can do, and what to do where something is missing
    Doctor {
        /// As a line of JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the reference of all verbs, or of one, as Markdown
    Doc {
        /// Only this verb
        verb: Option<String>,
        /// Print definitions for editors (the Rhai language server) instead
        #[arg(long, conflicts_with = "verb")]
        definitions: bool,
        /// Print the man page instead
        #[arg(long, conflicts_with_all = ["verb", "definitions"])]
        man: bool,
    },
    /// Print netsh's completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the netsh lines for a command of ip, bridge, tc, nft, sysctl, ping, tcpdump and the like
    Explain {
        /// The command, as one word in quotes or as it is
        #[arg(
            required = true,
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "COMMAND"
        )]
        command: Vec<String>,
    },
    /// Join a running sandbox from another terminal, with a shell or a command
    Attach {
        /// The process of netsh whose sandbox to join; without it, the only one that there is
        pid: Option<u32>,
        /// Work in this network namespace of the sandbox
        #[arg(long, value_name = "NAME")]
        netns: Option<String>,
        /// List the running sandboxes and do no more
        #[arg(long, conflicts_with_all = ["pid", "netns", "command"])]
        list: bool,
        /// The command and its arguments; without it, $SHELL
        #[arg(last = true)]
        command: Vec<OsString>,
    },
}
