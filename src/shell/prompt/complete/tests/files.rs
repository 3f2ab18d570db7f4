//! Files, modules, the orders of the prompt, and programs.

use super::all;

#[test]
fn files_and_modules_are_offered_where_a_script_is_wanted() {
    all(&[
        ("import \"la^", &["labs/", "lab\""]),
        ("import \"labs/t^", &["two\""]),
        ("f(tr^", &["traceroute", "trace", "true"]),
        ("x[tr^", &["traceroute", "trace", "true"]),
        ("tr^", &["traceroute", "trace", "try", "true"]),
        ("import \"labs/^", &["one\"", "two\""]),
        ("import \"pa^", &["pairs\""]),
        ("import pa^", &["\"pairs\""]),
        (":load la^", &["labs/", "lab.rhai"]),
        (":load labs/^", &["one.rhai", "two.rhai"]),
        (":load .h^", &[".hidden"]),
    ]);
}

#[test]
fn commands_of_the_prompt_and_programs_have_their_arguments() {
    all(&[
        (":le^", &["leave"]),
        (":lo^", &["load"]),
        (" :lo^", &["load"]),
        (":enter h^", &["h1", "h2"]),
        (":commands o^", &["on", "off"]),
        (":time link_up(\"v^", &["veth0\"", "veth0peer\""]),
        (":quit ^", &[]),
        (":unknown ^", &[]),
        ("!t^", &["tcpdump", "tracepath"]),
        ("!tcpdump -i ve^", &["veth0", "veth0peer"]),
        ("!cat no^", &["notes.txt"]),
        ("!cat labs/o^", &["one.rhai"]),
    ]);
}
