//! From the kernel's answer to words: what failed, why, what to do, and which argument is to blame.
//!
//! Many refusals carry no text of the kernel's (EEXIST, a bad MTU); what is missing is found out here, by asking.

use nix::errno::Errno;

use crate::kernel::change::Change;
use crate::kernel::error::{Error, Result, errno_words};
use crate::kernel::link;
use crate::kernel::reason::{Reason, Refusal, listed};
use crate::kernel::sysctl::Key;
use crate::kernel::sysctl_fault;

use super::Lab;
use super::failure::{Failure, Outcome, shortened};
use super::netns::Netns;
use super::suggest::nearest;

impl Lab {
    /// Tells why a change was refused.
    pub(super) fn explain(&self, netns: &Netns, change: &Change, error: &Error) -> Box<Failure> {
        let operation = change.operation();
        let mut failure = self.describe(netns, &shortened(operation.words()), error);
        failure.object = shortened(operation.object());
        match error {
            Error::NoSuchLink(name) => {
                failure.object = shortened(name.clone());
                failure.argument = argument_of(operation.links(), name);
            }
            Error::NoSuchNetns(name) => {
                failure.object = shortened(name.clone());
                failure.argument = argument_of(operation.namespaces(), name);
            }
            Error::Refused { errno, said } => {
                let refusal = Refusal {
                    errno: *errno,
                    said: said.as_deref(),
                };
                let names = self.names_in(netns).ok();
                let reason = names.and_then(|names| operation.refusal(&refusal, &names));
                if let Some(reason) = reason {
                    give(reason, &operation.words(), &mut failure);
                }
            }
            Error::NoAnswer | Error::Unreadable(_) => {}
        }
        failure
    }

    /// Fails if something speaks against a change that the kernel would not say.
    pub(super) fn hear_objection(&self, netns: &Netns, change: &Change) -> Outcome<()> {
        let operation = change.operation();
        let names = self.names_in(netns).ok();
        let Some(reason) = names.and_then(|names| operation.objection(&names)) else {
            return Ok(());
        };
        let mut failure = Box::new(Failure {
            object: shortened(operation.object()),
            netns: netns.label().to_string(),
            ..Failure::default()
        });
        give(reason, &operation.words(), &mut failure);
        Err(failure)
    }

    /// Tells why a question was not answered; `words` follow "cannot".
    pub fn explain_question(&self, words: &str, error: &Error) -> Box<Failure> {
        self.describe(&self.current(), words, error)
    }

    /// The same with what its object knows of the refusal.
    pub fn explain_with(
        &self,
        words: &str,
        error: &Error,
        reason: impl FnOnce(&Refusal) -> Option<Reason>,
    ) -> Box<Failure> {
        self.explain_in(&self.current(), words, error, reason)
    }

    /// The same in a namespace that need not be the current one.
    pub(super) fn explain_in(
        &self,
        netns: &Netns,
        words: &str,
        error: &Error,
        reason: impl FnOnce(&Refusal) -> Option<Reason>,
    ) -> Box<Failure> {
        let mut failure = self.describe(netns, words, error);
        if let Error::Refused { errno, said } = error {
            let said = said.as_deref();
            let refusal = Refusal {
                errno: *errno,
                said,
            };
            if let Some(reason) = reason(&refusal) {
                give(reason, words, &mut failure);
            }
        }
        failure
    }

    /// What can be said of any error.
    fn describe(&self, netns: &Netns, words: &str, error: &Error) -> Box<Failure> {
        let mut failure = Box::new(Failure {
            netns: netns.label().to_string(),
            errno: error.errno(),
            kernel: error.kernel_words(),
            ..Failure::default()
        });
        let reason = match error {
            Error::NoSuchLink(name) => {
                failure.object = shortened(name.clone());
                failure.hint = self.link_hint(netns, name);
                format!("there is no link {:?}", failure.object)
            }
            Error::NoSuchNetns(name) => {
                failure.object = shortened(name.clone());
                failure.hint = self.netns_hint(&failure.object);
                format!("there is no network namespace {:?}", failure.object)
            }
            Error::Refused { errno, said } => {
                failure.hint = self.general_hint(*errno);
                match said {
                    Some(said) => said.clone(),
                    None => errno_words(*errno).to_lowercase(),
                }
            }
            Error::NoAnswer => "the kernel did not answer in time".into(),
            Error::Unreadable(what) => what.clone(),
        };
        failure.message = format!("cannot {words}: {reason}");
        failure
    }

    pub(super) fn link_hint(&self, netns: &Netns, name: &str) -> String {
        for other in self.open_netns() {
            if other.name() == netns.name() {
                continue;
            }
            let there = other.namespace().and_then(|ns| ns.route()?.index_of(name));
            if there.is_ok() {
                return if other.is_home() {
                    "it is in the home namespace".into()
                } else {
                    let other = other.name();
                    format!(
                        "it is in netns {other}: call the verb as a method of its handle, or inside netns_get({other:?}).run(|| ...)"
                    )
                };
            }
        }
        let names = netns.namespace().and_then(|ns| link::names(&ns));
        let names = names.unwrap_or_default();
        match nearest(name, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean {name:?}?"),
            None => format!("the links here are: {}", listed(&names)),
        }
    }

    fn netns_hint(&self, name: &str) -> String {
        let names = self.netns_names().unwrap_or_default();
        match nearest(name, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean {name:?}?"),
            None if names.is_empty() => format!("make it with netns_add({name:?})"),
            None => format!("the namespaces are: {}", listed(&names)),
        }
    }

    /// What helps against a refusal of whatever object.
    pub(super) fn general_hint(&self, errno: Errno) -> String {
        match errno {
            Errno::EPERM | Errno::EACCES if !self.settings().sandboxed => {
                "changing this network needs root or CAP_NET_ADMIN; without --host netsh works in a sandbox of its own and needs neither".into()
            }
            Errno::EMFILE => {
                "ulimit -n says how many files a program may have open; namespaces, sockets and captures are files".into()
            }
            Errno::EROFS => {
                "/proc/sys is read-only here, as it is in most containers".into()
            }
            _ => String::new(),
        }
    }

    /// Tells why a sysctl could not be read.
    pub fn explain_sysctl(&self, words: &str, key: &Key, error: &Error) -> Box<Failure> {
        let mut failure = self.explain_question(words, error);
        failure.object = key.to_string();
        if let (Some(errno), Ok(namespace)) = (error.errno(), self.current().namespace())
            && let Some(reason) = sysctl_fault::reason(&namespace, key, errno)
        {
            give(reason, words, &mut failure);
        }
        failure
    }
}

/// Puts what an object knows of its refusal, or has against a change, into the failure.
fn give(reason: Reason, words: &str, failure: &mut Failure) {
    failure.message = shortened(format!("cannot {words}: {}", reason.words));
    failure.argument = reason.argument.into();
    failure.within = reason.within;
    if !reason.hint.is_empty() {
        failure.hint = reason.hint;
    }
    if let Some(alike) = reason.alike {
        let among = alike.among.iter().map(String::as_str);
        if let Some(name) = nearest(&alike.wrong, among) {
            failure.hint = format!("did you mean {name:?}{}?", alike.place);
        }
    }
}

/// The parameter or option of the verb that gives this name.
fn argument_of(roles: Vec<(&'static str, &str)>, name: &str) -> String {
    let mut roles = roles.into_iter();
    roles
        .find(|(_, named)| *named == name)
        .map_or(String::new(), |(argument, _)| argument.into())
}

/// Runs a question of the lab's, and tells why if it was not answered.
pub fn ask<T>(lab: &Lab, words: &str, question: impl FnOnce() -> Result<T>) -> Outcome<T> {
    question().map_err(|error| lab.explain_question(words, &error))
}
