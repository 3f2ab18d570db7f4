//! What holds for the call of any verb.

use libtest_mimic::Trial;

use crate::support::{User, Verdict, run, same, test};

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    test(
        "calls: a script's variables stay as they are",
        &[],
        variables_stay,
    )
}

/// Rhai hands the first argument to a native function as the variable itself.
fn variables_stay(user: User) -> Verdict {
    let code = r#"
        let netns = "h1"; netns_add(netns); netns_get(netns); print(netns);
        let link = "a"; veth_add(link, "b"); link_up(link); link_get(link); addr_add(link, "192.0.2.1/24");
        addr_list(link); print(link);
        let h1 = netns_get(netns); h1.veth_add(link, "b"); h1.link_up(link); print(link); print(h1.name);
        let key = "net.ipv4.ip_forward"; sysctl_get(key); sysctl_set(key, 1); print(key);
        let host = "127.0.0.1"; ping(host, #{ count: 1, quiet: true }); print(host);
        let program = "true"; exec(program, []); sh(program); print(program);
        let time = "1ms"; sleep(time); print(time);
        link_del(link); netns_del(netns); print(link + netns);
    "#;
    let wanted = "h1\na\na\nh1\nnet.ipv4.ip_forward\n127.0.0.1\ntrue\n1ms\nah1\n";
    same(run(user, code)?.as_str(), wanted)
}
