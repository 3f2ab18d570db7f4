//! The command line: reads the arguments, enters the sandbox before any thread exists, and hands over.

use std::io::{IsTerminal, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use clap::Parser;
use nix::errno::Errno;

use netsh::kernel::change::Operation;
use netsh::kernel::error::Error;
use netsh::kernel::link_set::LinkSet;
use netsh::kernel::{limits, netns, program};
use netsh::lab::attach::Work;
use netsh::lab::sandbox::{self, NoSandbox};
use netsh::lab::screen::Screen;
use netsh::lab::{Lab, Settings, interrupt, memory};
use netsh::script;
use netsh::script::modules::INCLUDED;
use netsh::script::run::{Script, text_of, text_of_file};
use netsh::shell::attach;
use netsh::shell::command_line::{CommandLine, Run, Task};
use netsh::shell::deep_stack;
use netsh::shell::manual;
use netsh::shell::prompt::{Place, Prompt};
use netsh::shell::report::report;
use netsh::shell::screen::{self, Terminal};
use netsh::shell::source::Sources;
use netsh::shell::translated;

#[global_allocator]
static ALLOCATOR: memory::Counted = memory::Counted;

/// Exit statuses. 128 + SIGINT is what shells give a command that Ctrl-C ended, 128 + SIGPIPE one whose reader went away.
const FAILED: u8 = 1;
const USAGE: u8 = 2;
const INTERRUPTED: u8 = 130;
const UNHEARD: u8 = 141;

fn main() -> ExitCode {
    let CommandLine {
        task,
        run: arguments,
    } = CommandLine::parse();
    let arguments = match task {
        // It is a script that has to be in the sandbox, too.
        Some(Task::Doctor { json }) => Run {
            code: Some("show(doctor())".into()),
            json,
            ..arguments
        },
        Some(task) => return perform(task),
        None => arguments,
    };
    let job = match read_job(&arguments) {
        Ok(job) => job,
        Err(refusal) => return end(refusal.status, &refusal.words),
    };
    if let Err(error) = program::hear_of_children() {
        return end(FAILED, &format!("cannot hear of children: {error}"));
    }
    if let Err(error) = interrupt::listen() {
        return end(FAILED, &format!("cannot listen for Ctrl-C: {error}"));
    }
    limits::raise();
    memory::keep();
    if let Err(words) = enter(&arguments) {
        return end(FAILED, &words);
    }
    deep_stack::work(|| work(&arguments, job))
}

/// What is done without a script. Only what joins a sandbox needs one.
fn perform(task: Task) -> ExitCode {
    match task {
        Task::Help { topic } => told(manual::help(&topic.join(" "))),
        Task::Doc {
            definitions: true, ..
        } => told(manual::definitions()),
        Task::Doc { man: true, .. } => told(manual::man_page()),
        Task::Doc {
            verb: Some(verb), ..
        } => told(manual::page(&verb)),
        Task::Doc { .. } => told(manual::reference()),
        Task::Completions { shell } => told(manual::completions(shell)),
        Task::Attach { list: true, .. } => attach::list().into(),
        Task::Attach {
            pid,
            netns,
            command,
            ..
        } => attach::join(pid, &Work { netns, command }).into(),
        Task::Explain { command } => explain(&command),
        Task::Doctor { .. } => ExitCode::SUCCESS,
    }
}

/// Ends as a page of the manual has it.
fn told(told: manual::Told) -> ExitCode {
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(manual::Refusal::Unknown(words)) => end(FAILED, &words),
        Err(manual::Refusal::Output(error)) => {
            end(FAILED, &format!("cannot write to standard output: {error}"))
        }
    }
}

/// Prints the lines of netsh for a command, or for a script of commands on standard input (`-`).
fn explain(command: &[String]) -> ExitCode {
    let text = match command {
        [dash] if dash == "-" => read_text("-").map_err(|refusal| refusal.words),
        words => translated::command_of(words),
    };
    let told = match text {
        Ok(text) => translated::tell(&text, script::catalog(), screen::report_style()),
        Err(words) => return end(FAILED, &words),
    };
    let _ = std::io::stderr().write_all(told.aside.as_bytes());
    match std::io::stdout().write_all(told.lines.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            end(FAILED, &format!("cannot write to standard output: {error}"))
        }
        _ if told.understood => ExitCode::SUCCESS,
        _ => ExitCode::from(FAILED),
    }
}

/// Says why netsh ends. The status counts even where nobody takes the words.
fn end(status: u8, words: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "netsh: {words}");
    ExitCode::from(status)
}

struct Refusal {
    words: String,
    status: u8,
}

/// What is to be done in the sandbox.
enum Job {
    Script(Script),
    Prompt,
}

fn read_job(arguments: &Run) -> Result<Job, Refusal> {
    let mut words = arguments.script.clone();
    if let Some(code) = &arguments.code {
        return Ok(Job::Script(Script {
            name: "-e".into(),
            text: code.clone(),
            arguments: words,
        }));
    }
    if words.is_empty() {
        if std::io::stdin().is_terminal() {
            return Ok(Job::Prompt);
        }
        words.push("-".into());
    }
    let name = words.remove(0);
    // clap gives up on -eCODE in one word, for the script's own words may begin with a hyphen.
    if let Some(code) = name.strip_prefix("-e").filter(|code| !code.is_empty()) {
        return Ok(Job::Script(Script {
            name: "-e".into(),
            text: code.into(),
            arguments: words,
        }));
    }
    if name.starts_with('-') && name != "-" {
        return Err(Refusal {
            words: format!("there is no option {name}; netsh --help shows those there are"),
            status: USAGE,
        });
    }
    Ok(Job::Script(Script {
        text: read_text(&name)?,
        name,
        arguments: words,
    }))
}

fn read_text(name: &str) -> Result<String, Refusal> {
    let text = if name == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        text_of(read.map(|_| bytes), name)
    } else {
        text_of_file(Path::new(name))
    };
    text.map_err(|words| Refusal {
        words: match CommandLine::meant(Path::new(name)) {
            Some(meant) => format!("{words}; did you mean {meant}?"),
            None => words,
        },
        status: FAILED,
    })
}

/// Goes where the work is to be done.
fn enter(arguments: &Run) -> Result<(), String> {
    if arguments.host {
        return Ok(());
    }
    if let Some(name) = &arguments.netns {
        if let Some(fault) = netns::name_fault(name) {
            return Err(format!("no network namespace is called {name:?}: {fault}"));
        }
        return netns::join(&netns::named_path(name)).map_err(|error| not_joined(name, &error));
    }
    sandbox::enter().map_err(|NoSandbox { cause, ways_out }| {
        let mut words = format!("there is no sandbox to be had: {cause}");
        for way in ways_out {
            words += &format!("\n  - {way}");
        }
        words
    })
}

fn not_joined(name: &str, error: &Error) -> String {
    let way_out = match error.errno() {
        Some(Errno::ENOENT | Errno::EINVAL) => {
            let there = netns::names().unwrap_or_default();
            match there.is_empty() {
                true => "there is none; root makes one with: ip netns add NAME".into(),
                false => format!("those in {} are: {}", netns::NAMED, there.join(", ")),
            }
        }
        Some(Errno::EPERM | Errno::EACCES) => "entering one needs root".into(),
        _ => String::new(),
    };
    format!("cannot work in netns {name}: {error}\n  - {way_out}")
        .trim_end_matches("\n  - ")
        .into()
}

fn work(arguments: &Run, job: Job) -> ExitCode {
    let settings = Settings {
        sandboxed: !arguments.host && arguments.netns.is_none(),
        show_commands: arguments.show_commands,
        show_netlink: arguments.show_netlink,
    };
    let terminal = Rc::new(Terminal::new(
        arguments.json,
        arguments.quiet,
        arguments.show_commands,
    ));
    let lab = match Lab::new(settings, terminal.clone()) {
        Ok(lab) => Rc::new(lab),
        Err(error) => {
            return end(
                FAILED,
                &format!("cannot open the network namespace: {error}"),
            );
        }
    };
    if settings.sandboxed && settings.show_commands {
        // What the sandbox has done already, so that the commands make the same network from an empty one.
        let up = LinkSet::up("lo", true);
        terminal.command(&up.command().line(None));
    }
    script::caught::tell_by(netsh::shell::report::call_words);
    match job {
        Job::Script(script) => run(&lab, &terminal, &script),
        Job::Prompt => prompt(arguments, lab, terminal),
    }
}

fn prompt(arguments: &Run, lab: Rc<Lab>, terminal: Rc<Terminal>) -> ExitCode {
    let place = match &arguments.netns {
        Some(name) => Place::Netns(name.clone()),
        None if arguments.host => Place::Host,
        None => Place::Sandbox,
    };
    match Prompt::new(lab, terminal, place) {
        Ok(prompt) => ExitCode::from(prompt.run()),
        Err(words) => end(FAILED, &format!("no prompt: {words}")),
    }
}

fn run(lab: &Rc<Lab>, terminal: &Terminal, script: &Script) -> ExitCode {
    let mut engine = script::engine(lab.clone());
    let result = script.run(&mut engine);
    if interrupt::requested() {
        return ExitCode::from(INTERRUPTED);
    }
    if let Some(error) = terminal.fault() {
        return end(FAILED, &format!("cannot write to standard output: {error}"));
    }
    if terminal.is_closed() {
        return ExitCode::from(UNHEARD);
    }
    match result {
        Ok(_) => ExitCode::from(lab.exit_status()),
        Err(error) => {
            let mut sources = Sources::new(&script.name, &script.text);
            for module in INCLUDED {
                sources = sources.with_module(module.path, module.text);
            }
            let report = report(&error, &sources, script::catalog(), screen::report_style());
            let _ = std::io::stderr().write_all(report.as_bytes());
            ExitCode::from(FAILED)
        }
    }
}
