//! netlink

use libtest_mimic::Trial;

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    Vec::new()
}
