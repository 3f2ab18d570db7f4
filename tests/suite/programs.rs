//! exec and sh, sleep, wait_until and assert.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use serde_json::json;

use crate::second_path::observe;
use crate::support::{User, Verdict, run_with, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("programs: what exec collects", &[], what_exec_collects),
        test("programs: what can't be run", &[], what_cannot_be_run),
        test("programs: much output on both streams", &[], much_output),
        test(
            "programs: what sh passes through",
            &[],
            what_sh_passes_through,
        ),
        test(
            "programs: they see the namespace",
            &[],
            they_see_the_namespace,
        ),
        test("waiting: sleep", &[], sleeping),
        test(
            "waiting: until a condition holds",
            &[],
            until_a_condition_holds,
        ),
        test("waiting: in vain", &[], waiting_in_vain),
        test("waiting: assert", &[], asserting),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn what_exec_collects(user: User) -> Verdict {
    let code = r#"
        show(exec("sh", ["-c", "echo out; echo err >&2; exit 3"]));
        show(exec("printf", ["%s|", "a b", "", "$HOME", "*", 7, true]));
        show(exec("sh", ["-c", "kill -9 $$"]).code);
        show(exec("sh", ["-c", "kill -TERM $$"]).code);
        show(exec("cat", []));
        show(exec("printf", ["\\377"]).stdout);
        show(exec("true", []).keys());
    "#;
    let wanted = [
        json!({ "code": 3, "stdout": "out\n", "stderr": "err\n" }),
        json!({ "code": 0, "stdout": "a b||$HOME|*|7|true|", "stderr": "" }),
        json!(137),
        json!(143),
        // There is no standard input.
        json!({ "code": 0, "stdout": "", "stderr": "" }),
        json!("\u{fffd}"),
        json!(["code", "stderr", "stdout"]),
    ];
    same(observe(user, code)?, wanted.to_vec())
}

fn what_cannot_be_run(user: User) -> Verdict {
    let code = r#"
        let failed = [];
        for program in ["/no/such/program", "/etc/passwd", "/", ""] {
            try { exec(program, []) } catch (e) { failed.push([e.errno, e.argument, e.object == program]); }
        }
        show(failed);
    "#;
    let wanted = json!([
        ["ENOENT", "program", true],
        ["EACCES", "program", true],
        ["EACCES", "program", true],
        ["ENOENT", "program", true]
    ]);
    same(observe(user, code)?, vec![wanted])
}

/// More than a pipe holds, on both, one after the other.
fn much_output(user: User) -> Verdict {
    let code = r#"
        let out = exec("sh", ["-c", "head -c 300000 /dev/zero | tr '\\0' e >&2; head -c 300000 /dev/zero | tr '\\0' o"]);
        show([out.stdout.len(), out.stderr.len(), out.stdout.sub_string(0, 1), out.stderr.sub_string(0, 1)]);
        // A grandchild keeps the pipe for a while after the program has ended.
        show(exec("sh", ["-c", "(sleep 0.2; echo late) & echo early"]).stdout);
    "#;
    same(
        observe(user, code)?,
        vec![json!([300000, 300000, "o", "e"]), json!("early\nlate\n")],
    )
}

fn what_sh_passes_through(user: User) -> Verdict {
    let code = r#"
        print("one");
        let code = sh("echo two; echo to stderr >&2; exit 5");
        print(code);
        print(sh("kill -9 $$"));
        print(sh(""));
    "#;
    let ran = run_with(user, &[], code)?;
    same(ran.stdout.as_str(), "one\ntwo\n5\n137\n0\n")?;
    same(ran.stderr.as_str(), "to stderr\n")?;
    same(ran.status, Some(0))
}

fn they_see_the_namespace(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        h1.veth_add("a", "b");
        show(h1.exec("ls", ["--hide=bonding_masters", "/sys/class/net"]).stdout.split("\n").filter(|name| name != ""));
        show(h1.run(|| exec("cat", ["/proc/net/dev"]).stdout.contains("b:")));
        show(exec("cat", ["/proc/net/dev"]).stdout.contains("b:"));
        show(h1.sh("grep -q b: /proc/net/dev && test -e /sys/class/net/a"));
        show(sh("test -e /sys/class/net/a"));
    "#;
    let shown = observe(user, code)?;
    same(&shown[0], &json!(["a", "b", "lo"]))?;
    same(
        shown[1..].to_vec(),
        vec![json!(true), json!(false), json!(0), json!(1)],
    )
}

/// A sleep can't be shorter than it was asked to be.
fn sleeping(user: User) -> Verdict {
    let start = Instant::now();
    observe(
        user,
        r#"sleep("120ms"); sleep(0.05); sleep(0); sleep("30000us");"#,
    )?;
    let slept = start.elapsed();
    if slept < Duration::from_millis(200) {
        return Err(format!("200 ms of sleep took {slept:?}").into());
    }
    let code = r#"
        let failed = [];
        for time in [-1, "1 parsec", "", true, -0.5] { try { sleep(time); failed.push("slept"); } catch (e) { failed.push(e.argument); } }
        show(failed);
    "#;
    let time = "time";
    same(
        observe(user, code)?,
        vec![json!([time, time, time, time, time])],
    )
}

fn until_a_condition_holds(user: User) -> Verdict {
    let code = r#"
        let h1 = netns_add("h1");
        let turns = 0;
        show(wait_until(|| { turns += 1; if turns == 5 { "fifth" } else { false } }, 60));
        show(turns);
        show(wait_until(|| true, 0));
        // What fails does not hold yet.
        let tries = 0;
        show(wait_until(|| { tries += 1; if tries == 3 { veth_add("late", "peer"); } link_get("late").name }, "1m"));
        show(tries);
        // Something that happens outside.
        sh("(sleep 0.3; ip link set late up 2>/dev/null || true; touch /run/netns/sign) &");
        show(wait_until(|| netns_list().len() == 2, 60));
        show(h1.wait_until(|| link_list().len(), 60));
    "#;
    let wanted = [
        json!("fifth"),
        json!(5),
        json!(true),
        json!("late"),
        json!(3),
        json!(true),
        json!(1),
    ];
    same(observe(user, code)?, wanted.to_vec())
}

fn waiting_in_vain(user: User) -> Verdict {
    let code = r#"
        let seen = [];
        try { wait_until(|| false, "20ms") } catch (e) { seen.push([e.errno, e.message]); }
        try { wait_until(|| (), 0) } catch (e) { seen.push([e.errno, e.message]); }
        try { wait_until(|| link_get("nothing"), 0.01) } catch (e) { seen.push([e.errno, e.message]); }
        try { wait_until(|| { throw "not yet"; }, 0.01) } catch (e) { seen.push([e.errno, e.message]); }
        // A misspelt name will never hold: no waiting for it.
        try { wait_until(|| no_such_verb(), 3600) } catch (e) { seen.push("at once"); }
        try { wait_until(|| true, -1) } catch (e) { seen.push(e.argument); }
        show(seen);
    "#;
    let shown = observe(user, code)?;
    let wanted = [
        "20ms; it last returned the bool false",
        "0ns; it last returned () ",
        "10ms; it last failed: cannot look at link nothing: there is no link \"nothing\"",
        "10ms; it last failed: not yet",
    ];
    for (found, wanted) in shown[0].as_array().into_iter().flatten().zip(wanted) {
        same(&found[0], &json!("ETIMEDOUT"))?;
        let words = format!("the condition did not hold within {wanted}");
        same(found[1].as_str().map(str::trim), Some(words.trim()))?;
    }
    same(&shown[0][4], &json!("at once"))?;
    same(&shown[0][5], &json!("timeout"))
}

fn asserting(user: User) -> Verdict {
    let code = r#"
        assert(true);
        assert(1 + 1 == 2, "never seen");
        let seen = [];
        try { assert(false, "the words") } catch (e) { seen.push([e.op, e.message, e.argument]); }
        try { assert(false) } catch (e) { seen.push([e.op, e.message, e.argument]); }
        show(seen);
    "#;
    let wanted = json!([
        ["assert", "assertion failed: the words", "condition"],
        ["assert", "assertion failed", "condition"]
    ]);
    same(observe(user, code)?, vec![wanted])?;
    let ran = run_with(user, &[], "assert(false, \"the end\"); print(1);")?;
    same((ran.status, ran.stdout.as_str()), (Some(1), ""))?;
    same(ran.stderr.contains("assertion failed: the end"), true)
}
