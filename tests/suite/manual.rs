//! What netsh tells about itself: help at the prompt, in scripts and on the command line.

use libtest_mimic::{Failed, Trial};

use crate::pty::Pty;
use crate::support::{Ran, User, Verdict, has, netsh, run, run_with, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("help: all verbs on one screen", &[], overview),
        test("help: the page of a verb", &[], page_of_a_verb),
        test("help: what people know finds the verb", &[], search),
        test("help: nothing found", &[], nothing_found),
        test("help: the topic is a string", &[], topic_is_a_string),
        test("help: beside other output", &[], beside_other_output),
        test("help: on a terminal", &[], on_a_terminal),
        test("help: on the command line", &[], on_the_command_line),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs netsh with these arguments and no script.
fn told(user: User, arguments: &[&str]) -> Result<Ran, Failed> {
    Ok(netsh(user).args(arguments).output()?.into())
}

fn overview(user: User) -> Verdict {
    let text = run(user, "help()")?;
    for entry in netsh::script::catalog().entries() {
        has(&text, &entry.noun)?;
        // Names that begin alike stand together: `link_{add, del}`.
        let title = entry.title();
        let last = title.rsplit(['_', ':', '.']).next().unwrap_or(&title);
        let beginning = title.split_inclusive(['_', ':', '.']).next();
        let beginning = beginning.unwrap_or_default();
        has(&text, beginning)?;
        has(&text, last)?;
    }
    // About 180 verbs are to have room.
    let verbs = text.split("\nMore\n").next().unwrap_or(&text);
    same(verbs.lines().count() <= 50, true)?;
    for line in text.lines() {
        if line.chars().count() > 80 {
            return Err(format!("too wide: {line}").into());
        }
    }
    match text.lines().count() {
        20..=70 => Ok(()),
        lines => Err(format!("{lines} lines are no screen").into()),
    }
}

fn page_of_a_verb(user: User) -> Verdict {
    let text = run(user, r#"help("veth_add")"#)?;
    let head = "veth_add\n\n    veth_add(name, peer, options?)\n    netns.veth_add(name, peer, options?)\n\nMakes a pair of veth links";
    same(text.starts_with(head), true)?;
    for part in [
        "\nEquivalent to: ip link add NAME type veth peer name PEER\n",
        "\n- mtu (int, bytes): the largest payload, of both ends\n",
        "\n- mac (mac; address): hardware address of the first end",
        "\n    show(link_get(\"veth0\").mtu);\n",
    ] {
        has(&text, part)?;
    }
    for topic in ["veth_add()", "VETH_ADD", " veth_add ", "h1.veth_add"] {
        let same_page = run(user, &format!("help({topic:?})"))?;
        has(&same_page, head)?;
    }
    let both = run(user, r#"help("addr_list")"#)?;
    has(
        &both,
        "\n    addr_list()\n    netns.addr_list()\n    addr_list(link)\n",
    )
}

fn search(user: User) -> Verdict {
    let cases = [
        ("ip neigh", "neigh_list", "Lists the neighbours"),
        (
            "arp",
            "- arp_table: Gives the ARP table",
            "- neigh_list: Lists the neighbours",
        ),
        (
            "tcpdump",
            "- capture: Begins to take down",
            "- pcap_read: Reads a capture file",
        ),
        (
            "ip link add type veth",
            "veth_add(name, peer, options?)",
            "Makes a pair",
        ),
        ("Links", "- link_up: Brings a link up.", "- veth_add: "),
        (
            "ifconfig",
            "- link_list: ",
            "help(\"link_list\") tells more.",
        ),
    ];
    for (topic, first, second) in cases {
        let text = run(user, &format!("help({topic:?})"))?;
        has(&text, first)?;
        has(&text, second)?;
    }
    Ok(())
}

/// It is no error: a script goes on.
fn nothing_found(user: User) -> Verdict {
    let text = run(user, r#"help("veht_add"); print("on")"#)?;
    has(
        &text,
        "Nothing is known about \"veht_add\". Did you mean \"veth_add\"?\n\n- veth_add: Makes a pair",
    )?;
    has(&text, "help() shows all verbs")?;
    has(&text, "\non\n")?;
    let odd = run(user, r#"help("\x1b[2J`**\n\n# x")"#)?;
    has(&odd, "Nothing is known about \"\\u{1b}[2J`** # x\".")?;
    same(odd.contains('\u{1b}'), false)
}

fn topic_is_a_string(user: User) -> Verdict {
    for (topic, words) in [("42", "the int 42"), ("()", "()"), ("[]", "an array")] {
        let ran = run_with(user, &[], &format!("help({topic})"))?;
        same(ran.status, Some(1))?;
        has(&ran.stderr, "help is given a word, not ")?;
        has(&ran.stderr, words)?;
        has(&ran.stderr, "help(\"veth_add\")")?;
    }
    let caught = r#"try { help(1) } catch (e) { print([e.op, e.argument]) }"#;
    same(run(user, caught)?, "[\"help\", \"topic\"]\n".into())
}

/// As with print, standard output belongs to values under --json.
fn beside_other_output(user: User) -> Verdict {
    let code = r#"help("link_up"); show(1)"#;
    let ran = run_with(user, &["--json"], code)?;
    same(ran.stdout.as_str(), "1\n")?;
    has(&ran.stderr, "link_up\n\n    link_up(link)\n")?;
    let quiet = run_with(user, &["--quiet"], code)?.ok()?;
    has(&quiet, "Brings a link up.")
}

/// Colours and width are those of the terminal.
fn on_a_terminal(user: User) -> Verdict {
    let shown = |variables: &[(&str, &str)]| {
        let mut command = netsh(user);
        command.args(["help", "link_list"]).env("TERM", "xterm");
        command.envs(variables.iter().copied());
        let mut pty = Pty::start(command)?;
        pty.end()?;
        Ok::<String, Failed>(std::mem::take(&mut pty.written))
    };
    let coloured = shown(&[])?;
    has(&coloured, "\u{1b}[1mlink_list\u{1b}[0m\r\n")?;
    has(&coloured, "\u{1b}[36mip -j -d -s addr\u{1b}[0m\r\n")?;
    for variables in [[("NO_COLOR", "1")], [("TERM", "dumb")]] {
        let plain = shown(&variables)?;
        has(&plain, "link_list\r\n")?;
        same(plain.contains('\u{1b}'), false)?;
    }
    Ok(())
}

fn on_the_command_line(user: User) -> Verdict {
    same(told(user, &["help"])?.ok()?, run(user, "help()")?)?;
    same(
        told(user, &["help", "ping"])?.ok()?,
        run(user, r#"help("ping")"#)?,
    )?;
    let found = run(user, r#"help("ip neigh")"#)?;
    same(told(user, &["help", "ip", "neigh"])?.ok()?, found.clone())?;
    same(told(user, &["help", "ip neigh"])?.ok()?, found)?;
    let unknown = told(user, &["help", "veht_add"])?;
    same((unknown.status, unknown.stdout.as_str()), (Some(1), ""))?;
    has(
        &unknown.stderr,
        "netsh: Nothing is known about \"veht_add\". Did you mean \"veth_add\"?\n",
    )
}
