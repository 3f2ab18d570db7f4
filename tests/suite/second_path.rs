//! The second path: what iproute2 says of the same sandbox, for comparison with what netsh made or says.
//!
//! Scripts get two functions: `ip("link show dev v0")` is the output of `ip -j -d -s link show dev v0`, and
//! `settled("addr", || link_list())` is a value of netsh's that was read while ip's own answer did not change.

use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::support::{User, Verdict, run_json};

const FUNCTIONS: &str = r#"
fn ip(words) {
    let out = exec("ip", ("-j -d -s " + words).split(" "));
    if out.code != 0 { throw `ip ${words}: ${out.stderr}`; }
    out.stdout
}
// Which state a link is in the kernel works out a moment after its carrier has changed.
fn state(words, wanted) {
    for turn in 0..1000 {
        if ip(words).contains(wanted) { break; }
    }
    ip(words)
}
// A bridge's timers run on.
fn standing(text) {
    let parts = text.split("_timer\":");
    for number in 1..parts.len() { parts[number] = parts[number].sub_string(parts[number].index_of(",")); }
    parts
}
fn settled(words, question) {
    let before = ip(words);
    for turn in 0..1000 {
        let answer = question.call();
        let after = ip(words);
        if standing(before) == standing(after) { return [after, answer]; }
        before = after;
    }
    throw `${words} never stands still`;
}
"#;

/// Runs `code` and returns what it showed; JSON text of ip's is read.
pub fn observe(user: User, code: &str) -> Result<Vec<Value>, Failed> {
    let shown = run_json(user, &format!("{FUNCTIONS}\n{code}"))?;
    Ok(shown.into_iter().map(read_text).collect())
}

fn read_text(value: Value) -> Value {
    match value {
        Value::String(text) => {
            let json = text
                .starts_with(['[', '{'])
                .then(|| serde_json::from_str(&text));
            let json = json.and_then(Result::ok).map(without_gaps);
            json.unwrap_or(Value::String(text))
        }
        Value::Array(items) => items.into_iter().map(read_text).collect(),
        other => other,
    }
}

/// Where ip leaves something out by a filter (`scope link`), it writes an empty object in its place.
fn without_gaps(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let items = items.into_iter().filter(|item| *item != json!({}));
            items.map(without_gaps).collect()
        }
        Value::Object(pairs) => {
            let pairs = pairs.into_iter();
            pairs
                .map(|(key, value)| (key, without_gaps(value)))
                .collect()
        }
        other => other,
    }
}

/// One step of a script and its effect: the code; what to ask ip afterwards; where to look in its answer; what is to be
/// found there. An array is to contain what is wanted, and null is wanted where there is to be nothing.
pub type Step = (&'static str, &'static str, &'static str, Value);

/// Runs the steps one after the other in one sandbox, and fails with all that had another effect than the one wanted.
pub fn steps(user: User, setup: &str, steps: &[Step]) -> Verdict {
    let looks = steps.iter().map(|(code, look, pointer, wanted)| {
        let wanted = match *pointer {
            "/0/operstate" => format!("\"operstate\":{wanted}"),
            _ if *wanted == "NO-CARRIER" => wanted.to_string(),
            _ => String::new(),
        };
        format!("{code};\nshow(state(\"{look}\", `{wanted}`));\n")
    });
    let answers = observe(user, &format!("{setup};\n{}", looks.collect::<String>()))?;
    if answers.len() != steps.len() {
        return Err(format!("{} answers for {} steps", answers.len(), steps.len()).into());
    }
    let wrong: Vec<String> = steps
        .iter()
        .zip(&answers)
        .filter_map(|((code, look, pointer, wanted), answer)| {
            let found = answer.pointer(pointer).unwrap_or(&Value::Null);
            let right = match found {
                Value::Array(items) if !wanted.is_array() => items.contains(wanted),
                found => found == wanted,
            };
            (!right).then(|| format!("{code}\n  ip {look}: {pointer} is {found}, not {wanted}"))
        })
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("\n").into())
    }
}

/// A link of `ip -j -d -s addr` in the words of link_list(). The other end of a pair that reaches into another namespace
/// ip tells only as numbers: it is left null, with its namespace.
pub fn link_map(ip: &Value) -> Value {
    let flags: Vec<&Value> = list(&ip["flags"])
        .iter()
        // ip looks at the other end for this one; the kernel has no such flag.
        .filter(|flag| *flag != "M-DOWN")
        .collect();
    let has = |flag: &str| flags.iter().any(|found| *found == flag);
    let kind = match &ip["linkinfo"]["info_kind"] {
        Value::Null => &ip["link_type"],
        kind => kind,
    };
    let is_pair = kind == "veth";
    let name = &ip["ifname"];
    let addresses: Vec<Value> = list(&ip["addr_info"])
        .iter()
        .map(|address| address_map(name, address))
        .collect();
    json!({
        "name": name,
        "index": ip["ifindex"],
        "kind": kind,
        "state": if has("UP") { "up" } else { "down" },
        "operstate": ip["operstate"].as_str().unwrap_or_default().to_lowercase(),
        "carrier": has("LOWER_UP"),
        "mtu": ip["mtu"],
        "mac": ip["address"],
        "master": ip["master"],
        "peer": if is_pair { ip["link"].clone() } else { Value::Null },
        "parent": if is_pair { Value::Null } else { ip["link"].clone() },
        "peer_netns": null,
        "flags": flags,
        "promisc": ip["promiscuity"] != 0,
        "qdisc": ip["qdisc"],
        "txqueuelen": ip["txqlen"].as_i64().unwrap_or(0),
        "alias": ip["ifalias"],
        "group": if ip["group"] == "default" { json!(0) } else { ip["group"].clone() },
        "altnames": list(&ip["altnames"]),
        "properties": {
            // `ip addr` leaves it out, `ip link` tells it.
            "addrgenmode": ip["inet6_addr_gen_mode"],
            "broadcast": ip["broadcast"],
            "gro_max_size": ip["gro_max_size"],
            "gso_max_segs": ip["gso_max_segs"],
            "gso_max_size": ip["gso_max_size"],
            "protodown": ip["proto_down"] == true,
        },
        "addresses": addresses,
        "statistics": statistics_map(&ip["stats64"]),
    })
}

fn statistics_map(ip: &Value) -> Value {
    let (rx, tx) = (&ip["rx"], &ip["tx"]);
    json!({
        "rx_packets": rx["packets"], "rx_bytes": rx["bytes"], "rx_errors": rx["errors"], "rx_dropped": rx["dropped"],
        "tx_packets": tx["packets"], "tx_bytes": tx["bytes"], "tx_errors": tx["errors"], "tx_dropped": tx["dropped"],
        "multicast": rx["multicast"], "collisions": tx["collisions"],
    })
}

/// The flags that `ip -j` gives as keys of an address, in the order of netsh.
const ADDRESS_FLAGS: [&str; 12] = [
    "secondary",
    "temporary",
    "nodad",
    "optimistic",
    "dadfailed",
    "home",
    "deprecated",
    "tentative",
    "permanent",
    "mngtmpaddr",
    "noprefixroute",
    "autojoin",
];

/// An address of `ip -j -d addr` in the words of addr_list().
pub fn address_map(link: &Value, ip: &Value) -> Value {
    let set = |flag: &&str| match *flag {
        "permanent" => ip["dynamic"] != true,
        flag => ip[flag] == true,
    };
    let seconds = |key: &str| match &ip[key] {
        forever if *forever == u32::MAX => Value::Null,
        seconds => seconds.clone(),
    };
    json!({
        "link": link,
        "address": ip["local"],
        "prefix": ip["prefixlen"],
        "family": ip["family"],
        "scope": ip["scope"],
        "label": ip["label"],
        "broadcast": ip["broadcast"],
        "peer": ip["address"],
        "flags": ADDRESS_FLAGS.iter().filter(|flag| set(flag)).collect::<Vec<_>>(),
        "valid_lft": seconds("valid_life_time"),
        "preferred_lft": seconds("preferred_life_time"),
    })
}

/// The items of an array; none of anything else.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
