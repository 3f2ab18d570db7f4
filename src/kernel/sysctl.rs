//! Kernel parameters under /proc/sys.
//!
//! Written on std::fs rather than on the sysctl crate, which loses what this layer is for: it turns every `.` of a name
//! into `/` (so `v0.10` can't be reached), answers every failed open with "not found" (no errno), and opens a key for
//! reading before it writes (so write-only keys such as net.ipv4.route.flush can't be set).

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::change::{Action, Change, Command, Names, Operation};
use super::error::Result;
use super::netns::Namespace;
use super::reason::{Reason, Refusal};
use super::sysctl_fault;

const ROOT: &str = "/proc/sys";

/// The name of a parameter, kept as a path below /proc/sys: `net/ipv4/conf/v0.10/accept_local`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// Reads a name in either spelling of sysctl(8): whichever of `.` and `/` comes first separates, and the other one
    /// is then part of a name. In the dotted spelling a `/` stands for a `.`: `net.ipv4.conf.v0/10.accept_local`.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
        let slashed = text
            .find(['.', '/'])
            .is_some_and(|at| text[at..].starts_with('/'));
        let path: String = if slashed {
            text.to_string()
        } else {
            text.chars()
                .map(|c| match c {
                    '.' => '/',
                    '/' => '.',
                    c => c,
                })
                .collect()
        };
        let wrong = path
            .split('/')
            .any(|part| part.is_empty() || part == "." || part == ".." || part.contains('\0'));
        if wrong {
            Err(format!("{text:?} is not the name of a sysctl"))
        } else {
            Ok(Key(path))
        }
    }

    /// Whether the parameter belongs to the network, whose parameters each namespace has for itself.
    pub fn is_network(&self) -> bool {
        self.0.starts_with("net/")
    }

    /// The file of the parameter.
    pub fn path(&self) -> PathBuf {
        Path::new(ROOT).join(&self.0)
    }

    /// The last part of the name.
    pub fn last(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The name of the group that holds this parameter, if it is in one.
    pub fn parent(&self) -> Option<Key> {
        self.0
            .rsplit_once('/')
            .map(|(parent, _)| Key(parent.into()))
    }
}

impl fmt::Display for Key {
    /// The dotted spelling.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            let c = match c {
                '/' => '.',
                '.' => '/',
                c => c,
            };
            write!(f, "{c}")?;
        }
        Ok(())
    }
}

/// The value of a parameter, without the line feed at its end. A parameter of several lines keeps those between.
pub fn get(namespace: &Namespace, key: &Key) -> Result<String> {
    namespace.enter(|| read(&key.path()))?
}

fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_string())
}

/// Writes a parameter in one write(2), as the kernel wants it.
pub fn set(namespace: &Namespace, key: &Key, value: &str) -> Result<()> {
    namespace.enter(|| {
        let mut file = std::fs::File::options().write(true).open(key.path())?;
        Ok(file.write_all(value.as_bytes())?)
    })?
}

/// The names and values of all readable parameters at or below `key`, sorted. Those that only root, or only a write,
/// may touch are left out, as `sysctl -a` leaves them out.
pub fn list(namespace: &Namespace, key: &Key) -> Result<Vec<(Key, String)>> {
    namespace.enter(|| {
        let mut found = Vec::new();
        walk(key.clone(), &mut found)?;
        found.sort();
        Ok(found)
    })?
}

fn walk(key: Key, found: &mut Vec<(Key, String)>) -> Result<()> {
    let path = key.path();
    if !std::fs::metadata(&path)?.is_dir() {
        // EACCES, EIO and the like belong to single parameters; the others are still worth having.
        if let Ok(value) = read(&path) {
            found.push((key, value));
        }
        return Ok(());
    }
    for entry in std::fs::read_dir(&path)?.flatten() {
        if let Ok(name) = entry.file_name().into_string() {
            // A link may go while its parameters are being read.
            let _ = walk(Key(format!("{}/{name}", key.0)), found);
        }
    }
    Ok(())
}

/// The names directly below a group, for hints.
pub fn names_below(namespace: &Namespace, key: &Key) -> Vec<String> {
    let names = namespace.enter(|| -> std::io::Result<Vec<String>> {
        let entries = std::fs::read_dir(key.path())?.flatten();
        Ok(entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect())
    });
    names.ok().and_then(|names| names.ok()).unwrap_or_default()
}

/// The parameters and groups directly below a group, whole and in the dotted spelling; groups end with a dot. The prefix is
/// such a group, or empty.
pub fn one_level(namespace: &Namespace, prefix: &str) -> Vec<String> {
    let group = match prefix.trim_end_matches('.') {
        "" => String::new(),
        group => match Key::parse(group) {
            Ok(key) => key.0,
            Err(_) => return Vec::new(),
        },
    };
    let folder = Path::new(ROOT).join(&group);
    let look = || {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let key = Key(format!("{group}/{name}").trim_start_matches('/').into());
            let end = if entry.path().is_dir() { "." } else { "" };
            Some(format!("{key}{end}"))
        });
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    namespace.enter(look).unwrap_or_default()
}

/// Whether there is such a parameter or group.
pub fn exists(namespace: &Namespace, key: &Key) -> bool {
    namespace.enter(|| key.path().exists()).unwrap_or(false)
}

/// A parameter set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SysctlSet {
    /// Its name.
    pub key: Key,
    /// The value, as written to its file.
    pub value: String,
}

impl Operation for SysctlSet {
    fn object(&self) -> String {
        self.key.to_string()
    }

    fn words(&self) -> String {
        format!("set {} to {:?}", self.key, self.value)
    }

    fn action(&self, _names: &dyn Names) -> Result<Action> {
        Ok(Action::Sysctl(self.key.clone(), self.value.clone()))
    }

    fn command(&self) -> Command {
        Command {
            program: "sysctl".into(),
            arguments: vec!["-w".into(), format!("{}={}", self.key, self.value).into()],
            everywhere: false,
        }
    }

    fn refusal(&self, refusal: &Refusal, names: &dyn Names) -> Option<Reason> {
        let namespace = names.namespace();
        match refusal.errno {
            Errno::EINVAL | Errno::ERANGE | Errno::EFAULT => {
                let now = get(namespace, &self.key).unwrap_or_default();
                let words = format!("the kernel does not take the value {:?}", self.value);
                let reason = Reason::new(words).blame("value");
                Some(reason.hint(format!("its value is {now:?} now")))
            }
            errno => sysctl_fault::reason(namespace, &self.key, errno),
        }
    }

    fn inverse(&self, names: &dyn Names) -> Result<Option<Change>> {
        match get(names.namespace(), &self.key) {
            Ok(value) => Ok(Some(Change::SysctlSet(SysctlSet {
                key: self.key.clone(),
                value,
            }))),
            // A write-only parameter is an act, not a state.
            Err(error) if error.errno() == Some(Errno::EACCES) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> String {
        Key::parse(text).expect(text).0
    }

    #[test]
    fn both_spellings_reach_a_name_with_a_dot() {
        let wanted = "net/ipv4/conf/v0.10/accept_local";
        assert_eq!(path("net.ipv4.conf.v0/10.accept_local"), wanted);
        assert_eq!(path("net/ipv4/conf/v0.10/accept_local"), wanted);
        let key = Key::parse("net/ipv4/conf/v0.10/accept_local").expect("a key");
        assert_eq!(key.to_string(), "net.ipv4.conf.v0/10.accept_local");
        assert_eq!(key.last(), "accept_local");
    }

    #[test]
    fn no_way_out_of_proc_sys() {
        for text in [
            "",
            ".",
            "..",
            "/etc/passwd",
            "net/../vm/swappiness",
            "net..ipv4",
            "net/./x",
            "net.//.vm",
            "net/",
        ] {
            assert!(Key::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_key_stays_below_proc_sys_and_reads_back(text in "[a-z0-9./]{0,40}|.*") {
            if let Ok(key) = Key::parse(&text) {
                prop_assert!(!key.0.split('/').any(|part| part == ".." || part.is_empty()));
                prop_assert!(key.path().starts_with("/proc/sys"));
            }
        }
    }
}
