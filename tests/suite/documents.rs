//! What is made from the manual and checked in: the reference, the definitions for editors and the man page; and completions
//! for shells. With NETSH_BLESS=1 the files are written anew.

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use netsh::catalog::definitions::definitions;
use netsh::catalog::reference::reference;
use netsh::shell::man_page::man_page;
use regex::Regex;
use snapbox::{Assert, Data};

use crate::examples::needs_of;
use crate::support::{Need, Ran, User, Verdict, has, netsh, program, redactions, run, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test(
            "documents: the reference is what the verbs say and print",
            &[Need::Kernel("device tun")],
            reference_is_true,
        ),
        test(
            "documents: the definitions for editors",
            &[],
            definitions_are_true,
        ),
        test(
            "documents: every definition can be read",
            &[],
            definitions_can_be_read,
        ),
        test("documents: the man page", &[], man_page_is_true),
        test(
            "documents: the verb that CONTRIBUTING adds is the one that there is",
            &[],
            the_added_verb_is_there,
        ),
        test(
            "documents: groff takes the man page",
            &[Need::Program("groff")],
            groff_takes_it,
        ),
        test("documents: netsh doc", &[], on_the_command_line),
        test(
            "documents: a closed or full output",
            &[Need::Program("bash")],
            outputs,
        ),
        test(
            "completions: bash completes",
            &[Need::Program("bash")],
            bash_completes,
        ),
        test("completions: other shells", &[], other_shells),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name)
}

fn told(user: User, arguments: &[&str]) -> Result<Ran, Failed> {
    Ok(netsh(user).args(arguments).output()?.into())
}

/// What differs from run to run, and from the day when a document was written, does not count.
fn blurred(text: &str) -> Result<String, Failed> {
    let text = redactions()?.redact(text);
    // The kernel makes it of the hardware address.
    let link_local = Regex::new("fe80::[0-9a-f:]+")?;
    Ok(link_local.replace_all(&text, "[LINKLOCAL]").into_owned())
}

/// Holds a document to what it has to be now, or writes it anew. What differs only in what varies stays as it is written.
fn holds(user: User, name: &str, now: &str) -> Verdict {
    let path = document(name);
    let written = std::fs::read_to_string(&path)?;
    let (written, wanted) = (blurred(&written)?, blurred(now)?);
    let bless = std::env::var_os("NETSH_BLESS").is_some_and(|value| value == "1");
    if bless && user == User::Myself && written != wanted {
        return Ok(std::fs::write(path, now)?);
    }
    Assert::new()
        .try_eq(
            Some(&format!("docs/{name} (NETSH_BLESS=1 writes it)")),
            Data::text(wanted).raw(),
            Data::text(written).raw(),
        )
        .map_err(|difference| Failed::from(difference.to_string()))
}

/// Every example is run, and has to print what the reference says.
fn reference_is_true(user: User) -> Verdict {
    let catalog = netsh::script::catalog();
    let mut printed = Vec::new();
    // What a kernel without some kind of link can't run has no output, whatever the kernel.
    // What is told in the order in which it happens, or measured, is another each time.
    let varies = [
        "arping",
        "capture",
        "capture_during",
        "packets",
        "read",
        "save",
        "conntrack_events",
        "doctor",
        "events",
        "monitor",
        "nft_trace",
        "throughput",
    ];
    let run_everywhere = |entry: &&netsh::catalog::Entry| {
        needs_of(entry).is_empty() && !varies.contains(&entry.signature.name.as_str())
    };
    for entry in catalog.entries().iter().filter(run_everywhere) {
        printed.push((
            entry.title(),
            &entry.manual,
            run(user, &entry.manual.example)?,
        ));
    }
    let now = reference(catalog, |entry| {
        let is_it = |(title, manual, _): &&(String, &_, String)| {
            *title == entry.title() && **manual == entry.manual
        };
        printed.iter().find(is_it).map(|(.., text)| text.clone())
    });
    for entry in catalog.entries() {
        has(&now, &format!("\n### {}\n", entry.title()))?;
    }
    holds(user, "reference.md", &now)
}

fn definitions_are_true(user: User) -> Verdict {
    let now = definitions(netsh::script::catalog());
    same(told(user, &["doc", "--definitions"])?.ok()?, now.clone())?;
    for entry in netsh::script::catalog().entries() {
        has(&now, &format!("\nfn {}(", entry.signature.name))?;
    }
    holds(user, "netsh.d.rhai", &now)
}

/// The grammar is that of the language server of Rhai (crates/rhai-rowan, parser/parsers/def.rs): a declaration of the module,
/// then constants, functions with typed parameters, and blocks of modules. Names are checked by Rhai itself.
fn definitions_can_be_read(_: User) -> Verdict {
    let kind = r"(?:[A-Za-z_]+|\?|\(\))";
    let function = Regex::new(&format!(
        r"^fn (?:get )?([a-z_0-9]+)\(((?:[a-z_]+: {kind}(?:, )?)*)\)(?: -> {kind})?;$"
    ))?;
    let other =
        Regex::new(r"^(?:module static;|const [A-Z]+: [A-Za-z]+;|module [a-z_]+ \{|\}|///.*|)$")?;
    let engine = rhai::Engine::new();
    let text = std::fs::read_to_string(document("netsh.d.rhai"))?;
    let mut functions = 0;
    for line in text.lines() {
        let Some(parts) = function.captures(line) else {
            if other.is_match(line) {
                continue;
            }
            return Err(format!("no definition: {line:?}").into());
        };
        let names: Vec<&str> = parts[2]
            .split(", ")
            .filter_map(|one| one.split_once(':').map(|(name, _)| name))
            .collect();
        let script = format!("fn {}({}) {{}}", &parts[1], names.join(", "));
        engine
            .compile(&script)
            .map_err(|error| format!("{line}: {error}"))?;
        functions += 1;
    }
    let first = text.lines().find(|line| !line.starts_with("///"));
    same(first, Some("module static;"))?;
    same(functions > netsh::script::catalog().entries().len(), true)
}

fn man_page_is_true(user: User) -> Verdict {
    let now = man_page(netsh::script::catalog())?;
    same(told(user, &["doc", "--man"])?.ok()?, now.clone())?;
    for part in [
        ".SH VERBS",
        ".SH FILES",
        ".SH \"EXIT STATUS\"",
        ".SH ENVIRONMENT",
        ".SH EXAMPLES",
        ".SH \"SEE ALSO\"",
    ] {
        has(&now, part)?;
    }
    holds(user, "netsh.1", &now)
}

/// Each line that the diff adds stands in its file, one after the other.
fn the_added_verb_is_there(_: User) -> Verdict {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("CONTRIBUTING.md"))?;
    let diff = text.split("```diff\n").nth(1).unwrap_or_default();
    let diff = diff.split("\n```\n").next().unwrap_or_default();
    let files: Vec<&str> = diff.split("--- a/").skip(1).collect();
    same(files.len(), 4)?;
    for file in files {
        let name = file.lines().next().unwrap_or_default();
        let code = std::fs::read_to_string(root.join(name))?;
        let added = file
            .lines()
            .skip(2)
            .filter_map(|line| line.strip_prefix('+'));
        has(&code, &added.collect::<Vec<_>>().join("\n"))?;
    }
    Ok(())
}

fn groff_takes_it(user: User) -> Verdict {
    let mut groff = program(user, "groff");
    groff
        .args(["-man", "-ww", "-Tutf8"])
        .arg(document("netsh.1"));
    let drawn = Ran::from(groff.output()?).ok()?;
    has(&drawn, "NAME")?;
    has(&drawn, "Brings a link up.")
}

fn on_the_command_line(user: User) -> Verdict {
    let whole = std::fs::read_to_string(document("reference.md"))?;
    let printed = told(user, &["doc"])?.ok()?;
    // The binary has the document of when it was built.
    same(blurred(&printed)?.lines().next(), whole.lines().next())?;
    // Every page is in the whole; some are asked for, others by each user.
    let first = usize::from(user == User::Nobody);
    for (number, entry) in netsh::script::catalog().entries().iter().enumerate() {
        has(&printed, &format!("### {}\n", entry.title()))?;
        if number % 10 != first {
            continue;
        }
        let page = told(user, &["doc", &entry.title()])?.ok()?;
        same(page.starts_with(&format!("### {}\n", entry.title())), true)?;
        has(&page, &entry.manual.summary)?;
        has(&printed, &page)?;
    }
    has(
        &told(user, &["doc", "link_get"])?.ok()?,
        "\nprints\n\n```text\n65536\n```\n",
    )?;
    let unknown = told(user, &["doc", "veht_add"])?;
    same(unknown.status, Some(1))?;
    same(
        unknown.stderr.as_str(),
        "netsh: there is no verb \"veht_add\"; did you mean \"veth_add\"? (netsh help shows all)\n",
    )?;
    // There is a word to look for that is like it, but no verb.
    same(
        told(user, &["doc", "nope"])?.stderr.as_str(),
        "netsh: there is no verb \"nope\" (netsh help shows all)\n",
    )?;
    same(
        told(user, &["doc", "--man", "--definitions"])?.status,
        Some(2),
    )
}

/// Whoever has read enough is no reason to fail; a full disk is.
fn outputs(user: User) -> Verdict {
    for arguments in [
        "doc",
        "doc ping",
        "doc --man",
        "doc --definitions",
        "help ping",
        "completions zsh",
    ] {
        let mut shell = program(user, "bash");
        let line = format!(
            "set -o pipefail; \"$0\" {arguments} | true; \"$0\" {arguments} > /dev/full; echo $?"
        );
        shell.arg("-c").arg(line).arg(netsh(user).get_program());
        let ran = Ran::from(shell.output()?);
        same((arguments, ran.stdout.as_str()), (arguments, "1\n"))?;
        same(ran.stderr.lines().count(), 1)?;
        has(&ran.stderr, "cannot write to standard output: ")?;
    }
    Ok(())
}

/// Sources the completions and asks them as bash does when the tabulator is pressed.
fn bash_completes(user: User) -> Verdict {
    let cases = [
        ("netsh d", vec!["doctor", "doc", "docs"]),
        ("netsh doc veth", vec!["veth_add"]),
        ("netsh help neigh_l", vec!["neigh_list"]),
        ("netsh completions z", vec!["zsh"]),
        ("netsh --show-n", vec!["--show-netlink"]),
        ("netsh script", vec!["scripts"]),
        ("netsh --json scripts/vl", vec!["scripts/vlan.rhai"]),
    ];
    let script = told(user, &["completions", "bash"])?.ok()?;
    let mut shell = program(user, "bash");
    let ask = r#"
        set -u
        eval "$1"; shift
        for line in "$@"; do
            read -ra COMP_WORDS <<< "$line"
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
            function=$(complete -p netsh | sed 's/.*-F \([^ ]*\).*/\1/')
            "$function" netsh "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            echo "${COMPREPLY[*]}"
        done
    "#;
    shell.args(["-c", ask, "bash", &script]);
    shell.args(cases.iter().map(|(line, _)| line));
    let said = Ran::from(shell.output()?).ok()?;
    let said: Vec<&str> = said.lines().collect();
    let wanted: Vec<String> = cases.iter().map(|(_, words)| words.join(" ")).collect();
    same(said, wanted.iter().map(String::as_str).collect())
}

fn other_shells(user: User) -> Verdict {
    for shell in ["zsh", "fish"] {
        let script = told(user, &["completions", shell])?.ok()?;
        for word in ["veth_add", "neigh_list", "show-netlink", "completions"] {
            has(&script, word)?;
        }
    }
    // Put in where clap_complete has none.
    let zsh = told(user, &["completions", "zsh"])?.ok()?;
    has(&zsh, r"'files\:script\:_files'")?;
    let wrong = told(user, &["completions", "nosuch"])?;
    same(wrong.status, Some(2))
}
