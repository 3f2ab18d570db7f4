//! How many files netsh may have open. A namespace takes two descriptors (its own and that of its rtnetlink socket), and the
//! usual soft limit of 1024 would end a lab at 500 hosts.

use std::sync::OnceLock;

use nix::libc::rlim_t;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

static FORMER: OnceLock<(rlim_t, rlim_t)> = OnceLock::new();

/// Raises the soft limit to the hard one, which every process may.
pub fn raise() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = FORMER.set((soft, hard));
        // Refused or not, a lab of a few hosts has enough.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// For a child between fork and exec: the limit as it was. Programs that use select(2) break when it is higher.
pub fn restore() {
    if let Some((soft, hard)) = FORMER.get() {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, *soft, *hard);
    }
}
