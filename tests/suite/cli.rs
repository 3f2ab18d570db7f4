//! The command line: where a script comes from, what it gets, where it works, and how netsh ends.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};

use crate::folder::Folder;
use crate::process::{Mark, end_of};
use crate::support::{
    Need, Ran, User, Verdict, become_user, binary, has, is_root, netsh, run, run_with, same,
    search_path, test,
};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    const NAMESPACES: &[Need] = &[Need::Program("unshare"), Need::Program("ip")];
    [
        test("cli: code from -e", &[], code_from_the_command_line),
        test(
            "cli: code from standard input",
            &[],
            code_from_standard_input,
        ),
        test("cli: a file with arguments", &[], file_with_arguments),
        test(
            "cli: arguments of any length and script",
            &[],
            odd_arguments,
        ),
        test("cli: an executable script", &[], interpreter_line),
        test(
            "cli: options before the script are netsh's",
            &[],
            options_before,
        ),
        test("cli: --version and --help", &[], version_and_help),
        test("cli: wrong usage", &[], wrong_usage),
        test("cli: a script that can't be read", &[], unreadable),
        test("cli: files as editors leave them", &[], odd_files),
        test("cli: exit status", &[], exit_status),
        test("cli: a reader that goes away", &[], reader_goes_away),
        test("cli: a module that imports itself", &[], module_in_itself),
        test(
            "cli: a reader that goes away from an endless script",
            &[],
            endless_script,
        ),
        test("cli: a full disk", &[], full_disk),
        test("cli: nobody takes the error", &[], closed_stderr),
        test("cli: --json", &[], json),
        test("cli: --quiet", &[], quiet),
        test("cli: --host without privilege", &[], host_without_privilege),
        test(
            "cli: --host with privilege",
            NAMESPACES,
            host_with_privilege,
        ),
        test("cli: --netns", NAMESPACES, named_namespace),
        test(
            "cli: --netns with no such namespace",
            NAMESPACES,
            no_such_namespace,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs netsh with these words.
fn cli(user: User, words: &[&str]) -> Result<Ran, Failed> {
    Ok(netsh(user).args(words).output()?.into())
}

/// Fails unless netsh ended with this status, printed nothing, and said this.
fn refused(ran: &Ran, status: i32, words: &[&str]) -> Verdict {
    same((ran.status, ran.stdout.as_str()), (Some(status), ""))?;
    words.iter().try_for_each(|part| has(&ran.stderr, part))
}

fn code_from_the_command_line(user: User) -> Verdict {
    same(cli(user, &["-e", "print(1 + 2)"])?.ok()?.as_str(), "3\n")?;
    same(cli(user, &["-eprint(1 + 2)"])?.ok()?.as_str(), "3\n")?;
    same(cli(user, &["--eval=print(1 + 2)"])?.ok()?.as_str(), "3\n")?;
    let ran = cli(user, &["-e", "print(ARGS)", "a", "-e", "--", "-"])?.ok()?;
    same(ran.as_str(), "[\"a\", \"-e\", \"--\", \"-\"]\n")
}

fn code_from_standard_input(user: User) -> Verdict {
    same(run(user, "print(6 * 7)")?.as_str(), "42\n")?;
    same(run(user, "")?.as_str(), "")?;
    // Without a word, too: what is piped in is a script.
    let mut command = netsh(user);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut script = child.stdin.take().ok_or("no input")?;
    script.write_all(b"print(6 * 7);\nprint(8 * 9)")?;
    drop(script);
    let printed = child.wait_with_output()?;
    same(
        String::from_utf8_lossy(&printed.stdout).as_ref(),
        "42\n72\n",
    )?;
    let ran = run_with(
        user,
        &["--quiet"],
        "fn twice(x) { 2 * x }\n\nprint(twice(21));",
    )?;
    same(ran.ok()?.as_str(), "42\n")
}

fn file_with_arguments(user: User) -> Verdict {
    let folder = Folder::new()?;
    folder.file(
        "lab.rhai",
        "import \"beside\" as beside; print(ARGS); beside::hello();",
    )?;
    folder.file("beside.rhai", "fn hello() { print(\"from beside\") }")?;
    let words = ["lab.rhai", "a", "--json", "-q", "--host", "", "b c", "ü"];
    let mut command = netsh(user);
    let command = command.args(words).current_dir(folder.path());
    let wanted = "[\"a\", \"--json\", \"-q\", \"--host\", \"\", \"b c\", \"ü\"]\nfrom beside\n";
    same(Ran::from(command.output()?).ok()?.as_str(), wanted)?;
    // The modules of a script are beside it, wherever netsh was started.
    let path = folder.path().join("lab.rhai");
    let printed = Ran::from(netsh(user).arg(path).output()?).ok()?;
    same(printed.as_str(), "[]\nfrom beside\n")
}

fn odd_arguments(user: User) -> Verdict {
    // An argument may have 128 KiB (MAX_ARG_STRLEN in linux/binfmts.h).
    let long = "x".repeat(130_000);
    let ran = cli(user, &["-e", "print(ARGS[0].len())", &long])?;
    same(ran.ok()?.as_str(), "130000\n")?;
    let code = format!("/*{}*/ print(\"short\")", &long[..120_000]);
    same(cli(user, &["-e", &code])?.ok()?.as_str(), "short\n")?;
    let mut command = netsh(user);
    let command = command
        .args(["-e", "print(1)"])
        .arg(OsStr::from_bytes(b"\xff"));
    refused(&command.output()?.into(), 2, &["UTF-8"])
}

fn interpreter_line(user: User) -> Verdict {
    let folder = Folder::new()?;
    symlink(binary(), folder.path().join("netsh"))?;
    let text = "#!/usr/bin/env netsh\nprint(ARGS); print(link_list().len());\nthrow 1;\n";
    let script = folder.file("lab", text)?;
    let mut command = Command::new(&script);
    let path = format!("{}:{}", folder.path().display(), search_path());
    command.args(["a", "-b"]).env("PATH", path);
    become_user(&mut command, user);
    let ran: Ran = command.output()?.into();
    same(
        (ran.status, ran.stdout.as_str()),
        (Some(1), "[\"a\", \"-b\"]\n1\n"),
    )?;
    // Lines are counted with the first one.
    has(&ran.stderr, &format!("{}:3:1", script.display()))
}

fn options_before(user: User) -> Verdict {
    let folder = Folder::new()?;
    let script = folder.file("lab.rhai", "show(ARGS)")?;
    let script = script.to_string_lossy();
    let ran = cli(user, &["--json", "--quiet", &script, "--quiet"])?;
    same(ran.ok()?.as_str(), "[\"--quiet\"]\n")?;
    let ran = cli(user, &["--json", "-e", "show(ARGS)", "a"])?;
    same(ran.ok()?.as_str(), "[\"a\"]\n")?;
    let ran = cli(user, &["-qe", "show(ARGS)", "--json"])?;
    same(ran.ok()?.as_str(), "[]\n")
}

fn version_and_help(user: User) -> Verdict {
    let version = format!("netsh {}\n", env!("CARGO_PKG_VERSION"));
    same(cli(user, &["--version"])?.ok()?, version)?;
    let help = cli(user, &["--help"])?.ok()?;
    for option in [
        "FILE.rhai",
        "--eval",
        "--host",
        "--netns",
        "--show-commands",
        "--show-netlink",
        "--json",
        "--quiet",
        "--version",
        "--help",
    ] {
        has(&help, option)?;
    }
    has(&cli(user, &["-h"])?.ok()?, "--netns")
}

fn wrong_usage(user: User) -> Verdict {
    refused(&cli(user, &["--frob"])?, 2, &["--frob", "--help"])?;
    refused(&cli(user, &["-x", "lab.rhai"])?, 2, &["-x", "--help"])?;
    refused(&cli(user, &["-e"])?, 2, &["a value is required"])?;
    let both = ["--host", "--netns", "h1", "-e", "1"];
    refused(
        &cli(user, &both)?,
        2,
        &["--host", "--netns", "cannot be used with"],
    )
}

fn unreadable(user: User) -> Verdict {
    let folder = Folder::new()?;
    let ran = cli(user, &["nowhere/lab.rhai"])?;
    refused(&ran, 1, &["cannot read nowhere/lab.rhai", "No such file"])?;
    let place = folder.path().to_string_lossy().into_owned();
    refused(
        &cli(user, &[&place])?,
        1,
        &["cannot read", "Is a directory"],
    )?;
    folder.file("vetherl.rhai", b"1")?;
    for (name, meant) in [
        ("vetherl", "vetherl.rhai"),
        ("vehterl.rhai", "vetherl.rhai"),
    ] {
        let near = folder.path().join(meant).to_string_lossy().into_owned();
        let words = format!("; did you mean {near}?");
        let ran = cli(user, &[&folder.path().join(name).to_string_lossy()])?;
        refused(&ran, 1, &["cannot read", "No such file", &words])?;
    }
    let ran = cli(user, &["hlep"])?;
    refused(&ran, 1, &["No such file", "; did you mean netsh help?"])?;
    let latin = folder.file("latin.rhai", b"print(\"caf\xe9\")")?;
    let ran = cli(user, &[&latin.to_string_lossy()])?;
    refused(&ran, 1, &["latin.rhai is not UTF-8 text (byte 10)"])?;
    let mut command = netsh(user);
    command.arg("-").stdin(File::open(&latin)?);
    refused(&command.output()?.into(), 1, &["is not UTF-8 text"])?;
    let secret = folder.file("secret.rhai", "print(1)")?;
    std::fs::set_permissions(&secret, PermissionsExt::from_mode(0o000))?;
    let ran = cli(user, &[&secret.to_string_lossy()])?;
    match user == User::Nobody || !is_root() {
        true => refused(&ran, 1, &["cannot read", "Permission denied"]),
        false => same(ran.ok()?.as_str(), "1\n"),
    }
}

fn odd_files(user: User) -> Verdict {
    let folder = Folder::new()?;
    let cases = [
        ("empty", "", ""),
        ("only a first line", "#!/usr/bin/env netsh", ""),
        (
            "windows",
            "#!/usr/bin/env netsh\r\nprint(1);\r\nprint(2);\r\n",
            "1\n2\n",
        ),
        ("byte order mark", "\u{feff}print(1);", "1\n"),
        (
            "byte order mark and first line",
            "\u{feff}#!/usr/bin/env netsh\nprint(1);",
            "1\n",
        ),
        ("no line feed at the end", "print(1)\n// the end", "1\n"),
    ];
    for (what, text, wanted) in cases {
        let script = folder.file("lab.rhai", text)?;
        let ran = cli(user, &[&script.to_string_lossy()])?;
        let told = ran.ok().map_err(|failed| -> Failed {
            format!("{what}: {}", failed.message().unwrap_or_default()).into()
        });
        same(told?.as_str(), wanted)?;
    }
    Ok(())
}

fn exit_status(user: User) -> Verdict {
    for (code, status) in [
        ("print(1)", 0),
        ("return 5; print(2)", 0),
        ("false", 0),
        ("exit(); print(2)", 0),
        ("exit(3); print(2)", 3),
        ("fn deep() { exit(4) } try { deep() } catch { } print(2)", 4),
        ("exit(256)", 1),
        ("fn deep() { exit() } deep(); print(2)", 0),
        ("throw 1", 1),
        ("throw", 1),
        ("print(", 1),
        ("nosuch()", 1),
        ("assert(false)", 1),
        ("sh(\"exit 3\")", 0),
        ("sh(\"kill -9 $$\")", 0),
        ("fn f(n) { f(n + 1) } f(0)", 1),
        ("try { throw 1 } catch {}", 0),
    ] {
        let ran = cli(user, &["-e", code])?;
        same((code, ran.status), (code, Some(status)))?;
        same((code, ran.stderr.is_empty()), (code, status != 1))?;
        same((code, ran.stdout.contains('2')), (code, false))?;
    }
    let code = "print(sh(\"exit 3\")); print(sh(\"kill -9 $$\")); print(exec(\"false\", []).code)";
    same(cli(user, &["-e", code])?.ok()?.as_str(), "3\n137\n1\n")
}

fn reader_goes_away(user: User) -> Verdict {
    for code in [
        "for i in 0..100000 { print(i) }",
        "for i in 0..100000 { show(#{ i: i }) }",
        "for i in 0..100000 { try { print(i) } catch { } }",
        "print(1); for i in 0..100000 { print(2) } throw 3",
        "ping(\"127.0.0.1\", #{ count: 1000, interval: \"1ms\" })",
    ] {
        first_line_only(user, code)?;
    }
    Ok(())
}

fn endless_script(user: User) -> Verdict {
    first_line_only(user, "loop { print(\"x\") }")?;
    first_line_only(user, "loop { try { print(\"x\") } catch { } }")?;
    first_line_only(user, "loop { sh(\"echo x\"); print(\"y\") }")
}

/// Modules that import each other.
fn module_in_itself(user: User) -> Verdict {
    let folder = Folder::new()?;
    let script = folder.file("a.rhai", "import \"b\" as b;")?;
    folder.file("b.rhai", "import \"a\" as a;")?;
    let path = script.to_str().ok_or("a path")?;
    refused(
        &cli(user, &[path])?,
        1,
        &[
            "the module \"b\" imports itself by \"a\"",
            "a.rhai:1:8",
            "b.rhai:1:8",
        ],
    )
}

/// What `netsh -e CODE | head -1` does.
fn first_line_only(user: User, code: &str) -> Verdict {
    let mut command = netsh(user);
    command
        .args(["-e", code])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mark = Mark::on(&mut command);
    let mut child = command.spawn()?;
    let mut reader = BufReader::new(child.stdout.take().ok_or("no output")?);
    reader.read_line(&mut String::new())?;
    drop(reader);
    let status = end_of(&mut child)?;
    let said = std::io::read_to_string(child.stderr.take().ok_or("no error output")?)?;
    same((code, status.code(), said.as_str()), (code, Some(141), ""))?;
    same(mark.processes().len(), 0)
}

fn full_disk(user: User) -> Verdict {
    let mut command = netsh(user);
    let full = File::options().write(true).open("/dev/full")?;
    command.args(["-e", "print(1); print(2)"]).stdout(full);
    refused(
        &command.output()?.into(),
        1,
        &["standard output", "No space left"],
    )
}

/// The status stays what it is. A closed pipe and a full disk are the same to this.
fn closed_stderr(user: User) -> Verdict {
    for (words, status) in [
        (["-e", "throw 1"], 1),
        (["-e", "print("], 1),
        (["-e", "print(7); debug(1)"], 0),
        (["--show-netlink", "-elink_list()"], 0),
        (["--netns", "nosuch/"], 1),
        (["lab.rhai", "missing"], 1),
    ] {
        let mut command = netsh(user);
        let full = File::options().write(true).open("/dev/full")?;
        let status_is = command
            .args(words)
            .stdout(Stdio::null())
            .stderr(full)
            .status()?;
        same((words, status_is.code()), (words, Some(status)))?;
    }
    Ok(())
}

fn json(user: User) -> Verdict {
    let code = "print(\"aside\"); show(#{ a: [1, 2.5, true, ()], b: \"ü\" }); show(7); ping(\"127.0.0.1\", #{ count: 1 });";
    let ran = cli(user, &["--json", "-e", code])?;
    let wanted = "{\"a\":[1,2.5,true,null],\"b\":\"ü\"}\n7\n";
    same((ran.status, ran.stdout.as_str()), (Some(0), wanted))?;
    same(ran.stderr.as_str(), "aside\n")
}

fn quiet(user: User) -> Verdict {
    let code = "print(\"said\"); let p = ping(\"127.0.0.1\", #{ count: 1 }); show(p.received)";
    same(
        cli(user, &["--quiet", "-e", code])?.ok()?.as_str(),
        "said\n1\n",
    )?;
    has(&cli(user, &["-e", code])?.ok()?, "1 packets transmitted")
}

/// Only reads where that is the machine's own network.
fn host_without_privilege(user: User) -> Verdict {
    let code =
        "print(link_list().map(|link| link.name)); print(sysctl_get(\"net.ipv4.ip_forward\"))";
    let seen = cli(user, &["--host", "-e", code])?.ok()?;
    for name in std::fs::read_to_string("/proc/net/dev")?.lines().skip(2) {
        has(&seen, name.split(':').next().unwrap_or_default().trim())?;
    }
    if user == User::Myself && is_root() {
        return Ok(());
    }
    for code in [
        "veth_add(\"nshtest0\", \"nshtest1\")",
        "link_set(\"lo\", #{ mtu: 1000 })",
        "addr_add(\"lo\", \"127.9.9.9/32\")",
    ] {
        let ran = cli(user, &["--host", "-e", code])?;
        refused(&ran, 1, &["EPERM", "CAP_NET_ADMIN", "without --host"])?;
    }
    let ran = cli(
        user,
        &["--host", "-e", "sysctl_set(\"net.ipv4.ip_forward\", 0)"],
    )?;
    refused(&ran, 1, &["EACCES", "net.ipv4.ip_forward"])
}

/// Runs a shell script as root of user, network and mount namespaces of its own. `$NETSH` is the binary, and /run is empty.
fn in_namespaces(user: User, script: &str) -> Result<Ran, Failed> {
    let mut command = Command::new("unshare");
    command
        .args([
            "--user",
            "--map-root-user",
            "--net",
            "--mount",
            "--propagation",
            "private",
        ])
        .args(["sh", "-c", &format!("mount -t tmpfs test /run\n{script}")])
        .env("NETSH", binary())
        .env("PATH", search_path())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null());
    become_user(&mut command, user);
    Ok(command.output()?.into())
}

fn host_with_privilege(user: User) -> Verdict {
    let script = r#"
        mkdir /run/netns
        "$NETSH" --host -e 'veth_add("a", "b", #{ mtu: 1400, up: true }); addr_add("a", "192.0.2.1/24");
            sysctl_set("net.ipv4.ip_forward", 1); netns_add("h1").veth_add("c", "d");
            print(sh("exit 3"))'
        ip -brief link show type veth | cut -d@ -f1 | sort
        ip -brief address show dev a | tr -s ' ' | cut -d' ' -f3
        cat /proc/sys/net/ipv4/ip_forward /sys/class/net/a/mtu 2>/dev/null
        ip netns list
        ip -n h1 -brief link show type veth | wc -l"#;
    let printed = in_namespaces(user, script)?.ok()?;
    // /sys is that of the machine here, so that it shows nothing of `a`.
    same(printed.as_str(), "3\na\nb\n192.0.2.1/24\n1\nh1\n2\n")
}

fn named_namespace(user: User) -> Verdict {
    let script = r#"
        ip netns add one
        "$NETSH" --netns one -e 'veth_add("a", "b"); print(link_list().len()); sh("ip -brief link | wc -l")'
        ip -n one -brief link show type veth | wc -l
        ip -brief link show type veth | wc -l
        "$NETSH" --netns=one --json -e 'show(link_exists("b"))'"#;
    let printed = in_namespaces(user, script)?.ok()?;
    same(printed.as_str(), "3\n3\n2\n0\ntrue\n")
}

fn no_such_namespace(user: User) -> Verdict {
    let two = "\"$NETSH\" --netns two -e 1";
    let ran = in_namespaces(user, two)?;
    refused(&ran, 1, &["netns two", "ENOENT", "ip netns add"])?;
    let ran = in_namespaces(user, &format!("ip netns add one; {two}"))?;
    refused(&ran, 1, &["netns two", "/run/netns", "one"])?;
    let file = format!("mkdir /run/netns; touch /run/netns/two; {two}");
    refused(&in_namespaces(user, &file)?, 1, &["netns two", "EINVAL"])?;
    let bare = "ip netns add one; exec setpriv --bounding-set=-all --inh-caps=-all \"$NETSH\" --netns one -e 1";
    refused(
        &in_namespaces(user, bare)?,
        1,
        &["netns one", "EPERM", "root"],
    )?;
    for name in ["a/b", "..", ""] {
        let ran = cli(user, &["--netns", name, "-e", "1"])?;
        refused(&ran, 1, &["no network namespace is called"])?;
    }
    Ok(())
}
