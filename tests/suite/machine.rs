//! The state of the machine that a script must not touch: links, addresses, routes, rules, neighbours, sysctls, mounts,
//! and names of namespaces, in the calling process's namespaces.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use libtest_mimic::Failed;
use serde_json::Value;

use crate::process;
use crate::support::Verdict;

/// Keys of `ip -j` that change by themselves: lifetimes that run down, and what the kernel learned of neighbours when.
const FLEETING: [&str; 5] = [
    "valid_life_time",
    "preferred_life_time",
    "expires",
    "used",
    "confirmed",
];

/// Sysctls that count what passes.
const COUNTING: [&str; 1] = ["/proc/sys/net/netfilter/nf_conntrack_count"];

/// What there is, by the command or place that told it.
pub type State = BTreeMap<String, Vec<String>>;

/// What of the network must not change. Neighbours only where somebody set them: the others come and go.
pub fn network() -> Result<State, Failed> {
    let mut state = State::new();
    for question in [
        "-d link",
        "address",
        "-4 route show table all",
        "-6 route show table all",
        "-4 rule",
        "-6 rule",
        "neighbour show nud permanent",
        "netns list",
    ] {
        state.insert(format!("ip {question}"), ip(question)?);
    }
    let mut sysctls = Vec::new();
    walk(Path::new("/proc/sys/net"), &mut sysctls);
    state.insert("sysctls".into(), sysctls);
    Ok(state)
}

/// Mounts, and the files of named namespaces.
pub fn mounts() -> Result<State, Failed> {
    let mountinfo = std::fs::read_to_string("/proc/self/mountinfo")?;
    let mut named = Vec::new();
    for place in ["/run", "/run/netns", "/var/run/netns"] {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            named.push(entry.path().to_string_lossy().into_owned());
        }
    }
    named.sort();
    Ok(State::from([
        ("mounts".into(), mountinfo.lines().map(Into::into).collect()),
        ("/run".into(), named),
    ]))
}

/// All processes, and all namespaces that they are in or have open. For a world of one's own: elsewhere others come
/// and go.
pub fn processes() -> State {
    let mut state = State::new();
    for process in process::all() {
        let entry = |kind| process.namespace(kind).unwrap_or_default();
        let namespaces = ["net", "mnt", "pid", "user"].map(entry);
        state.insert(format!("{process:?}"), namespaces.to_vec());
    }
    state
}

fn ip(question: &str) -> Result<Vec<String>, Failed> {
    let output = Command::new("ip")
        .arg("-j")
        .args(question.split(' '))
        .env("PATH", crate::support::search_path())
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    // Where there is nothing to tell, ip writes nothing, or an empty list.
    let answer: Value = match text.trim() {
        "" => Value::Array(Vec::new()),
        text => serde_json::from_str(text)?,
    };
    let mut objects = answer.as_array().cloned().unwrap_or_default();
    objects.iter_mut().for_each(forget_the_fleeting);
    Ok(objects.iter().map(ToString::to_string).collect())
}

fn forget_the_fleeting(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| !FLEETING.contains(&key.as_str()));
            map.values_mut().for_each(forget_the_fleeting);
        }
        Value::Array(values) => values.iter_mut().for_each(forget_the_fleeting),
        _ => {}
    }
}

fn walk(place: &Path, found: &mut Vec<String>) {
    if place.is_dir() {
        let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
        let mut below: Vec<_> = entries.map(|entry| entry.path()).collect();
        below.sort();
        below.iter().for_each(|path| walk(path, found));
    } else if let Ok(value) = std::fs::read_to_string(place)
        && !COUNTING.iter().any(|name| place == Path::new(name))
    {
        found.push(format!("{} = {}", place.display(), value.trim()));
    }
}

/// Fails with what came and what went, unless both states are equal.
pub fn unchanged(before: &State, after: &State) -> Verdict {
    let mut differences = Vec::new();
    for key in before.keys().chain(after.keys()) {
        let none = Vec::new();
        let (was, is) = (before.get(key), after.get(key));
        if was == is {
            continue;
        }
        let (was, is) = (was.unwrap_or(&none), is.unwrap_or(&none));
        let gone = was.iter().filter(|line| !is.contains(line));
        let come = is.iter().filter(|line| !was.contains(line));
        differences.push(format!("{key} changed"));
        differences.extend(gone.map(|line| format!("  was: {line}")));
        differences.extend(come.map(|line| format!("  is:  {line}")));
    }
    match differences.is_empty() {
        true => Ok(()),
        false => Err(differences.join("\n").into()),
    }
}
