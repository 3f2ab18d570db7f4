//! Tab, hints and the editing of a line at the prompt, as the screen shows them.

use std::process::Command;

use libtest_mimic::{Failed, Trial};

use crate::folder::Folder;
use crate::prompt::{HAS_READ, Prompt, READS};
use crate::pty::CTRL_C;
use crate::screen::Line;
use crate::support::{User, Verdict, has, same, test};

const TAB: &str = "\t";
const BELL: &str = "\x07";
const CTRL_L: &str = "\x0c";
const CTRL_R: &str = "\x12";
const UP: &str = "\x1b[A";
const RIGHT: &str = "\x1b[C";
const BACKSPACE: &str = "\x7f";

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("completion: verbs", &[], verbs),
        test("completion: options", &[], options),
        test("completion: values of options", &[], values),
        test("completion: links", &[], links),
        test("completion: 1000 links", &[], many_links),
        test("completion: namespaces", &[], namespaces),
        test("completion: sysctls", &[], sysctls),
        test("completion: addresses", &[], addresses),
        test("completion: files", &[], files),
        test("completion: programs", &[], programs),
        test("completion: methods and fields", &[], members),
        test("completion: names of the session", &[], names),
        test("completion: orders", &[], orders),
        test("completion: a narrow window", &[], narrow),
        test("typing: hint: the arguments of a call", &[], signatures),
        test("typing: hint: an input of before", &[], history_hint),
        test("typing: the history is searched", &[], history_search),
        test("typing: it goes on until brackets close", &[], multi_line),
        test("typing: several lines are edited", &[], edited_lines),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Somebody who types, and looks at the screen before the next key.
struct Typist(Prompt);

impl Typist {
    /// At a prompt on a screen on which most lists have room.
    fn start(user: User) -> Result<Typist, Failed> {
        Typist::start_in(user, Folder::new()?)
    }

    fn start_in(user: User, folder: Folder) -> Result<Typist, Failed> {
        Typist::start_sized(user, folder, (100, 120), |_| {})
    }

    /// At a prompt in colours, for without them there are no hints.
    fn start_sized(
        user: User,
        folder: Folder,
        size: (u16, u16),
        change: impl FnOnce(&mut Command),
    ) -> Result<Typist, Failed> {
        let prompt = Prompt::start_sized(user, folder, size, |command| {
            command.env_remove("NO_COLOR");
            change(command);
        })?;
        let mut typist = Typist(prompt);
        typist.clear()?;
        Ok(typist)
    }

    /// Runs inputs that show nothing.
    fn run(&mut self, inputs: &[&str]) -> Verdict {
        for input in inputs {
            self.0.say(input, &[])?;
        }
        self.clear()
    }

    fn keys(&mut self, keys: &str) -> Verdict {
        self.0.terminal.keys(keys)
    }

    /// Clears line and screen.
    fn clear(&mut self) -> Verdict {
        self.keys(CTRL_C)?;
        self.0.terminal.expect(READS)?;
        self.keys(CTRL_L)?;
        self.0.terminal.until_shown("an empty prompt", |screen| {
            let line = screen.line()?;
            let alone = screen.rows().iter().skip(1).all(String::is_empty);
            (line.row == 0 && line.typed.is_empty() && line.rest.is_empty() && alone).then_some(())
        })
    }

    /// Waits until so much stands before the cursor.
    fn until_typed(&mut self, typed: &str) -> Result<Line, Failed> {
        let what = format!("{typed:?} before the cursor");
        self.0.terminal.until_shown(&what, |screen| {
            screen.line().filter(|line| line.typed == typed)
        })
    }

    fn types(&mut self, text: &str) -> Result<Line, Failed> {
        self.keys(text)?;
        self.until_typed(text)
    }

    /// Tab behind the first text makes the second of it.
    fn tab(&mut self, typed: &str, becomes: &str) -> Verdict {
        self.types(typed)?;
        self.keys(TAB)?;
        self.until_typed(becomes)?;
        self.clear()
    }

    /// Tab finds nothing.
    fn no_tab(&mut self, typed: &str) -> Verdict {
        self.types(typed)?;
        self.0.terminal.forget();
        self.keys(TAB)?;
        self.0.terminal.expect(BELL)?;
        // Nor does another one.
        self.keys(TAB)?;
        self.0.terminal.expect(BELL)?;
        self.keys("+")?;
        self.until_typed(&format!("{typed}+"))?;
        let rows = |screen: &crate::screen::Screen| Some(screen.prompts());
        same(self.0.terminal.until_shown("rows", rows)?, vec![0])?;
        self.clear()
    }

    /// Tab behind the first text makes the second of it, which can go on in several ways: another Tab lists them.
    fn tabs(&mut self, typed: &str, becomes: &str) -> Result<Vec<String>, Failed> {
        self.types(typed)?;
        self.0.terminal.forget();
        self.keys(TAB)?;
        self.0.terminal.expect(BELL)?;
        let first = self.until_typed(becomes)?;
        self.keys(TAB)?;
        let listed = self
            .0
            .terminal
            .until_shown("a list above the line", |screen| {
                let line = screen.line()?;
                let below = first.row + becomes.matches('\n').count() + 1;
                let listed = screen.rows().get(below..line.row)?.to_vec();
                (!listed.is_empty() && line.typed == becomes).then_some(listed)
            })?;
        self.clear()?;
        Ok(listed)
    }

    /// The same for a list of names alone.
    fn names(&mut self, typed: &str, becomes: &str, names: &[&str]) -> Verdict {
        let listed = self.tabs(typed, becomes)?;
        let mut found: Vec<&str> = listed
            .iter()
            .flat_map(|row| row.split("  ").map(str::trim))
            .filter(|name| !name.is_empty())
            .collect();
        found.sort_unstable();
        let mut names = names.to_vec();
        names.sort_unstable();
        same((typed, found), (typed, names))
    }

    /// The same for some of the names, which have something said about them.
    fn described(&mut self, typed: &str, becomes: &str, some: &[(&str, &str)]) -> Verdict {
        let listed = self.tabs(typed, becomes)?;
        for (name, about) in some {
            let pattern = format!("(^|  ){name} +{}", regex::escape(about));
            let pattern = regex::Regex::new(&pattern)?;
            if !listed.iter().any(|row| pattern.is_match(row)) {
                return Err(format!("{typed}: no {name} with {about} in {listed:#?}").into());
            }
        }
        Ok(())
    }

    fn leave(self) -> Verdict {
        self.0.leave().map(drop)
    }
}

fn verbs(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.tab("veth", "veth_add(")?;
    typist.tab("let x = addr_l", "let x = addr_list(")?;
    typist.tab("if link_ex", "if link_exists(")?;
    typist.described(
        "link",
        "link_",
        &[
            ("link_up", "Brings a link up."),
            ("link_get", "Gives one link"),
        ],
    )?;
    // What has it in it, and what is like it.
    typist.tab("r_flush", "addr_flush(")?;
    typist.tab("lnik_set", "link_set(")?;
    typist.no_tab("zzzz")?;
    typist.tab("help(\"veth", "help(\"veth_add\"")?;
    typist.tab("help(\"link_e", "help(\"link_exists\"")?;
    typist.leave()
}

fn options(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.tab("link_set(\"lo\", ", "link_set(\"lo\", #{ ")?;
    typist.tab("link_set(\"lo\", #{ mt", "link_set(\"lo\", #{ mtu: ")?;
    typist.tab(
        "link_set(\"lo\", #{mtu:1,ali",
        "link_set(\"lo\", #{mtu:1,alias: ",
    )?;
    typist.tab(
        "link_set(\"lo\", #{ \"ali",
        "link_set(\"lo\", #{ \"alias\": ",
    )?;
    typist.described(
        "link_set(\"lo\", #{ m",
        "link_set(\"lo\", #{ m",
        &[
            ("mtu", "int, bytes: "),
            ("mac", "mac: the hardware address"),
        ],
    )?;
    // Without those that are given.
    let listed = typist.tabs(
        "link_set(\"lo\", #{ mtu: 1400, ma",
        "link_set(\"lo\", #{ mtu: 1400, ma",
    )?;
    same(listed.iter().any(|row| row.contains("mtu")), false)?;
    // The keys of other maps are nobody's business.
    typist.no_tab("let x = #{ mt")?;
    typist.leave()
}

fn values(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    let add = "addr_add(\"lo\", \"10.0.0.1/8\", #{ ";
    let scopes = ["global", "link", "host", "site"];
    typist.names(
        &format!("{add}scope: "),
        &format!("{add}scope: \""),
        &scopes,
    )?;
    typist.tab(
        &format!("{add}scope: \"l"),
        &format!("{add}scope: \"link\""),
    )?;
    typist.names(
        &format!("{add}dad: "),
        &format!("{add}dad: "),
        &["false", "true"],
    )?;
    typist.tab(&format!("{add}dad: tru"), &format!("{add}dad: true"))?;
    typist.tab("link_add(\"b\", \"bri", "link_add(\"b\", \"bridge\"")?;
    typist.tab(
        "link_set(\"lo\", #{ master: ",
        "link_set(\"lo\", #{ master: \"lo\"",
    )?;
    typist.leave()
}

fn links(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.run(&[
        "let h1 = netns_add(\"h1\")",
        "veth_add(\"west0\", \"west1\")",
        "h1.veth_add(\"east0\", \"v0.10\")",
        "fn plug(link, other) { }",
    ])?;
    typist.names("link_up(", "link_up(\"", &["lo", "west0", "west1"])?;
    typist.names("link_up(\"we", "link_up(\"west", &["west0", "west1"])?;
    typist.tab("link_up(\"l", "link_up(\"lo\"")?;
    typist.tab("plug(\"l", "plug(\"lo\"")?;
    // In the namespace of a handle are others.
    typist.names("h1.link_up(", "h1.link_up(\"", &["lo", "east0", "v0.10"])?;
    typist.tab("h1.link_up(\"v", "h1.link_up(\"v0.10\"")?;
    typist.tab("h1.run(|| link_up(\"e", "h1.run(|| link_up(\"east0\"")?;
    typist.tab(
        "netns_get(\"h1\").link_up(\"e",
        "netns_get(\"h1\").link_up(\"east0\"",
    )?;
    typist.run(&[":enter h1"])?;
    typist.tab("link_up(`v", "link_up(`v0.10`")?;
    typist.leave()
}

fn many_links(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.run(&["for i in 0..500 { veth_add(`a${i}`, `b${i}`); }"])?;
    typist.tab("link_up(\"b499", "link_up(\"b499\"")?;
    let mut some: Vec<String> = (490..500).map(|i| format!("a{i}")).collect();
    some.push("a49".into());
    let some: Vec<&str> = some.iter().map(String::as_str).collect();
    typist.names("link_up(\"a49", "link_up(\"a49", &some)?;
    // So many are listed only for who wants it.
    let typed = "link_up(\"";
    typist.types(typed)?;
    typist.0.terminal.forget();
    typist.keys(TAB)?;
    typist.0.terminal.expect(BELL)?;
    typist.keys(TAB)?;
    typist.0.terminal.expect("all 1001 possibilities?")?;
    typist.keys("n")?;
    typist.until_typed(typed)?;
    typist.keys("lo\")")?;
    typist.until_typed("link_up(\"lo\")")?;
    typist.clear()?;
    typist.leave()
}

fn namespaces(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.run(&[
        "let one = netns_add(\"north\")",
        "netns_add(\"south one\");",
        "netns_add(\"south-two\");",
    ])?;
    typist.tab(":enter n", ":enter north")?;
    typist.names(":enter ", ":enter ", &["north", "south one", "south-two"])?;
    typist.tab("netns_get(\"n", "netns_get(\"north\"")?;
    typist.tab("netns_del(\"south ", "netns_del(\"south one\"")?;
    typist.tab(
        "veth_add(\"a\", \"b\", #{ peer_netns: o",
        "veth_add(\"a\", \"b\", #{ peer_netns: one",
    )?;
    typist.tab(
        "veth_add(\"a\", \"b\", #{ peer_netns: \"n",
        "veth_add(\"a\", \"b\", #{ peer_netns: \"north\"",
    )?;
    typist.leave()
}

fn sysctls(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.run(&[
        "let h1 = netns_add(\"h1\")",
        "veth_add(\"v0.10\", \"west1\")",
    ])?;
    // Level by level.
    let levels = [
        "n",
        "net.",
        "net.ipv4.",
        "net.ipv4.conf.",
        "net.ipv4.conf.lo.",
        "net.ipv4.conf.lo.forwarding\"",
    ];
    let typed = [
        "n",
        "net.ipv4",
        "net.ipv4.conf",
        "net.ipv4.conf.l",
        "net.ipv4.conf.lo.forw",
    ];
    for (typed, becomes) in typed.iter().zip(levels.iter().skip(1)) {
        typist.tab(
            &format!("sysctl_get(\"{typed}"),
            &format!("sysctl_get(\"{becomes}"),
        )?;
        let slashed = |name: &str| name.replace('.', "/");
        if typed.contains('.') {
            let (typed, becomes) = (slashed(typed), slashed(becomes));
            typist.tab(
                &format!("sysctl_get(\"{typed}"),
                &format!("sysctl_get(\"{becomes}"),
            )?;
        }
    }
    let conf = "sysctl_set(\"net.ipv4.conf.";
    let all = ["all.", "default.", "lo.", "v0/10.", "west1."];
    typist.names(conf, conf, &all)?;
    typist.tab(&format!("{conf}v"), &format!("{conf}v0/10."))?;
    typist.tab(
        &format!("{conf}v0/10.rp_"),
        &format!("{conf}v0/10.rp_filter\""),
    )?;
    let conf = "sysctl_set(\"net/ipv4/conf/";
    typist.tab(&format!("{conf}v"), &format!("{conf}v0.10/"))?;
    typist.tab(
        &format!("{conf}v0.10/rp_"),
        &format!("{conf}v0.10/rp_filter\""),
    )?;
    typist.leave()
}

fn addresses(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.run(&[
        "let h1 = netns_add(\"h1\")",
        "veth_add(\"west0\", \"west1\", #{ peer_netns: h1 })",
        "addr_add(\"west0\", \"192.0.2.1/24\")",
        "addr_add(\"west0\", \"2001:db8::1/64\")",
        "h1.addr_add(\"west1\", \"192.0.2.77/24\")",
    ])?;
    typist.tab(
        "addr_del(\"west0\", \"1",
        "addr_del(\"west0\", \"192.0.2.1/24\"",
    )?;
    typist.tab(
        "addr_del(\"west0\", \"2",
        "addr_del(\"west0\", \"2001:db8::1/64\"",
    )?;
    typist.tab("ping(\"19", "ping(\"192.0.2.1\"")?;
    typist.tab(
        "h1.addr_del(\"west1\", \"1",
        "h1.addr_del(\"west1\", \"192.0.2.77/24\"",
    )?;
    typist.leave()
}

fn files(user: User) -> Verdict {
    let folder = Folder::new()?;
    std::fs::create_dir(folder.path().join("labs"))?;
    folder.file("labs/first.rhai", "")?;
    folder.file("labs/second one.rhai", "")?;
    folder.file("labs/notes.txt", "")?;
    folder.file("über.rhai", "")?;
    let mut typist = Typist::start_in(user, folder)?;
    typist.tab(":load la", ":load labs/")?;
    typist.tab(":load labs/f", ":load labs/first.rhai")?;
    typist.names(
        ":load labs/",
        ":load labs/",
        &["first.rhai", "second one.rhai", "notes.txt"],
    )?;
    typist.tab(":load labs/second o", ":load labs/second one.rhai")?;
    typist.tab(":save labs/n", ":save labs/notes.txt")?;
    typist.tab("import \"labs/f", "import \"labs/first\"")?;
    typist.names("import \"labs/", "import \"labs/", &["first", "second one"])?;
    typist.tab("import \"üb", "import \"über\"")?;
    typist.tab("import \"to", "import \"topo\"")?;
    typist.leave()
}

fn programs(user: User) -> Verdict {
    let folder = Folder::new()?;
    std::fs::create_dir(folder.path().join("bin"))?;
    for program in ["walk-here", "walk-there", "run-away"] {
        folder.file(&format!("bin/{program}"), "#!/bin/sh\n")?;
    }
    folder.file("capture.pcap", "")?;
    let path = folder.path().join("bin");
    let mut typist = Typist::start_sized(user, folder, (100, 120), |command| {
        command.env("PATH", path);
    })?;
    typist.tab("!run", "!run-away")?;
    typist.names("!w", "!walk-", &["walk-here", "walk-there"])?;
    typist.tab("!run-away cap", "!run-away capture.pcap")?;
    typist.tab("!run-away -i l", "!run-away -i lo")?;
    typist.tab("!walk-here | run", "!walk-here | run-away")?;
    typist.tab("exec(\"run", "exec(\"run-away\"")?;
    typist.tab(
        "exec(\"run-away\", [\"cap",
        "exec(\"run-away\", [\"capture.pcap\"",
    )?;
    typist.tab("sh(\"run-away < cap", "sh(\"run-away < capture.pcap")?;
    typist.leave()
}

fn members(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.run(&[
        "let h1 = netns_add(\"h1\")",
        "let reply = #{ received: 1, \"two words\": 2, nested: #{ deep: 3 } }",
        "let rows = link_list()",
    ])?;
    typist.tab("h1.link_ex", "h1.link_exists(")?;
    typist.tab("h1.run", "h1.run")?;
    typist.tab("h1.nam", "h1.name")?;
    typist.tab("reply.rec", "reply.received")?;
    typist.tab("reply[\"two", "reply[\"two words\"")?;
    typist.tab("rows[0].mt", "rows[0].mtu")?;
    typist.tab("link_get(\"lo\").mt", "link_get(\"lo\").mtu")?;
    typist.tab("rows.filter(|row| row.mt", "rows.filter(|row| row.mtu")?;
    typist.tab("rows.filt", "rows.filter")?;
    typist.tab("\"text\".to_up", "\"text\".to_upper")?;
    typist.0.say("link_list()[0]", &["lo"])?;
    typist.clear()?;
    typist.tab("_.mt", "_.mtu")?;
    typist.leave()
}

fn names(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.run(&[
        "fn quadruple(x) { x * 4 }",
        "let quantity = 12",
        "import \"topo\" as h",
    ])?;
    typist.tab("quad", "quadruple(")?;
    typist.tab("1 + quan", "1 + quantity")?;
    typist.described("qua", "qua", &[("quadruple", "(x)"), ("quantity", "int")])?;
    typist.tab("fn near_here() {} near", "fn near_here() {} near_here()")?;
    typist.tab(
        "for each_of_them in rows { each",
        "for each_of_them in rows { each_of_them",
    )?;
    typist.tab(
        "import \"topo\" as both; both::pa",
        "import \"topo\" as both; both::pair(",
    )?;
    typist.tab("h::pa", "h::pair(")?;
    typist.leave()
}

fn orders(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.tab(":en", ":enter")?;
    typist.tab(":le", ":leave")?;
    typist.described(
        ":",
        ":",
        &[
            ("load", "run a script"),
            ("quit", "leave"),
            ("netlink", "show the netlink"),
        ],
    )?;
    typist.names(":netlink ", ":netlink o", &["on", "off"])?;
    typist.tab(":commands of", ":commands off")?;
    typist.tab(":time link_ex", ":time link_exists(")?;
    typist.leave()
}

fn narrow(user: User) -> Verdict {
    let mut typist = Typist::start_sized(user, Folder::new()?, (14, 20), |_| {})?;
    // The line goes on in the next row.
    typist.tab("let it = addr_l", "let it = addr_list(")?;
    let listed = typist.tabs("link", "link_")?;
    let whole = listed.iter().all(|row| row.starts_with("link_"));
    same((whole, listed.len()), (true, 12))?;
    typist.leave()
}

fn signatures(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.run(&["fn plug(left, right) { }"])?;
    for (typed, hint) in [
        ("link_up", "(link)"),
        ("addr_add(", "link, cidr, options?)"),
        ("addr_add(\"lo", "\", cidr, options?)"),
        ("plug(1, ", "right)"),
        ("link_set(\"lo\", #{ mtu: 1, ma", ""),
    ] {
        typist.keys(typed)?;
        let what = format!("{hint:?} behind {typed:?}");
        typist.0.terminal.until_shown(&what, |screen| {
            let line = screen.line()?;
            (line.typed == typed && line.rest == hint && line.hinted != hint.is_empty())
                .then_some(())
        })?;
        typist.clear()?;
    }
    // It is for reading: the right arrow does not type it, and it is gone when the line is.
    typist.types("link_exists(")?;
    typist.keys(RIGHT)?;
    typist.keys("\"lo\")")?;
    typist.until_typed("link_exists(\"lo\")")?;
    typist.0.say("", &["true\r\n"])?;
    typist.leave()
}

fn history_hint(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.0.say("40 + 2 // the answer", &["42\r\n"])?;
    typist.clear()?;
    typist.keys("40 ")?;
    typist
        .0
        .terminal
        .until_shown("the rest of an input", |screen| {
            let line = screen.line()?;
            (line.typed == "40 " && line.rest == "+ 2 // the answer" && line.hinted).then_some(())
        })?;
    typist.keys(RIGHT)?;
    typist.until_typed("40 + 2 // the answer")?;
    typist.0.say("", &["42\r\n"])?;
    typist.leave()
}

fn history_search(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.0.say("\"first\" + 1", &["first1\r\n"])?;
    typist.0.say("\"second\" + 2", &["second2\r\n"])?;
    typist.0.say("\"third\" + 3", &["third3\r\n"])?;
    typist.clear()?;
    typist.keys(CTRL_R)?;
    typist
        .0
        .terminal
        .until_shown("a search", |screen| has(&screen.text(), "search)").ok())?;
    typist.keys("sec")?;
    typist.0.terminal.until_shown("what was found", |screen| {
        has(&screen.text(), "\"second\" + 2").ok()
    })?;
    typist.keys("\r")?;
    typist.0.terminal.expect(HAS_READ)?;
    typist.0.terminal.expect("second2\r\n")?;
    typist.0.terminal.expect(READS)?;
    typist.leave()
}

fn multi_line(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    for (lines, result) in [
        (&["fn f(x) {", "  x * 7", "}"][..], ""),
        (&["f(", "6", ")"][..], "42\r\n"),
        (&["let m = #{", "a: [1,", "2],", "}; m.a[1]"][..], "2\r\n"),
        (&["`one", "two ${f(", "1)}`"][..], "one\r\ntwo 7\r\n"),
        (&["/* a", "b */ 5"][..], "5\r\n"),
        (&[":time f(", "3)"][..], "21\r\n"),
    ] {
        let mut typed = String::new();
        for (number, line) in lines.iter().enumerate() {
            typist.keys(line)?;
            typed += line;
            typist.until_typed(&typed)?;
            if number + 1 < lines.len() {
                typist.keys("\r")?;
                typed += "\n";
                typist.until_typed(&typed)?;
            }
        }
        typist.0.say("", &[result])?;
        typist.clear()?;
    }
    // Ctrl-C forgets all of it.
    typist.types("fn g() {")?;
    typist.keys("\r")?;
    typist.until_typed("fn g() {\n")?;
    typist.clear()?;
    typist.0.say("1 + 1", &["2\r\n"])?;
    typist.leave()
}

fn edited_lines(user: User) -> Verdict {
    let mut typist = Typist::start(user)?;
    typist.types("[")?;
    typist.keys("\r")?;
    typist.until_typed("[\n")?;
    typist.keys("40 + 1")?;
    typist.until_typed("[\n40 + 1")?;
    typist.keys("\r")?;
    typist.until_typed("[\n40 + 1\n")?;
    typist.keys("][0]")?;
    typist.until_typed("[\n40 + 1\n][0]")?;
    typist.keys(UP)?;
    typist.until_typed("[\n40 +")?;
    typist.keys(RIGHT)?;
    typist.keys(RIGHT)?;
    typist.until_typed("[\n40 + 1")?;
    typist.keys(&format!("{BACKSPACE}2"))?;
    typist.until_typed("[\n40 + 2")?;
    // All of it is there, so it is taken wherever the cursor stands.
    typist.0.say("", &["42"])?;
    // It is one entry of the history.
    typist.clear()?;
    typist.keys(UP)?;
    typist.until_typed("[\n40 + 2\n][0]")?;
    typist.clear()?;
    typist.leave()
}
