//! The text of the report for scripts that can't be read at all, as a person sees it. Each is given to a real engine.

use rhai::EvalAltResult;

use super::golden::assert_shown;
use super::{PLAIN, Verbs, engine, report};
use crate::shell::source::{Source, Sources};

#[test]
fn texts_that_are_not_closed() {
    assert_shown(
        r#"let x = "abc
let y = 1;"#,
        r#"
error: this text is never closed
 --> lab.rhai:1:9
  |
1 | let x = "abc
  |         ^^^^ opened here, but the closing " is missing
"#,
    );
    assert_shown(
        r#"let x = `abc"#,
        r#"
error: this text is never closed
 --> lab.rhai:1:9
  |
1 | let x = `abc
  |         ^^^^ opened here, but the closing ` is missing
"#,
    );
    assert_shown(
        r#"'ab'"#,
        r#"
error: single quotes hold exactly one character
 --> lab.rhai:1:1
  |
1 | 'ab'
  | ^^^^
  |
  = help: text needs double quotes: "ab"
"#,
    );
    assert_shown(
        r#"“abc”"#,
        r#"
error: “ is not a quotation mark that Rhai knows
 --> lab.rhai:1:1
  |
1 | “abc”
  | ^
  |
  = help: text needs straight quotes: "..."
"#,
    );
    assert_shown(
        r#"let x = "a\q";"#,
        r#"
error: \q means nothing in a text
 --> lab.rhai:1:9
  |
1 | let x = "a\q";
  |         ^^^^
  |
  = help: a backslash itself is written \\; a text in back ticks is taken as it is
"#,
    );
}

#[test]
fn brackets_that_are_not_closed() {
    assert_shown(
        r#"if true {
  1"#,
        r#"
error: the script ends before this `{` is closed
 --> lab.rhai:1:9
  |
1 | if true {
  |         ^ the `}` that closes it is missing
"#,
    );
    assert_shown(
        r#"addr_add("a", "b";"#,
        r#"
error: this `(` is never closed
 --> lab.rhai:1:9
  |
1 | addr_add("a", "b";
  |         ^        - a `)` is missing before this
  |         |
  |         opened here
"#,
    );
    assert_shown(
        r#"let x = [1, 2"#,
        r#"
error: the script ends before this `[` is closed
 --> lab.rhai:1:9
  |
1 | let x = [1, 2
  |         ^ the `]` that closes it is missing
"#,
    );
    assert_shown(
        r#"}"#,
        r#"
error: `}` is not expected here
 --> lab.rhai:1:1
  |
1 | }
  | ^ it closes nothing
"#,
    );
}

#[test]
fn what_another_input_left_open_is_not_to_blame() {
    for (inputs, expected) in [
        (
            ["f(\"lo\"0, 1)", "1 +"],
            "the script ends in the middle of something",
        ),
        (["let x = {", "}"], "it closes nothing"),
        (
            ["let x = [", "let y ="],
            "the script ends in the middle of something",
        ),
    ] {
        let text = format!("\n{}", inputs[1]);
        let error = engine().compile(text).expect_err("an error");
        let error = EvalAltResult::ErrorParsing(*error.0, error.1);
        let inputs = [("input 1", inputs[0]), ("input 2", inputs[1])];
        let sources = Sources::of(Source::of_parts("session", inputs));
        let shown = report(&error, &sources, &Verbs, PLAIN);
        assert!(shown.contains(expected), "{shown}");
        assert!(shown.contains("--> input 2:1:"), "{shown}");
    }
}

#[test]
fn separators_that_are_missing() {
    assert_shown(
        r#"let x = 1
let y = 2;"#,
        r#"
error: missing `;` at the end of this statement
 --> lab.rhai:1:10
  |
1 | let x = 1
  |          ^ missing here
"#,
    );
    assert_shown(
        r#"addr_add("a" "b");"#,
        r#"
error: missing `,` between the arguments of addr_add
 --> lab.rhai:1:13
  |
1 | addr_add("a" "b");
  |             ^ missing here
"#,
    );
    assert_shown(
        r#"let x = #{mtu: 1400, peer };"#,
        r#"
error: missing `:` to follow the property `peer` in this object map literal
 --> lab.rhai:1:26
  |
1 | let x = #{mtu: 1400, peer };
  |                          ^ missing here
"#,
    );
    assert_shown(
        r#"for x of [1] { }"#,
        r#"
error: missing `in` after the iteration variable
 --> lab.rhai:1:6
  |
1 | for x of [1] { }
  |      ^ missing here
"#,
    );
    assert_shown(
        r#"let x = 1 +;"#,
        r#"
error: `;` is not expected here
 --> lab.rhai:1:12
  |
1 | let x = 1 +;
  |            ^ after `+` a value is missing
"#,
    );
    assert_shown(
        r#"let 1x = 3;"#,
        r#"
error: a name is missing here
 --> lab.rhai:1:5
  |
1 | let 1x = 3;
  |     ^ a name starts with a letter or _
"#,
    );
}

#[test]
fn reserved_words() {
    assert_shown(
        r#"let spawn = 1;"#,
        r#"
error: spawn is a reserved word of the language
 --> lab.rhai:1:5
  |
1 | let spawn = 1;
  |     ^^^^^ choose another name
  |
  = note: these words are reserved:
          Fn async await call case curry debug default eval go goto is is_def_fn
          is_def_var is_shared match module new nil null package print protected public shared spawn
          static super sync this thread type_of use var void with yield
"#,
    );
    assert_shown(
        r#"let x = null;"#,
        r#"
error: null is a reserved word of the language
 --> lab.rhai:1:9
  |
1 | let x = null;
  |         ^^^^
  |
  = help: the empty value is written ()
"#,
    );
    assert_shown(
        r#"var x = 1;"#,
        r#"
error: var is a reserved word of the language
 --> lab.rhai:1:1
  |
1 | var x = 1;
  | ^^^
  |
  = help: a variable is declared with let
"#,
    );
    assert_shown(
        r#"x++;"#,
        r#"
error: there is no operator `++`
 --> lab.rhai:1:2
  |
1 | x++;
  |  ^^
  |
  = help: x += 1 counts up
"#,
    );
    assert_shown(
        r#"let x = @;"#,
        r#"
error: `@` has no meaning here
 --> lab.rhai:1:9
  |
1 | let x = @;
  |         ^
"#,
    );
}

#[test]
fn habits_from_elsewhere() {
    assert_shown(
        r#"ping("veth0", 10.0.0.1);"#,
        r#"
error: an address is text and needs quotes
 --> lab.rhai:1:15
  |
1 | ping("veth0", 10.0.0.1);
  |               ^^^^^^^^
  |
  = help: write "10.0.0.1"
"#,
    );
    assert_shown(
        r#"addr_add("veth0", 10.0.0.1/24);"#,
        r#"
error: an address is text and needs quotes
 --> lab.rhai:1:19
  |
1 | addr_add("veth0", 10.0.0.1/24);
  |                   ^^^^^^^^^^^
  |
  = help: write "10.0.0.1/24"
"#,
    );
    assert_shown(
        r#"ping fd00::1"#,
        r#"
error: an address is text and needs quotes
 --> lab.rhai:1:6
  |
1 | ping fd00::1
  |      ^^^^^^^
  |
  = help: write "fd00::1"
"#,
    );
    assert_shown(
        r#"link_set("a", #{mac: 02:00:00:00:00:01});"#,
        r#"
error: an address is text and needs quotes
 --> lab.rhai:1:22
  |
1 | link_set("a", #{mac: 02:00:00:00:00:01});
  |                      ^^^^^^^^^^^^^^^^^
  |
  = help: write "02:00:00:00:00:01"
"#,
    );
    assert_shown(
        r#"sleep(200ms);"#,
        r#"
error: a value with a unit is text and needs quotes
 --> lab.rhai:1:7
  |
1 | sleep(200ms);
  |       ^^^^^
  |
  = help: write "200ms"
"#,
    );
    assert_shown(
        r#"let x = a and b;"#,
        r#"
error: and, or, not are written &&, ||, !
 --> lab.rhai:1:11
  |
1 | let x = a and b;
  |           ^^^
"#,
    );
    assert_shown(
        r#"let x = {mtu: 1400};"#,
        r#"
error: a map starts with #{
 --> lab.rhai:1:9
  |
1 | let x = {mtu: 1400};
  |         ^
"#,
    );
    assert_shown(
        r#"let x = #{mtu = 1400};"#,
        r#"
error: in a map a key and its value are separated by `:`
 --> lab.rhai:1:15
  |
1 | let x = #{mtu = 1400};
  |               ^
"#,
    );
    assert_shown(
        r#"link_up "veth0";"#,
        r#"
error: a call needs parentheses around its arguments
 --> lab.rhai:1:1
  |
1 | link_up "veth0";
  | ^^^^^^^
  |
  = help: write link_up(...)
"#,
    );
    assert_shown(
        r#"let x == 3;"#,
        r#"
error: a value is set with one sign: =
 --> lab.rhai:1:7
  |
1 | let x == 3;
  |       ^^
"#,
    );
    assert_shown(
        r#"x := 1;"#,
        r#"
error: `:=` is not of this language
 --> lab.rhai:1:3
  |
1 | x := 1;
  |   ^^
  |
  = help: a value is set with =
"#,
    );
    assert_shown(
        r#"let x = y ? 1 : 2;"#,
        r#"
error: there is no operator `?`
 --> lab.rhai:1:11
  |
1 | let x = y ? 1 : 2;
  |           ^
  |
  = help: write if a { b } else { c }
"#,
    );
}

#[test]
fn definitions() {
    assert_shown(
        r#"const x = 1;
x = 2;"#,
        r#"
error: x is a constant and keeps its value
 --> lab.rhai:2:1
  |
2 | x = 2;
  | ^
  |
  = help: a value that changes is declared with let, not const
"#,
    );
    assert_shown(
        r#"let x = #{a: 1, a: 2};"#,
        r#"
error: the key a stands twice in this map
 --> lab.rhai:1:17
  |
1 | let x = #{a: 1, a: 2};
  |                 ^ the second one
"#,
    );
    assert_shown(
        r#"fn f() { fn g() { } }"#,
        r#"
error: a function can't be defined inside of a block or a function
 --> lab.rhai:1:10
  |
1 | fn f() { fn g() { } }
  |          ^^
  |
  = help: define it at the top level, or use a closure: let f = |x| x + 1;
"#,
    );
    assert_shown(
        r#"fn f(a, a) { }"#,
        r#"
error: f has two parameters called a
 --> lab.rhai:1:9
  |
1 | fn f(a, a) { }
  |         ^
"#,
    );
    assert_shown(
        r#"break;"#,
        r#"
error: break and continue work only inside of a loop
 --> lab.rhai:1:1
  |
1 | break;
  | ^^^^^
"#,
    );
    assert_shown(
        r#"1 = 2;"#,
        r#"
error: nothing can be assigned to this
 --> lab.rhai:1:1
  |
1 | 1 = 2;
  | ^
  |
  = help: a comparison is written with two signs: ==
"#,
    );
    assert_shown(
        r#"/// text
let x = 1;"#,
        r#"
error: a comment with /// belongs before a function
 --> lab.rhai:1:1
  |
1 | /// text
  | ^
  |
  = help: other comments start with //
"#,
    );
}
