//! The text of the report as a person sees it: the language itself, and what a script throws.

use super::golden::assert_shown;

#[test]
fn operators() {
    assert_shown(
        r#"let a = 1;
let b = a - "x";"#,
        r#"
error: `-` does not work between int and string
 --> lab.rhai:2:11
  |
2 | let b = a - "x";
  |           ^
  |
  = help: parse_int(text) and parse_float(text) make numbers of texts
"#,
    );
    assert_shown(
        r#"let a = #{};
a.count += 1;"#,
        r#"
error: `+` does not work between () and int
 --> lab.rhai:2:9
  |
2 | a.count += 1;
  |         ^^
  |
  = note: () is what a missing key of a map gives, and a call that returns nothing
"#,
    );
    assert_shown(
        r#"!"x";"#,
        r#"
error: `!` does not work on string
 --> lab.rhai:1:1
  |
1 | !"x";
  | ^
"#,
    );
    assert_shown(
        r#"1 in 2;"#,
        r#"
error: int can't be searched for int
 --> lab.rhai:1:3
  |
1 | 1 in 2;
  |   ^^
"#,
    );
    assert_shown(
        r#"1 / 0;"#,
        r#"
error: division by zero: 1 / 0
 --> lab.rhai:1:3
  |
1 | 1 / 0;
  |   ^
"#,
    );
    assert_shown(
        r#"parse_int("x");"#,
        r#"
error: can't read 'x' as integer number: invalid digit found in string
 --> lab.rhai:1:1
  |
1 | parse_int("x");
  | ^^^^^^^^^
"#,
    );
}

#[test]
fn properties_and_elements() {
    assert_shown(
        r#""x".mtu;"#,
        r#"
error: string has no property mtu
 --> lab.rhai:1:5
  |
1 | "x".mtu;
  |     ^^^
"#,
    );
    assert_shown(
        r#"let a = #{};
a.peer.name;"#,
        r#"
error: there is nothing here that could have a name
 --> lab.rhai:2:8
  |
2 | a.peer.name;
  |        ^^^^ what stands before the dot is ()
  |
  = note: () is what a missing key of a map gives, and a call that returns nothing
"#,
    );
    assert_shown(
        r#"let h1 = netns_add("h1");
h1.mtu = 3;"#,
        r#"
error: mtu of netns can't be set to int
 --> lab.rhai:2:4
  |
2 | h1.mtu = 3;
  |    ^^^
"#,
    );
    assert_shown(
        r#"[1, 2][5];"#,
        r#"
error: there is no element 5 in the array
 --> lab.rhai:1:8
  |
1 | [1, 2][5];
  |        ^ the array has 2 elements
  |
  = note: counting starts at 0, so the last one is 1; -1 is the last one too
"#,
    );
    assert_shown(
        r#"[][0];"#,
        r#"
error: there is no element 0 in the array
 --> lab.rhai:1:4
  |
1 | [][0];
  |    ^ the array has no elements
"#,
    );
    assert_shown(
        r#""abc"[7];"#,
        r#"
error: there is no element 7 in the text
 --> lab.rhai:1:7
  |
1 | "abc"[7];
  |       ^ the text has 3 characters
  |
  = note: counting starts at 0, so the last one is 2; -1 is the last one too
"#,
    );
    assert_shown(
        r#"[1]["x"];"#,
        r#"
error: array, string or bit-field expects numeric index, not a string
 --> lab.rhai:1:5
  |
1 | [1]["x"];
  |     ^^^
"#,
    );
    assert_shown(
        r#"let h1 = netns_add("h1");
h1.link_up;"#,
        r#"
error: netns has no property link_up
 --> lab.rhai:2:4
  |
2 | h1.link_up;
  |    ^^^^^^^
  |
  = help: link_up is a function: call it with .link_up(...)
"#,
    );
}

#[test]
fn the_rest_of_the_language() {
    assert_shown(
        r#"while "x" { }"#,
        r#"
error: expecting a boolean expression, not a string
 --> lab.rhai:1:7
  |
1 | while "x" { }
  |       ^^^
"#,
    );
    assert_shown(
        r#"for x in 1 { }"#,
        r#"
error: expecting an iterable value, not a number
 --> lab.rhai:1:10
  |
1 | for x in 1 { }
  |          ^
"#,
    );
    assert_shown(
        r#"const A = [1];
A.push(2);"#,
        r#"
error: push would change a constant
 --> lab.rhai:2:3
  |
2 | A.push(2);
  |   ^^^^
  |
  = help: a value that changes is declared with let, not const
"#,
    );
    assert_shown(
        r#"fn f() { this }
f();"#,
        r#"
error: this has no value here
 --> lab.rhai:1:10
  |
1 | fn f() { this }
  |          ^^^^
  |
  = help: this is bound when the function is called as a method: x.f()
note: called from here: f()
 --> lab.rhai:2:1
  |
2 | f();
  | ^
"#,
    );
    assert_shown(
        r#"fn f() { f() }
f();"#,
        r#"
error: too many calls within calls
 --> lab.rhai:2:1
  |
2 | f();
  | ^ started here
  |
  = help: a function that calls itself needs a case in which it does not
"#,
    );
    assert_shown(
        r#"eval("let x = nope;");"#,
        r#"
error: there is no variable called nope
 --> text given to eval:1:9
  |
note: called from here: eval()
 --> lab.rhai:1:6
  |
1 | eval("let x = nope;");
  |      ^^^^^^^^^^^^^^^
"#,
    );
}

#[test]
fn thrown_values() {
    assert_shown(
        r#"throw "no answer from h1";"#,
        r#"
error: no answer from h1
 --> lab.rhai:1:1
  |
1 | throw "no answer from h1";
  | ^^^^^ thrown here
"#,
    );
    assert_shown(
        r#"throw;"#,
        r#"
error: the script threw an error without saying what failed
 --> lab.rhai:1:1
  |
1 | throw;
  | ^^^^^ thrown here
"#,
    );
    assert_shown(
        r#"throw #{loss: 100, hosts: ["h1", "h2"]};"#,
        r#"
error: the script threw #{hosts: ["h1", "h2"], loss: 100}
 --> lab.rhai:1:1
  |
1 | throw #{loss: 100, hosts: ["h1", "h2"]};
  | ^^^^^ thrown here
"#,
    );
    assert_shown(
        r#"try { addr_add("veth9", "x/24") } catch (e) {
  throw e;
}"#,
        r#"
error: cannot add x/24 to veth9: no such link
 --> lab.rhai:2:3
  |
2 |   throw e;
  |   ^^^^^ thrown again here
  |
  = kernel: No such device (ENODEV, 19)
  = note: in netns h1
  = help: did you mean veth0?
"#,
    );
    assert_shown(
        r#"throw "two\nlines";"#,
        r#"
error: two
       lines
 --> lab.rhai:1:1
  |
1 | throw "two\nlines";
  | ^^^^^ thrown here
"#,
    );
}
