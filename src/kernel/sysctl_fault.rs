//! Why the kernel did not let a parameter be read or set, in words.

use nix::errno::Errno;

use super::netns::Namespace;
use super::reason::Reason;
use super::sysctl::{self, Key};

/// Why a parameter can be neither read nor set.
pub fn reason(namespace: &Namespace, key: &Key, errno: Errno) -> Option<Reason> {
    match errno {
        Errno::ENOENT | Errno::ENOTDIR => Some(no_such_sysctl(namespace, key)),
        Errno::EISDIR => Some(
            Reason::new("it is a group of sysctls")
                .blame("name")
                .hint(format!("sysctl_list(\"{key}\") shows what is in it")),
        ),
        Errno::EACCES | Errno::EPERM => Some(
            Reason::new("the kernel does not allow it here")
                .blame("name")
                .hint("it may be read-only, write-only, or kept for the machine's first network namespace"),
        ),
        _ => None,
    }
}

/// Finds the first part of the name that does not exist, and what is like it.
fn no_such_sysctl(namespace: &Namespace, key: &Key) -> Reason {
    let words = Reason::new(format!("there is no sysctl {:?}", key.to_string())).blame("name");
    let mut missing = key.clone();
    while let Some(parent) = missing.parent() {
        if sysctl::exists(namespace, &parent) {
            let names = sysctl::names_below(namespace, &parent);
            let missing = missing.last();
            let hint = match parent.last() {
                "conf" | "neigh" => format!("there is no link {missing:?} here"),
                _ => format!("{parent} has no {missing:?}"),
            };
            let place = format!(" in {parent}");
            return words.hint(hint).alike(missing, names, place);
        }
        missing = parent;
    }
    words.hint("sysctl names begin with net. and the like: sysctl_list(\"net\")")
}
