//! What begins with a colon or an exclamation mark: orders to the prompt itself, where they are clearer than functions.

use crate::lab::suggest::nearest;

use super::order::{self, Written};

/// An order to the prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Tell what there is.
    Help,
    /// Make a namespace the current one.
    Enter(String),
    /// Make home the current one again.
    Leave,
    /// Save the session as a script.
    Save(String),
    /// Run a file as if it had been typed.
    Load(String),
    /// Say how long something takes.
    Time(String),
    /// Show the equivalent commands, or no more; or say whether they are shown.
    Commands(Option<bool>),
    /// Show the netlink messages, or no more; or say whether they are shown.
    Netlink(Option<bool>),
    /// Leave.
    Quit,
    /// Run a program.
    Program(String),
}

/// An order, how it is written, and what it is for.
pub struct Order {
    /// Its name, without the colon.
    pub name: &'static str,
    /// What follows it, for people.
    pub argument: &'static str,
    /// What it does.
    pub summary: &'static str,
}

const fn order(name: &'static str, argument: &'static str, summary: &'static str) -> Order {
    Order {
        name,
        argument,
        summary,
    }
}

/// All orders, in the order of their help.
pub const ORDERS: &[Order] = &[
    order("help", "", "this list"),
    order("enter", "NETNS", "work in a network namespace"),
    order("leave", "", "come back from it"),
    order("save", "FILE", "save what succeeded so far as a script"),
    order("load", "FILE", "run a script as if it had been typed"),
    order("time", "STATEMENT", "say how long it takes"),
    order(
        "commands",
        "[on|off]",
        "show shell commands for each change",
    ),
    order("netlink", "[on|off]", "show the netlink messages"),
    order("quit", "", "leave (Ctrl-D does it too)"),
];

impl Command {
    /// Reads an input. None if it is a script's text; an error in words if it is an order that there is not.
    pub fn read(input: &str) -> Option<Result<Command, String>> {
        match order::read(input.trim_end())? {
            Written::Order { name, rest } => Some(Self::of(name, rest.unwrap_or(""))),
            Written::Program(line) if line.trim().is_empty() => {
                Some(Err("! runs a program: !ip addr".into()))
            }
            Written::Program(line) => Some(Ok(Command::Program(line.trim().into()))),
        }
    }

    fn of(name: &str, argument: &str) -> Result<Command, String> {
        let command = match name {
            "help" | "h" | "?" => Command::Help,
            "leave" => Command::Leave,
            "quit" | "q" | "exit" => Command::Quit,
            "enter" => Command::Enter(wanted(name, argument)?),
            "save" => Command::Save(wanted(name, argument)?),
            "load" => Command::Load(wanted(name, argument)?),
            "time" => return Ok(Command::Time(wanted(name, argument)?)),
            "commands" => return Ok(Command::Commands(on_or_off(name, argument)?)),
            "netlink" => return Ok(Command::Netlink(on_or_off(name, argument)?)),
            _ => {
                let near = nearest(name, ORDERS.iter().map(|order| order.name));
                let hint = near.map_or(":help lists those there are".into(), |near| {
                    format!("did you mean :{near}?")
                });
                return Err(format!("there is no :{name}; {hint}"));
            }
        };
        let takes_one = matches!(
            command,
            Command::Enter(_) | Command::Save(_) | Command::Load(_)
        );
        if !takes_one && !argument.is_empty() {
            return Err(format!(":{name} takes nothing, but got {argument:?}"));
        }
        Ok(command)
    }
}

/// The argument of an order that needs one. Quotes around it are what a script would need.
fn wanted(name: &str, argument: &str) -> Result<String, String> {
    let bare = argument
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|_| name != "time")
        .unwrap_or(argument);
    if bare.is_empty() {
        let order = ORDERS.iter().find(|order| order.name == name);
        let argument = order.map_or("", |order| order.argument);
        return Err(format!(":{name} needs something: :{name} {argument}"));
    }
    Ok(bare.into())
}

fn on_or_off(name: &str, argument: &str) -> Result<Option<bool>, String> {
    match argument {
        "" => Ok(None),
        "on" => Ok(Some(true)),
        "off" => Ok(Some(false)),
        other => Err(format!(":{name} is on or off, not {other:?}")),
    }
}

/// The list of all orders, and what else there is to know at the prompt.
pub fn help() -> String {
    let mut lines = Vec::new();
    for order in ORDERS {
        let written = format!(":{} {}", order.name, order.argument);
        lines.push(format!("{:<20} {}", written.trim_end(), order.summary));
    }
    lines.extend(
        [
            "!COMMAND             run a program here: !bash, !ip route",
            "_                    the last value; an input that ends in ; shows none",
            "help(), help(\"arp\")  the verbs; a page or a search",
            "Tab                  complete: verbs, options, links, addresses, sysctls, files",
            "Ctrl-C               stop what runs, or forget the line",
            "Ctrl-R               search the history",
        ]
        .map(String::from),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str) -> Option<Result<Command, String>> {
        Command::read(input)
    }

    #[test]
    fn orders_are_told_from_scripts() {
        for script in ["1 + 1", "", "x != y", "let x = #{ a: 1 }"] {
            assert_eq!(read(script), None, "{script}");
        }
        assert_eq!(read(" :enter h1 "), Some(Ok(Command::Enter("h1".into()))));
        assert_eq!(
            read(":save \"a b.rhai\""),
            Some(Ok(Command::Save("a b.rhai".into())))
        );
        assert_eq!(read(":netlink"), Some(Ok(Command::Netlink(None))));
        assert_eq!(
            read(":commands off"),
            Some(Ok(Command::Commands(Some(false))))
        );
        assert_eq!(read("! ip a"), Some(Ok(Command::Program("ip a".into()))));
        assert_eq!(
            read(":time \"a\" + \"b\""),
            Some(Ok(Command::Time("\"a\" + \"b\"".into())))
        );
    }

    #[test]
    fn what_there_is_not_is_told() {
        for (input, part) in [
            (":entr h1", "did you mean :enter?"),
            (":frobnicate", ":help lists"),
            (":enter", ":enter NETNS"),
            (":leave x", "takes nothing"),
            (":netlink maybe", "on or off"),
            ("!", "runs a program"),
            (":", ":help lists"),
        ] {
            let Some(Err(words)) = read(input) else {
                panic!("{input} was taken");
            };
            assert!(words.contains(part), "{input}: {words}");
        }
    }

    #[test]
    fn help_names_every_order() {
        let help = help();
        assert!(help.lines().all(|line| line.len() < 80), "{help}");
        for order in ORDERS {
            assert!(help.contains(&format!(":{}", order.name)));
        }
    }
}
