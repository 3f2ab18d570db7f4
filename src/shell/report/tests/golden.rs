//! The text of the report as a person sees it: what is called, with what, and by which names. Each script runs on a real engine.

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
