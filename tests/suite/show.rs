//! show: tables for people, JSON for machines, and neither with anything that could steer a terminal.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::{User, Verdict, run, run_json, run_with, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    [
        test("show: tables into a pipe", &[], tables_into_a_pipe),
        test("show: what is no table", &[], what_is_no_table),
        test("show: the same as JSON", &[], the_same_as_json),
        test(
            "show: JSON beside print and programs",
            &[],
            json_beside_print,
        ),
        test(
            "show: control characters stay out",
            &[],
            control_characters_stay_out,
        ),
        test("show: wide and deep values", &[], wide_and_deep),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn tables_into_a_pipe(user: User) -> Verdict {
    let code = r#"show([#{ name: "a", mtu: 1500 }, #{ name: "longer", mtu: 65536 }]);"#;
    let table = run(user, code)?;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    same(rows.len(), 3)?;
    same(rows[0].len(), 2)?;
    let column = |name: &str| {
        rows[0]
            .iter()
            .position(|head| head.eq_ignore_ascii_case(name))
    };
    let (name, mtu) = (
        column("name").ok_or("no column name")?,
        column("mtu").ok_or("no column mtu")?,
    );
    same((rows[1][name], rows[1][mtu]), ("a", "1500"))?;
    same((rows[2][name], rows[2][mtu]), ("longer", "65536"))?;
    // No padding at the ends, no colour, no lines: other programs read it.
    same(table.lines().any(|line| line.ends_with(' ')), false)?;
    same(table.contains(['\u{1b}', '│', '─', '|']), false)?;
    // Nothing is cut, however long it is.
    let long = "x".repeat(500);
    same(
        run(user, &format!("show([#{{ name: \"{long}\" }}]);"))?.contains(&long),
        true,
    )
}

fn what_is_no_table(user: User) -> Verdict {
    for (code, wanted) in [
        ("show(42)", "42\n"),
        ("show(\"text\")", "text\n"),
        ("show(1.5)", "1.5\n"),
        ("show(true)", "true\n"),
        ("show([1, 2, 3])", "1\n2\n3\n"),
        ("show(\"two\\nlines\")", "two\nlines\n"),
    ] {
        let found = run(user, code)?;
        if found != wanted {
            return Err(format!("{code} prints {found:?}, not {wanted:?}").into());
        }
    }
    for code in [
        "show(())",
        "show([])",
        "show(#{})",
        "show(netns_add(\"h1\"))",
        "show(|x| x)",
        "show('c')",
        "show(1..3)",
    ] {
        run(user, code)?;
    }
    let map = run(
        user,
        r#"show(#{ name: "veth0", mtu: 1500, nested: #{ a: 1 } })"#,
    )?;
    same(
        ["name", "veth0", "mtu", "1500", "nested"]
            .iter()
            .all(|word| map.contains(word)),
        true,
    )
}

/// With --json the values are all there, and what a table leaves out too.
fn the_same_as_json(user: User) -> Verdict {
    let code = r#"
        show(42); show("té\"xt\n"); show(1.5); show(()); show(true); show([]); show(#{});
        show([#{ a: 1, b: () }, #{ a: [1, [2]], b: #{ c: "d" } }]);
        show(netns_add("h1"));
        show(-9223372036854775807);
    "#;
    let wanted = [
        json!(42),
        json!("té\"xt\n"),
        json!(1.5),
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!([{ "a": 1, "b": null }, { "a": [1, [2]], "b": { "c": "d" } }]),
        json!("netns h1"),
        json!(-9223372036854775807i64),
    ];
    same(run_json(user, code)?, wanted.to_vec())?;
    // What the script sees and what is shown are the same value.
    let code = r#"
        veth_add("a", "b", #{ up: true });
        link_down("a");
        let links = link_list();
        show(links);
        for link in links { show(link); }
    "#;
    let shown = run_json(user, code)?;
    let one_by_one: Value = shown[1..].to_vec().into();
    same(&shown[0], &one_by_one)?;
    same(shown.len(), 4)
}

/// Standard output is JSON lines and nothing else; print goes to standard error, ping is silent.
fn json_beside_print(user: User) -> Verdict {
    let code = r#"
        print("for people");
        show("for machines");
        ping("127.0.0.1", #{ count: 1 });
    "#;
    let ran = run_with(user, &["--json"], code)?;
    same(
        (ran.stdout.as_str(), ran.stderr.as_str()),
        ("\"for machines\"\n", "for people\n"),
    )
}

/// An alias may hold anything; it is other people's text.
fn control_characters_stay_out(user: User) -> Verdict {
    let code = r#"
        veth_add("a", "b");
        link_set("a", #{ alias: "\u001b[31mred\u0007\u009b1m\r\u007f\u007fafter" });
        link_set("b", #{ alias: "two\nlines\tand\u202eback" });
        show(link_list());
        show(link_get("a"));
        show(link_list().map(|link| #{ name: link.name, alias: link.alias }));
        show(link_get("a").alias);
        show([link_get("a").alias]);
        show(#{ "\u001b[1mkey": link_get("b").alias });
        show([#{ "\u001b[1mkey": link_get("b").alias }]);
    "#;
    for arguments in [&[][..], &["--json"]] {
        let ran = run_with(user, arguments, code)?;
        same(ran.status, Some(0))?;
        // JSON may carry what is no control character.
        let steers =
            |c: char| c.is_control() && c != '\n' || c == '\u{202e}' && arguments.is_empty();
        let raw = ran.stdout.chars().find(|c| steers(*c));
        if raw.is_some() {
            return Err(format!(
                "{raw:?} reaches the output with {arguments:?}: {:?}",
                ran.stdout
            )
            .into());
        }
        same(ran.stdout.contains("red"), true)?;
    }
    // And JSON gives back what was there.
    same(
        run_json(user, r#"show("\u001b\u007f\u009b")"#)?,
        vec![json!("\u{1b}\u{7f}\u{9b}")],
    )
}

fn wide_and_deep(user: User) -> Verdict {
    let code = r#"
        let deep = 1;
        for n in 0..60 { deep = [deep]; }
        show(deep);
        let wide = #{};
        for n in 0..200 { wide[`key${n}`] = n; }
        show([wide, wide]);
        show([#{ a: 1 }, 2, [3], "four", ()]);
        show([#{ a: 1 }, #{ b: 2 }]);
        show([#{ a: #{ b: [#{ c: 1 }] } }]);
    "#;
    run(user, code)?;
    same(run_json(user, code)?.len(), 5)
}
