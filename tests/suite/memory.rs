//! A single step that asks for more memory than a script may hold: it fails, and the session goes on with all that it has.

use libtest_mimic::Trial;

use crate::prompt::Prompt;
use crate::support::{User, Verdict, has, limited, of_row, run, run_with, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        // It takes long, and who runs it does not matter.
        of_row(
            1,
            test("memory: a large step never ends the session", &[], session),
        ),
        test("memory: a large step can be caught", &[], caught),
        test("memory: a refused last step is no success", &[], last_step),
        test("memory: a limit of the shell's", &[], limits),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// With little room for addresses a script that takes none of it runs.
fn limits(user: User) -> Verdict {
    for limit in ["ulimit -v 1000000", "ulimit -v 500000", "ulimit -v 200000"] {
        let ran = limited(user, limit, &["-e", "print(1 + 1)"])?;
        same(
            (limit, ran.stdout.as_str(), ran.status),
            (limit, "2\n", Some(0)),
        )?;
    }
    Ok(())
}

/// What the inputs below work on: small things, of which one step makes much, and one that takes most of the room, so that not each
/// step has to fill it.
const SMALL: [&str; 6] = [
    "let kept = [1, 2, 3];",
    "let s = \"\"; s.pad(8000000, 'a');",
    "let blank = blob(100000000, 255);",
    "let most = blob(300000000);",
    "let same = []; same.pad(100, s);",
    "let holder = #{ same: same };",
];

/// More of them, not large but deep: to copy or to drop such a value takes a call for each level.
const DEEP: [&str; 3] = [
    "let x = 1; for i in 0..100000 { let y = x; let f = || y; x = f; }",
    "let nested = []; for i in 0..2000 { nested = [nested]; }",
    "let twice = [nested, x]; nested == twice[0]",
];

/// Steps, each with a part of what is said about it.
const LARGE: &[(&str, &str)] = &[
    ("kept.pad(100000000, 1)", "would take 1525 MiB"),
    ("kept.pad(9223372036854775807, kept)", "any machine has"),
    ("kept.pad(10000000, #{ a: 1 })", "would take"),
    ("blank.pad(4000000000, 1)", "would take"),
    ("blob(4000000000)", "would take 3814 MiB"),
    ("blob(9223372036854775807, 1)", "any machine has"),
    ("s.pad(4000000000, 'x')", "would take"),
    ("s.pad(4000000000, \"xyz\")", "would take"),
    (
        "s.replace('a', \"a long text for a letter: this is more than there is memory for\")",
        "would take",
    ),
    ("s.replace(\"a\", s)", "would take"),
    ("s.replace(\"a\", 'x'); s.split(\"\")", "would take"),
    ("s.split('x')", "would take"),
    ("s.split(\"x\", 1000000000)", "would take"),
    ("s.split('x', 1000000000)", "would take"),
    ("s.split_rev(\"x\")", "would take"),
    ("s.split_rev('x')", "would take"),
    ("s.split_rev(\"x\", 1000000000)", "would take"),
    ("s.split_rev('x', 1000000000)", "would take"),
    ("s.to_chars()", "would take"),
    ("blank.to_array()", "would take"),
    ("let more = blank; more.as_string()", "MiB"),
    ("more = blob(); \"x\" + blank", "MiB"),
    ("blank + \"x\"", "MiB"),
    ("let text = \"\"; text += blank", "MiB"),
    ("print(same)", "this text would take more"),
    ("debug(holder)", "this text would take more"),
    ("same.to_debug()", "this text would take more"),
    ("same.to_string()", "uses more than 512 MiB"),
    ("let text = `${holder}`", "uses more than 512 MiB"),
    ("\"x\" + same", "this text would take more"),
    ("same + \"x\"", "this text would take more"),
    ("text += holder", "this text would take more"),
    ("holder.to_json()", "this text would take more"),
    ("show(same)", "too large to show"),
    ("same", "too large to show"),
    ("throw same", "the script threw"),
    (
        "let json = \"[\"; json.pad(6000000, \"{},\"); parse_json(json)",
        "would take",
    ),
    ("exec(\"cat\", [\"/dev/zero\"])", "more than 64 MiB"),
];

fn session(user: User) -> Verdict {
    let mut prompt = Prompt::start(user)?;
    for input in SMALL {
        prompt.say(input, &[])?;
    }
    for (input, words) in LARGE {
        prompt.say(input, &[words])?;
    }
    for input in DEEP {
        prompt.say(input, &[])?;
    }
    prompt.say("nested.nothing(); x = 0", &["nothing"])?;
    prompt.say("kept.len() + holder.same.len()", &["103\r\n"])?;
    prompt.leave().map(drop)
}

/// What can fail by itself fails as a verb does.
fn caught(user: User) -> Verdict {
    let code = r#"
        let a = [1];
        try { a.pad(100000000, 1) } catch (e) { print(`${e.op} ${e.errno}`) }
        print(a.len());
    "#;
    same(run(user, code)?, "pad ENOMEM\n1\n".into())
}

/// Rhai asks for the text of a value where nothing can fail: the script ends at its next step, or at its end.
fn last_step(user: User) -> Verdict {
    let code = "let s = \"\"; s.pad(8000000, 'a'); let a = []; a.pad(100, s); `${a}`";
    let ran = run_with(user, &[], code)?;
    same((ran.status, ran.stdout.as_str()), (Some(1), ""))?;
    has(&ran.stderr, "the script uses more than 512 MiB of memory")?;
    has(&ran.stderr, "-:1:")
}
