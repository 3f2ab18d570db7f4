//! `--show-netlink`: every message that passes, as a tree.

use libtest_mimic::{Failed, Trial};

use crate::support::{Need, Ran, User, Verdict, binary, program, run_with, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test(
            "netlink: one request, one answer",
            &[],
            one_request_one_answer,
        ),
        test("netlink: a pair as a tree", &[], a_pair_as_a_tree),
        test("netlink: a refusal with the kernel's words", &[], a_refusal),
        test(
            "netlink: every message that strace sees",
            &[Need::Program("strace")],
            as_many_as_strace_sees,
        ),
        test(
            "netlink: beside commands it is a comment",
            &[Need::Program("bash")],
            a_comment_beside_commands,
        ),
        test(
            "netlink: nothing without the option",
            &[],
            nothing_without_the_option,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The messages of a run, each with its direction and the lines of its tree.
fn messages(ran: &Ran) -> Result<Vec<(bool, Vec<String>)>, Failed> {
    if ran.status != Some(0) {
        return Err(format!("netsh failed: {ran:#?}").into());
    }
    let mut messages: Vec<(bool, Vec<String>)> = Vec::new();
    for line in ran.stderr.lines() {
        match (line, messages.last_mut()) {
            (">>> sent", _) => messages.push((true, Vec::new())),
            ("<<< received", _) => messages.push((false, Vec::new())),
            (line, Some((_, lines))) => lines.push(line.to_string()),
            (line, None) => return Err(format!("before any message: {line}").into()),
        }
    }
    Ok(messages)
}

fn one_request_one_answer(user: User) -> Verdict {
    let ran = run_with(user, &["--show-netlink"], r#"link_down("lo")"#)?;
    let messages = messages(&ran)?;
    same(
        messages.iter().map(|(sent, _)| *sent).collect::<Vec<_>>(),
        vec![true, false],
    )?;
    let [(_, request), (_, answer)] = messages.as_slice() else {
        return Err("two messages were wanted".into());
    };
    let header = "nlmsghdr  length 32, type RTM_SETLINK (19), flags NLM_F_REQUEST|NLM_F_ACK (0x5), sequence 1, port 0";
    same(request[0].as_str(), header)?;
    let fixed = "  ifinfomsg  family AF_UNSPEC (0), type 0, index 1, flags 0, change 0x1";
    same(request[1].as_str(), fixed)?;
    same(request.len(), 2)?;
    same(
        answer[0].starts_with("nlmsghdr  length 36, type NLMSG_ERROR (2)"),
        true,
    )?;
    same(answer[1].as_str(), "  error  0: acknowledged")
}

fn a_pair_as_a_tree(user: User) -> Verdict {
    let code = r#"let h1 = netns_add("h1", #{ lo: false }); veth_add("a", "b", #{ mtu: 1400, mac: "02:00:00:00:00:0a", peer_netns: h1 });"#;
    let ran = run_with(user, &["--show-netlink"], code)?;
    let messages = messages(&ran)?;
    let request = &messages.first().ok_or("no message")?.1;
    // The value of the descriptor is nobody's business.
    let request: Vec<&str> = request
        .iter()
        .map(|line| {
            line.split("IFLA_NET_NS_FD (28) length 8")
                .next()
                .unwrap_or(line)
        })
        .collect();
    let wanted = [
        "  ifinfomsg  family AF_UNSPEC (0), type 0, index 0, flags 0, change 0x0",
        r#"  IFLA_IFNAME (3) length 6  "a""#,
        "  IFLA_LINKINFO (18) length 64",
        r#"    IFLA_INFO_KIND (1) length 9  "veth""#,
        "    IFLA_INFO_DATA (2) length 48",
        "      VETH_INFO_PEER (1) length 44",
        "        ifinfomsg  family AF_UNSPEC (0), type 0, index 0, flags 0, change 0x0",
        r#"        IFLA_IFNAME (3) length 6  "b""#,
        "        IFLA_MTU (4) length 8  1400",
        "        ",
        "  IFLA_MTU (4) length 8  1400",
        "  IFLA_ADDRESS (1) length 10  02:00:00:00:00:0a",
    ];
    let mut found = request[1..].to_vec();
    let mut wanted = wanted.to_vec();
    // The order of attributes means nothing.
    found.sort_unstable();
    wanted.sort_unstable();
    same(found, wanted)
}

fn a_refusal(user: User) -> Verdict {
    let ran = run_with(
        user,
        &["--show-netlink"],
        r#"try { link_set("lo", #{ master: "lo" }) } catch { } try { link_add("x", "no-such-kind") } catch { }"#,
    )?;
    let messages = messages(&ran)?;
    let answers: Vec<&String> = messages
        .iter()
        .filter(|(sent, _)| !sent)
        .flat_map(|(_, lines)| lines)
        .collect();
    let has = |text: &str| answers.iter().any(|line| line.contains(text));
    same(has("EOPNOTSUPP"), true)?;
    same(has("NLMSGERR_ATTR_MSG") && has("Unknown device type"), true)
}

/// Reads, changes, several namespaces, answers of many messages and errors.
const LAB: &str = r#"
    let h1 = netns_add("h1");
    veth_add("a", "b", #{ peer_netns: h1, up: true });
    for n in 1..9 { addr_add("a", `10.0.0.${n}/24`); h1.addr_add("b", `fd00::${n}/64`); }
    for n in 0..30 { veth_add(`x${n}`, `y${n}`); }
    link_list(); addr_list(); h1.link_get("b"); neigh_list(#{ all: true }); h1.neigh_list();
    try { link_set("a", #{ mtu: 1, alias: "x" }) } catch { }
    try { addr_add("a", "10.0.0.1/24") } catch { }
    addr_flush("a");
    link_del("a");
"#;

/// strace prints each message with its header; a header in an NLMSG_ERROR is the echo of the request's.
fn as_many_as_strace_sees(user: User) -> Verdict {
    let mut strace = program(user, "strace");
    strace.args([
        "-f",
        "-v",
        "-s",
        "0",
        "-e",
        "trace=sendto,sendmsg,recvfrom,recvmsg",
        "-o",
        "|cat >&1",
    ]);
    strace.arg(binary()).args(["--show-netlink", "-e", LAB]);
    let ran = Ran::from(strace.output()?);
    let count = |calls: [&str; 2]| {
        let lines = ran
            .stdout
            .lines()
            .filter(|line| calls.iter().any(|call| line.contains(call)));
        lines
            .map(|line| {
                line.matches("{nlmsg_len=").count() - line.matches("msg={nlmsg_len=").count()
            })
            .sum::<usize>()
    };
    let seen = (
        count(["sendto(", "sendmsg("]),
        count(["recvfrom(", "recvmsg("]),
    );
    let messages = messages(&ran)?;
    let sent = messages.iter().filter(|(sent, _)| *sent).count();
    same((sent, messages.len() - sent), seen)?;
    // Each with a tree of its own.
    let headers = messages.iter().all(|(_, lines)| {
        lines
            .first()
            .is_some_and(|line| line.starts_with("nlmsghdr  length "))
    });
    same(headers && sent > 60 && messages.len() > 200, true)
}

/// With both options standard error is still a script, whatever is in a message.
fn a_comment_beside_commands(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b", #{ up: true });
        link_set("a", #{ alias: "first\nrm -rf /nowhere; exit 9\n\u001b[31m" });
        link_list();
        addr_add("a", "10.0.0.1/24");
    "#;
    let both = run_with(user, &["--show-netlink", "--show-commands"], code)?;
    let commands = run_with(user, &["--show-commands"], code)?;
    let netlink = run_with(user, &["--show-netlink"], code)?;
    let lines = |comments: bool| -> Vec<&str> {
        both.stderr
            .lines()
            .filter(|line| line.starts_with('#') == comments)
            .collect()
    };
    same(lines(false), commands.stderr.lines().collect())?;
    same(lines(true).len(), netlink.stderr.lines().count())?;
    same(lines(true).len() > 100, true)?;
    same(
        both.stderr.chars().any(|c| c.is_control() && c != '\n'),
        false,
    )?;
    // bash reads it without a word.
    let bash = program(user, "bash")
        .args(["-n", "-c", &both.stderr])
        .output()?;
    Ran::from(bash).ok().map(drop)
}

fn nothing_without_the_option(user: User) -> Verdict {
    let ran = run_with(user, &[], LAB)?;
    same(
        (ran.status, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), "", ""),
    )
}
