//! What may not be changed here, whoever asks: the rules that the kernel does not keep for us.

use nix::errno::Errno;

use crate::kernel::change::Change;

use super::Lab;
use super::failure::{Failure, Outcome};

impl Lab {
    /// Refuses a change that would reach out of the sandbox, or pull the ground from under a running closure.
    pub(super) fn permit(&self, change: &Change) -> Outcome<()> {
        let refusal = match change {
            // Every network namespace has its own parameters under net. All others belong to the machine, and the user
            // namespace would not keep root from writing them.
            Change::SysctlSet(set) if self.settings().sandboxed && !set.key.is_network() => (
                "it is the whole machine's, not the sandbox's",
                Errno::EPERM,
                "only sysctls under net. can be set in the sandbox; --host leaves the sandbox",
            ),
            Change::NetnsDel(del) if self.is_in_use(&del.name) => {
                ("it is the one in use", Errno::EBUSY, "")
            }
            _ => return Ok(()),
        };
        let (reason, errno, hint) = refusal;
        let operation = change.operation();
        let words = format!("cannot {}: {reason}", operation.words());
        let mut failure = Failure::new(words)
            .about(operation.object())
            .blame("name")
            .hint(hint);
        failure.errno = Some(errno);
        Err(failure)
    }
}
