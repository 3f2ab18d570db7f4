//! The sandbox from inside and from outside: a network, processes and mounts of its own, whoever started netsh and from
//! whatever surroundings.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::{Failed, Trial};
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, pthread_sigmask, signal};
use serde_json::Value;

use crate::folder::Folder;
use crate::process::{Mark, Process};
use crate::support::{Need, Ran, User, Verdict, binary, has, netsh, run, run_with, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test(
            "sandbox: lo is up and alone",
            &[Need::Program("ip")],
            lo_alone,
        ),
        test("sandbox: /sys and /proc show no more", &[], sys_and_proc),
        test("sandbox: namespaces of its own", &[], own_namespaces),
        test("sandbox: root inside", &[], root_inside),
        test("sandbox: only its own processes", &[], own_processes),
        test(
            "sandbox: sysctls of the whole machine are refused",
            &[],
            foreign_sysctls,
        ),
        test("sandbox: ICMP sockets for everyone", &[], ping_group),
        test("sandbox: attacks from inside", &[], attacks),
        test("sandbox: netsh within netsh", &[], nested),
        test(
            "sandbox: two at once know nothing of each other",
            &[],
            two_at_once,
        ),
        test("sandbox: no environment at all", &[], no_environment),
        test("sandbox: no standard streams", &[], no_streams),
        test("sandbox: ignored and blocked signals", &[], odd_signals),
        test("sandbox: nohup", &[], nohup),
        test("sandbox: a session of its own", &[], session),
        test("sandbox: in a folder that is gone", &[], folder_gone),
        test(
            "sandbox: programs get the user's descriptors and no others",
            &[],
            descriptors,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn lo_alone(user: User) -> Verdict {
    let code = r#"print(exec("ip", ["-j", "address"]).stdout); print(exec("ip", ["-j", "rule"]).stdout);
        print(exec("ip", ["-j", "neighbour"]).stdout)"#;
    let printed = run(user, code)?;
    let lines: Vec<Value> = printed
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let [links, rules, neighbours] = lines.as_slice() else {
        return Err(format!("not three answers: {printed}").into());
    };
    same(links.as_array().map(Vec::len), Some(1))?;
    let lo = &links[0];
    same(lo["ifname"].as_str(), Some("lo"))?;
    has(&lo["flags"].to_string(), "\"UP\"")?;
    let addresses = lo["addr_info"].as_array().cloned().unwrap_or_default();
    let addresses: Vec<_> = addresses.iter().map(|it| it["local"].as_str()).collect();
    same(addresses, vec![Some("127.0.0.1"), Some("::1")])?;
    // The three rules that every network namespace begins with.
    same(rules.as_array().map(Vec::len), Some(3))?;
    same(neighbours.as_array().map(Vec::len), Some(0))
}

fn sys_and_proc(user: User) -> Verdict {
    let code = "sh(\"ls --hide=bonding_masters /sys/class/net /sys/devices/virtual/net; grep -c : /proc/net/dev; ls /run/netns\")";
    let wanted = "/sys/class/net:\nlo\n\n/sys/devices/virtual/net:\nlo\n1\n";
    same(run(user, code)?.as_str(), wanted)
}

fn own_namespaces(user: User) -> Verdict {
    let inside = run(
        user,
        "sh(\"for kind in net mnt pid user; do readlink /proc/self/ns/$kind; done\")",
    )?;
    let inside: Vec<&str> = inside.lines().collect();
    same(inside.len(), 4)?;
    for namespace in &inside {
        let kind = namespace.split(':').next().unwrap_or_default();
        let outside = std::fs::read_link(format!("/proc/self/ns/{kind}"))?;
        if Path::new(namespace) == outside {
            return Err(format!("{namespace} is that of the test").into());
        }
    }
    Ok(())
}

fn root_inside(user: User) -> Verdict {
    let code = "sh(\"id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map\")";
    let printed = run(user, code)?;
    let words: Vec<&str> = printed.split_whitespace().collect();
    let (uid, gid) = match user {
        User::Nobody => (
            crate::support::NOBODY.to_string(),
            crate::support::NOBODY.to_string(),
        ),
        User::Myself => (
            nix::unistd::geteuid().to_string(),
            nix::unistd::getegid().to_string(),
        ),
    };
    same(words, vec!["0", "0", "0", &uid, "1", "0", &gid, "1"])
}

fn own_processes(user: User) -> Verdict {
    // The shell's own words only, so that no more processes come into it.
    let code = r#"sh("cd /proc; for p in [0-9]*; do read name < $p/comm; echo $p $name; done; echo me $$")"#;
    let printed = run(user, code)?;
    let lines: Vec<&str> = printed.lines().collect();
    let [first, shell, me] = lines.as_slice() else {
        return Err(format!("more than netsh and its shell: {printed}").into());
    };
    same(*first, "1 netsh")?;
    same(me.replace("me ", "") + " sh", (*shell).to_string())
}

fn foreign_sysctls(user: User) -> Verdict {
    let file = "/proc/sys/vm/swappiness";
    let before = std::fs::read_to_string(file)?;
    for name in [
        "vm.swappiness",
        "vm/swappiness",
        "kernel.hostname",
        "fs.file-max",
        "network.x",
    ] {
        let code = format!("sysctl_set({name:?}, \"61\")");
        let ran = run_with(user, &[], &code)?;
        same(ran.status, Some(1))?;
        has(
            &ran.stderr,
            "only sysctls under net. can be set in the sandbox",
        )?;
        let code =
            format!("try {{ sysctl_set({name:?}, \"61\") }} catch (e) {{ print(e.message) }}");
        has(&run(user, &code)?, "the whole machine's")?;
    }
    same(std::fs::read_to_string(file)?, before)
}

fn ping_group(user: User) -> Verdict {
    let code = "sh(\"cat /proc/sys/net/ipv4/ping_group_range\")";
    same(run(user, code)?.as_str(), "0\t0\n")
}

/// What a script might do to netsh itself. Process 1 of a process namespace gets no signal from inside for which it has
/// no handler (pid_namespaces(7)).
fn attacks(user: User) -> Verdict {
    let code = r#"
        sh("kill -9 1; kill -STOP 1; kill -TERM 1; kill -9 $PPID; kill -9 -1");
        sh("umount -l /run/netns; umount -l /proc; umount -l /sys; mount -t tmpfs over /run; rm -rf /run/netns");
        veth_add("a", "b");
        netns_list();
        sh("trap '' TERM; (trap '' TERM HUP; while :; do sleep 1000; done) & exit 0");
        print(link_list().len());
    "#;
    let mut command = netsh(user);
    command
        .args(["-e", code])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mark = Mark::on(&mut command);
    let ran: Ran = command.output()?.into();
    same((ran.status, ran.stdout.as_str()), (Some(0), "3\n"))?;
    same(format!("{:?}", mark.processes()), "[]".into())
}

fn nested(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b");
        netns_add("outer");
        sh("\"$NETSH\" -e \"$CODE\"");
        print(link_list().len());
    "#;
    let inner = r#"
        print(link_list().len());
        netns_add("inner");
        sh("ls --hide=bonding_masters /run/netns /sys/class/net; echo $$; exit 4") + 0;
        throw "it ends";
    "#;
    let mut command = netsh(user);
    command
        .args(["-e", code])
        .env("NETSH", binary())
        .env("CODE", inner);
    let ran: Ran = command.output()?.into();
    has(&ran.stderr, "it ends")?;
    same(
        ran.stdout.as_str(),
        "1\n/run/netns:\ninner\n\n/sys/class/net:\nlo\n2\n3\n",
    )
}

fn two_at_once(user: User) -> Verdict {
    let code = "netns_add(\"same\"); veth_add(\"a\", \"b\"); sh(\"echo ready; read line\"); print(link_list().len())";
    let start = || {
        netsh(user)
            .args(["-e", code])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
    };
    let (first, second) = (start()?, start()?);
    for child in [first, second] {
        // Its standard input is closed here, and it goes on.
        let ran: Ran = child.wait_with_output()?.into();
        same((ran.status, ran.stdout.as_str()), (Some(0), "ready\n3\n"))?;
    }
    Ok(())
}

/// A lab that needs no program but /bin/sh.
const LAB: &str =
    "veth_add(\"a\", \"b\"); netns_add(\"h1\"); sh(\"echo $((40 + 2))\"); print(link_list().len())";

fn works(command: &mut Command) -> Verdict {
    let ran: Ran = command.args(["-e", LAB]).output()?.into();
    same(ran.ok()?.as_str(), "42\n3\n")
}

fn no_environment(user: User) -> Verdict {
    works(netsh(user).env_clear())?;
    works(
        netsh(user)
            .env("PATH", "")
            .env("TERM", "")
            .env("COLUMNS", "-1"),
    )?;
    works(
        netsh(user)
            .env("LC_ALL", "xx_YY.nonsense")
            .env("RUST_BACKTRACE", "full"),
    )
}

/// Runs `sh -c SCRIPT` in which `"$@"` is netsh with the lab.
fn by_shell(user: User, script: &str) -> Result<Ran, Failed> {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script, "sh"])
        .arg(binary())
        .args(["-e", LAB]);
    crate::support::become_user(&mut command, user);
    Ok(command.output()?.into())
}

fn no_streams(user: User) -> Verdict {
    same(by_shell(user, "\"$@\" <&-")?.ok()?.as_str(), "42\n3\n")?;
    for script in ["\"$@\" >&-", "\"$@\" 2>&- >&-", "\"$@\" <&- >&- 2>&-"] {
        let ran = by_shell(user, script)?;
        same(
            (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
            (Some(0), "", ""),
        )?;
    }
    Ok(())
}

fn odd_signals(user: User) -> Verdict {
    for number in [
        Signal::SIGCHLD,
        Signal::SIGINT,
        Signal::SIGPIPE,
        Signal::SIGTSTP,
        Signal::SIGTERM,
    ] {
        let mut ignoring = netsh(user);
        // SAFETY: only system calls between fork and exec.
        unsafe {
            ignoring.pre_exec(move || Ok(signal(number, SigHandler::SigIgn).map(drop)?));
        }
        works(&mut ignoring)?;
    }
    let mut blocking = netsh(user);
    // SAFETY: only system calls between fork and exec.
    unsafe {
        blocking.pre_exec(|| {
            Ok(pthread_sigmask(
                SigmaskHow::SIG_BLOCK,
                Some(&SigSet::all()),
                None,
            )?)
        });
    }
    works(&mut blocking)
}

fn nohup(user: User) -> Verdict {
    let mut command = netsh(user);
    command
        .args(["-e", "sh(\"echo ready; read line; echo got $line\")"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    // SAFETY: only system calls between fork and exec.
    unsafe {
        command.pre_exec(|| Ok(signal(Signal::SIGHUP, SigHandler::SigIgn).map(drop)?));
    }
    let mark = Mark::on(&mut command);
    let child = command.spawn()?;
    mark.until_running("sh")?;
    Process::of(&child).signal(Signal::SIGHUP)?;
    let ran: Ran = child.wait_with_output()?.into();
    same((ran.status, ran.stdout.as_str()), (Some(0), "ready\ngot\n"))
}

fn session(user: User) -> Verdict {
    let mut command = netsh(user);
    // SAFETY: only a system call between fork and exec.
    unsafe {
        command.pre_exec(|| Ok(nix::unistd::setsid().map(drop)?));
    }
    works(&mut command)
}

fn folder_gone(user: User) -> Verdict {
    let folder = Folder::new()?;
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner)?;
    let script = format!("cd {0} && rmdir {0} && \"$@\" 2>/dev/null", inner.display());
    std::fs::set_permissions(&inner, std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
    if user == User::Nobody {
        nix::unistd::chown(&inner, Some(crate::support::NOBODY.into()), None)?;
    }
    let ran = by_shell(user, &script)?;
    same((ran.status, ran.stdout.as_str()), (Some(0), "42\n3\n"))
}

/// Descriptors that were given to netsh reach its programs; those of netsh itself do not.
fn descriptors(user: User) -> Verdict {
    let through = "exec 7</dev/null; exec \"$1\" -e 'sh(\"cd /proc/$$/fd; echo *\")'";
    let direct = "exec 7</dev/null; exec sh -c 'cd /proc/$$/fd; echo *'";
    let through = by_shell(user, through)?.ok()?;
    has(&through, "7")?;
    same(through, by_shell(user, direct)?.ok()?)
}
