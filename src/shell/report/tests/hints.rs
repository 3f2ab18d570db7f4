//! The hints that read the script beside the error: what is visible where, what a call would have meant, which fields
//! a map has. One line of the report is looked at for each, and where it stands.

use rhai::{EvalAltResult, Position};

use super::{PLAIN, Verbs, engine, report, shown, shown_by};
use crate::shell::source::Sources;

/// The report has each of these lines, and none of `absent`.
fn assert_lines(shown: &str, expected: &[&str], absent: &[&str]) {
    for line in expected {
        assert!(
            shown.lines().any(|one| one.trim_end().ends_with(line)),
            "{line:?} is missing:\n{shown}"
        );
    }
    for word in absent {
        assert!(
            !shown.contains(word),
            "{word:?} should not be there:\n{shown}"
        );
    }
}

#[test]
fn a_function_does_not_see_the_variables_of_the_script() {
    let script = "let h = netns_add(\"h1\");\nfn f(a) { h.link_list(); }\nf(1);";
    super::snapshot(
        &shown(script),
        r#"
error: the function f does not see the variable h of the script
 --> lab.rhai:2:11
  |
1 | let h = netns_add("h1");
  |     - defined outside of the function
2 | fn f(a) { h.link_list(); }
  |           ^ a function sees its parameters and what it defines, not h
  |
  = help: give it as an argument: fn f(a, h) { ... } and f(a, h)
  = help: or use a closure, which sees it: let f = |a| { ... }; f.call(a)
note: called from here: f()
 --> lab.rhai:3:1
  |
3 | f(1);
  | ^
"#,
    );
    assert_lines(
        &shown("const SIZE = 3; fn f() { SIZE + 1 } f();"),
        &["help: a constant is seen as global::SIZE"],
        &["closure"],
    );
    assert_lines(
        &shown("fn g() { let h = 1; } fn f() { h } f();"),
        &["error: there is no variable called h"],
        &["does not see", "did you mean"],
    );
}

#[test]
fn an_assignment_to_nothing_wants_let() {
    assert_lines(
        &shown("h1 = [1, 2]; h1.len();"),
        &["help: a new variable is declared with let: let h1 = [1, 2];"],
        &["quotes"],
    );
    assert_lines(
        &shown("let count = 1; cuont = 2;"),
        &["help: did you mean count?"],
        &["quotes"],
    );
    assert_lines(&shown("h1 += 1;"), &[], &["let h1", "quotes"]);
}

#[test]
fn variables_in_sight_are_meant_before_functions() {
    let meant = |script: &str, name: &str| {
        let help = format!("help: did you mean {name}?");
        assert_lines(&shown(script), &[&help], &["quotes"]);
    };
    meant("let hs = [1]; for h in hosts { }", "hs");
    meant("let link_upp = 1; print(link_uppp);", "link_upp");
    meant("let peer = 1; { let pear = 2; } print(peear);", "peer");
    meant("print(lnik_list);", "link_list(...)");
    meant("if ture { print(1) }", "true");
    assert_lines(&shown("h.x();"), &[], &["did you mean", "quotes"]);
}

#[test]
fn quotes_are_for_bare_words_that_are_arguments() {
    for script in ["link_up(veth0);", "addr_add(\"a\", \"b\", #{peer: veth0});"] {
        assert_lines(&shown(script), &["help: text needs quotes: \"veth0\""], &[]);
    }
    for script in [
        "let a = veth0;",
        "if veth0 { print(1) }",
        "link_up(veth0 + 1);",
    ] {
        assert_lines(&shown(script), &["called veth0"], &["quotes"]);
    }
}

#[test]
fn a_handle_as_the_first_argument_is_none_of_the_verbs() {
    let handle = "let h = netns_add(\"h\");\n";
    let underlined = |call: &str, argument: &str| {
        let script = format!("{handle}{call};");
        let at = call.find(argument).expect("the argument") + 1;
        assert_lines(&shown(&script), &[&format!("lab.rhai:2:{at}")], &[]);
    };
    // addr_add takes two or three arguments, so all of these have a number that would fit without a handle.
    underlined(r#"addr_add(h, "veth9", "10.0.0.1/24")"#, "\"veth9\"");
    underlined(r#"addr_add(h, "veth0", "10.0.0.1")"#, "\"10.0.0.1\"");
    underlined(r#"let l = "veth9"; addr_add(l, "10.0.0.1/24", #{})"#, "l, ");
    underlined(r#"let c = "10.0.0.1"; addr_add(h, "veth0", c)"#, "c)");
    underlined(r#"addr_add(h, "veth0", 24)"#, "24");
}

#[test]
fn values_side_by_side_are_one_text_or_an_array() {
    assert_lines(
        &shown("let e = 1; print(\"caught\", e);"),
        &[
            "error: print takes one value, but got 2",
            "help: put all into one text in back ticks: print(`caught ${e}`)",
        ],
        &[],
    );
    for (call, array) in [
        (r#"exec("ip", "route")"#, r#"["route"]"#),
        (r#"exec("ip", "route show")"#, r#"["route", "show"]"#),
        (r#"exec("ip", "route", "show")"#, r#"["route", "show"]"#),
        (r#"let a = "x"; exec("ip", a)"#, "[a]"),
    ] {
        let help = format!("help: an array is written in brackets: {array}");
        assert_lines(&shown(call), &[&help], &[]);
    }
}

#[test]
fn a_handle_is_in_use_while_its_closure_runs() {
    let help = "help: inside h.run(|| ...) every verb acts in h by itself: leave out `h.`; for its name, take it before: let name = h.name;";
    let script = "let h = netns_add(\"a\");\nh.run(|| print(h.name));";
    let expected = ["error: h is in use by this very call", "lab.rhai:2:1", help];
    assert_lines(&shown(script), &expected, &["argument #1"]);
    // With a position and without one, and where several calls could be meant.
    let what = "argument #1 of function 'run'";
    let script = "let h = netns_add(\"a\");\nh.run(|| h.name);\ng.run(|| g.name);";
    let sources = Sources::new("lab.rhai", script);
    let at = |position| {
        let error = EvalAltResult::ErrorDataRace(what.to_owned(), position);
        report(&error, &sources, &Verbs, PLAIN)
    };
    assert_lines(&at(Position::new(2, 3)), &expected, &[]);
    assert_lines(
        &at(Position::NONE),
        &["error: a value is in use by the very call of run", help],
        &[],
    );
}

#[test]
fn a_closure_of_another_value_can_not_use_it() {
    let what = "argument #1 of function 'retain'".to_owned();
    let error = EvalAltResult::ErrorDataRace(what, Position::new(1, 3));
    let sources = Sources::new("lab.rhai", "a.retain(|x| a.len() > x);");
    assert_lines(
        &report(&error, &sources, &Verbs, PLAIN),
        &[
            "error: a is in use by this very call",
            "take what it needs into a variable before",
        ],
        &["every verb"],
    );
}

#[test]
fn fields_that_a_map_does_not_have() {
    let mut engine = engine();
    engine.set_fail_on_invalid_map_property(true);
    let shown = |script: &str| shown_by(&engine, script);
    super::snapshot(
        &shown("let r = #{received: 1, sent: 2};\nr.recieved"),
        r#"
error: there is no field "recieved"
 --> lab.rhai:2:3
  |
2 | r.recieved
  |   ^^^^^^^^ the map has no such field
  |
  = help: did you mean received?
"#,
    );
    for (script, line) in [
        ("let l = link_get(\"a\"); l.mut", "help: did you mean mtu?"),
        (
            "let h = netns_add(\"h\"); link_get(\"a\").nmae",
            "help: did you mean name?",
        ),
        ("link_get(\"a\")[\"carier\"]", "help: did you mean carrier?"),
        (
            "let l = link_get(\"a\"); l.speed",
            "note: its fields are carrier, mtu, name",
        ),
        // Nothing shows what these maps are.
        (
            "fn f(m) { m.recieved } f(#{});",
            "help: did you mean received?",
        ),
        (
            "fn f(m) { m.banana } f(#{});",
            "help: keys() of the map lists its fields",
        ),
    ] {
        assert_lines(&shown(script), &[line], &[]);
    }
}
