//! What there is around the prompt, for whoever completes.

use super::super::super::outline::Import;
use crate::catalog::signature::Signature;

/// What there is around the prompt. Each is asked only when it is wanted at the cursor. Where a namespace can be named, None is
/// the current one.
pub trait Surroundings {
    /// The names of the links of a namespace.
    fn links(&self, netns: Option<&str>) -> Vec<String>;
    /// The names of the namespaces.
    fn namespaces(&self) -> Vec<String>;
    /// The addresses of the current or another namespace, those of one link or of all, with the lengths of their prefixes:
    /// `10.0.0.1/24`.
    fn addresses(&self, netns: Option<&str>, link: Option<&str>) -> Vec<String>;
    /// The kernel parameters one level below a group, whole and in the dotted spelling. The prefix is empty or ends with a dot:
    /// `net.ipv4.` gives `net.ipv4.ip_forward`, and with a dot at its end the group `net.ipv4.conf.`.
    fn sysctls(&self, netns: Option<&str>, prefix: &str) -> Vec<String>;
    /// The variables of the session.
    fn variables(&self) -> Vec<Variable>;
    /// The functions that the user defined.
    fn functions(&self) -> Vec<Signature>;
    /// The modules that the session imported.
    fn imports(&self) -> Vec<Import>;
    /// What is in a folder, whole. The prefix is empty or ends with a slash; so do the folders in it.
    fn files(&self, prefix: &str) -> Vec<String>;
    /// The programs whose names begin like this.
    fn programs(&self, prefix: &str) -> Vec<String>;
}

/// A variable of the session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its type in words: `netns`, `map`, `array`, `string`, `int`.
    pub kind: String,
    /// Of a handle, the name of its namespace.
    pub netns: Option<String>,
    /// Of a map, its keys; of an array of maps, those of its first.
    pub keys: Vec<String>,
}
