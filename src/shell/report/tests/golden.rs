//! The text of the report for each class of error, as a person sees it. Each script runs on a real engine.

use super::{shown, snapshot};

/// What the script shows, and what it should.
pub fn assert_shown(script: &str, expected: &str) {
    snapshot(&shown(script), expected);
}

#[test]
fn the_argument_of_a_verb() {
    assert_shown(
        r#"let a = 1;

addr_add("veth9", "192.168.4.2/24");"#,
        r#"
error: cannot add 192.168.4.2/24 to veth9: no such link
 --> lab.rhai:3:10
  |
3 | addr_add("veth9", "192.168.4.2/24");
  |          ^^^^^^^ no such link
  |
  = kernel: No such device (ENODEV, 19)
  = note: in netns h1
  = help: did you mean veth0?
"#,
    );
    assert_shown(
        r#"addr_add("veth0", "192.168.4.2");"#,
        r#"
error: cannot add 192.168.4.2 to veth0: the prefix length is missing
 --> lab.rhai:1:19
  |
1 | addr_add("veth0", "192.168.4.2");
  |                   ^^^^^^^^^^^^^ the prefix length is missing
"#,
    );
}

#[test]
fn the_whole_call_when_no_argument_is_to_blame() {
    assert_shown(
        r#"addr_add("veth0", "192.168.4.2/24");"#,
        r#"
error: cannot add 192.168.4.2/24 to veth0: address exists
 --> lab.rhai:1:1
  |
1 | addr_add("veth0", "192.168.4.2/24");
  | ^^^^^^^^ address exists
"#,
    );
}

#[test]
fn an_option_is_underlined_with_its_value() {
    assert_shown(
        r#"addr_add("veth0", "192.168.4.2/24", #{mut: 1400});"#,
        r#"
error: cannot add 192.168.4.2/24 to veth0: not an option of addr_add
 --> lab.rhai:1:39
  |
1 | addr_add("veth0", "192.168.4.2/24", #{mut: 1400});
  |                                       ^^^^^^^^^ not an option of addr_add
"#,
    );
    assert_shown(
        r#"addr_add(
    "veth0",
    "192.168.4.2/24",
    #{
        mut: 1400,
    },
);"#,
        r#"
error: cannot add 192.168.4.2/24 to veth0: not an option of addr_add
 --> lab.rhai:5:9
  |
1 | addr_add(
  | --------
...
5 |         mut: 1400,
  |         ^^^^^^^^^ not an option of addr_add
"#,
    );
    assert_shown(
        r#"let options = #{mut: 1400};
addr_add("veth0", "192.168.4.2/24", options);"#,
        r#"
error: cannot add 192.168.4.2/24 to veth0: not an option of addr_add
 --> lab.rhai:2:1
  |
2 | addr_add("veth0", "192.168.4.2/24", options);
  | ^^^^^^^^ not an option of addr_add
"#,
    );
}

#[test]
fn methods_of_a_handle() {
    assert_shown(
        r#"let h1 = netns_add("h1");
h1.addr_add("veth9", "10.0.0.1/24");"#,
        r#"
error: cannot add 10.0.0.1/24 to veth9: no such link
 --> lab.rhai:2:13
  |
2 | h1.addr_add("veth9", "10.0.0.1/24");
  |             ^^^^^^^ no such link
  |
  = kernel: No such device (ENODEV, 19)
  = note: in netns h1
  = help: did you mean veth0?
"#,
    );
    assert_shown(
        r#"let h1 = netns_add("h1");
h1.run(|| {
  addr_add("veth9", "10.0.0.1/24")
});"#,
        r#"
error: cannot add 10.0.0.1/24 to veth9: no such link
 --> lab.rhai:3:12
  |
3 |   addr_add("veth9", "10.0.0.1/24")
  |            ^^^^^^^ no such link
  |
  = kernel: No such device (ENODEV, 19)
  = note: in netns h1
  = help: did you mean veth0?
note: called from here: the closure, by run()
 --> lab.rhai:2:4
  |
2 | h1.run(|| {
  |    ^^^
"#,
    );
    assert_shown(
        r#""veth9".addr_add("10.0.0.1/24");"#,
        r#"
error: cannot add 10.0.0.1/24 to veth9: no such link
 --> lab.rhai:1:9
  |
1 | "veth9".addr_add("10.0.0.1/24");
  |         ^^^^^^^^ no such link
  |
  = kernel: No such device (ENODEV, 19)
  = note: in netns h1
  = help: did you mean veth0?
"#,
    );
    assert_shown(
        r#""veth0".addr_add(24);"#,
        r#"
error: addr_add takes (link: string, cidr: string, options?: map), but got (string, int)
 --> lab.rhai:1:18
  |
1 | "veth0".addr_add(24);
  |                  ^^ cidr: expected string, got int
  |
  = help: text needs double quotes: "24"
"#,
    );
}

#[test]
fn functions_three_deep() {
    assert_shown(
        r#"fn c() {
  addr_add("veth9", "10.0.0.1/24");
}
fn b() {
   c();
}
fn a() {
    b();
}
a();"#,
        r#"
error: cannot add 10.0.0.1/24 to veth9: no such link
  --> lab.rhai:2:12
   |
 2 |   addr_add("veth9", "10.0.0.1/24");
   |            ^^^^^^^ no such link
   |
   = kernel: No such device (ENODEV, 19)
   = note: in netns h1
   = help: did you mean veth0?
note: called from here: c()
  --> lab.rhai:5:4
   |
 5 |    c();
   |    ^
note: called from here: b()
  --> lab.rhai:8:5
   |
 8 |     b();
   |     ^
note: called from here: a()
  --> lab.rhai:10:1
   |
10 | a();
   | ^
"#,
    );
}

#[test]
fn arguments_of_the_wrong_type() {
    assert_shown(
        r#"addr_add("veth0", 24);"#,
        r#"
error: addr_add takes (link: string, cidr: string, options?: map), but got (string, int)
 --> lab.rhai:1:19
  |
1 | addr_add("veth0", 24);
  |                   ^^ cidr: expected string, got int
  |
  = help: text needs double quotes: "24"
"#,
    );
    assert_shown(
        r#"let h1 = netns_add("h1");
h1.addr_add(["veth0"], "10.0.0.1/24");"#,
        r#"
error: addr_add takes (link: string, cidr: string, options?: map), but got (array, string)
 --> lab.rhai:2:13
  |
2 | h1.addr_add(["veth0"], "10.0.0.1/24");
  |             ^^^^^^^^^ link: expected string, got array
"#,
    );
    assert_shown(
        r#"let map = #{};
addr_add("veth0", map.cidr);"#,
        r#"
error: addr_add takes (link: string, cidr: string, options?: map), but got (string, ())
 --> lab.rhai:2:19
  |
2 | addr_add("veth0", map.cidr);
  |                   ^^^^^^^^ cidr: expected string, got ()
  |
  = note: () is what a missing key of a map gives, and a call that returns nothing
"#,
    );
}

#[test]
fn the_wrong_number_of_arguments() {
    assert_shown(
        r#"addr_add("veth0");"#,
        r#"
error: addr_add takes 2 or 3 arguments, but got 1
 --> lab.rhai:1:1
  |
1 | addr_add("veth0");
  | ^^^^^^^^ cidr is missing
  |
  = note: addr_add(link: string, cidr: string, options?: map)
"#,
    );
    assert_shown(
        r#"link_up("veth0", "veth1");"#,
        r#"
error: link_up takes 1 argument, but got 2
 --> lab.rhai:1:18
  |
1 | link_up("veth0", "veth1");
  |                  ^^^^^^^ one argument too many
  |
  = note: link_up(link: string)
"#,
    );
    assert_shown(
        r#"fn plug(a, b) {}
plug(1);"#,
        r#"
error: plug takes 2 arguments, but got 1
 --> lab.rhai:2:1
  |
2 | plug(1);
  | ^^^^ b is missing
  |
  = note: plug(a, b)
"#,
    );
    assert_shown(
        r#"let f = |a, b| a + b;
f.call(1);"#,
        r#"
error: the closure was called with the wrong number of arguments
 --> lab.rhai:2:3
  |
2 | f.call(1);
  |   ^^^^ called with (int)
"#,
    );
}

#[test]
fn functions_that_do_not_exist() {
    assert_shown(
        r#"addr_ad("veth0", "10.0.0.1/24");"#,
        r#"
error: there is no function called addr_ad
 --> lab.rhai:1:1
  |
1 | addr_ad("veth0", "10.0.0.1/24");
  | ^^^^^^^
  |
  = help: did you mean addr_add?
"#,
    );
    assert_shown(
        r#"add_addr("veth0", "10.0.0.1/24");"#,
        r#"
error: there is no function called add_addr
 --> lab.rhai:1:1
  |
1 | add_addr("veth0", "10.0.0.1/24");
  | ^^^^^^^^
  |
  = help: did you mean addr_add?
"#,
    );
    assert_shown(
        r#"let h1 = netns_add("h1");
h1.addr_ad("veth0", "10.0.0.1/24");"#,
        r#"
error: netns has no method called addr_ad
 --> lab.rhai:2:4
  |
2 | h1.addr_ad("veth0", "10.0.0.1/24");
  |    ^^^^^^^
  |
  = help: did you mean addr_add?
"#,
    );
    assert_shown(
        r#"let h1 = netns_add("h1");
h1.link_up("veth0");"#,
        r#"
error: netns has no method called link_up
 --> lab.rhai:2:4
  |
2 | h1.link_up("veth0");
  |    ^^^^^^^
  |
  = note: link_up(link: string)
"#,
    );
    assert_shown(
        r#"let f = || 1;
f();"#,
        r#"
error: there is no function called f
 --> lab.rhai:2:1
  |
2 | f();
  | ^ a variable, not a function
  |
  = help: call a function in a variable with f.call(...)
"#,
    );
    assert_shown(
        r#"[1].pussh(2);"#,
        r#"
error: array has no method called pussh
 --> lab.rhai:1:5
  |
1 | [1].pussh(2);
  |     ^^^^^
  |
  = help: did you mean push?
"#,
    );
    assert_shown(
        r#"1.len();"#,
        r#"
error: int has no method called len
 --> lab.rhai:1:3
  |
1 | 1.len();
  |   ^^^
"#,
    );
    assert_shown(
        r#"print(1, 2);"#,
        r#"
error: print takes one value, but got 2
 --> lab.rhai:1:1
  |
1 | print(1, 2);
  | ^^^^^
  |
  = help: put all into one text in back ticks: print(`1 2`)
"#,
    );
}

#[test]
fn variables_that_do_not_exist() {
    assert_shown(
        r#"link_up(veth0);"#,
        r#"
error: there is no variable called veth0
 --> lab.rhai:1:9
  |
1 | link_up(veth0);
  |         ^^^^^ not defined before this line
  |
  = help: text needs quotes: "veth0"
"#,
    );
    assert_shown(
        r#"let peer = "a";
link_up(peeer);"#,
        r#"
error: there is no variable called peeer
 --> lab.rhai:2:9
  |
2 | link_up(peeer);
  |         ^^^^^ not defined before this line
  |
  = help: did you mean peer?
"#,
    );
    assert_shown(
        r#"h1.link_up("a");"#,
        r#"
error: there is no variable called h1
 --> lab.rhai:1:1
  |
1 | h1.link_up("a");
  | ^^ not defined before this line
"#,
    );
    assert_shown(
        r#"print(link_list);"#,
        r#"
error: there is no variable called link_list
 --> lab.rhai:1:7
  |
1 | print(link_list);
  |       ^^^^^^^^^ not defined before this line
  |
  = help: link_list is a function: call it with link_list(...), or pass it on with Fn("link_list")
"#,
    );
    assert_shown(
        r#"import wires;"#,
        r#"
error: there is no variable called wires
 --> lab.rhai:1:8
  |
1 | import wires;
  |        ^^^^^ not defined before this line
  |
  = help: the name of a module is text: import "wires" as wires;
"#,
    );
}

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
