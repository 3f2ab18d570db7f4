//! The verb that shows the manual.

use rhai::plugin::*;

use crate::catalog::help::answer;
use crate::lab::failure::Failure;

use super::call::{RhaiResultOf, verb};
use super::options::describe;

/// The verbs.
#[export_module]
pub mod api {
    /// Shows all verbs, by what they are about, and how to learn more.
    ///
    /// Equivalent to: `netsh help`
    ///
    /// Search words: `manual`, `man`, `usage`, `verbs`, `documentation`
    ///
    /// # Example
    /// ```rhai
    /// help();
    /// ```
    #[rhai_fn(name = "help", return_raw)]
    pub fn help_on_all(ctx: NativeCallContext) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            lab.screen()
                .manual(&answer(super::super::catalog(), "").markdown);
            Ok(())
        })
    }

    /// Shows the page of a verb, or the verbs that fit what is looked for.
    ///
    /// The topic is the name of a verb ("veth_add"), a word ("arp"), a command of another tool ("ip neigh") or a group
    /// ("Links").
    ///
    /// Equivalent to: `netsh help TOPIC`
    ///
    /// Search words: `man`, `apropos`, `explain`, `search`
    ///
    /// # Errors
    /// The topic is no string.
    ///
    /// # Example
    /// ```rhai
    /// help("link_up");
    /// help("ip neigh");
    /// ```
    #[rhai_fn(return_raw)]
    pub fn help(ctx: NativeCallContext, topic: Dynamic) -> RhaiResultOf<()> {
        verb(&ctx, |lab| {
            let Some(words) = topic.read_lock::<ImmutableString>() else {
                let words = format!("help is given a word, not {}", describe(&topic));
                return Err(Failure::new(words)
                    .blame("topic")
                    .hint("put it in quotes: help(\"veth_add\"), help(\"ip neigh\")"));
            };
            lab.screen()
                .manual(&answer(super::super::catalog(), &words).markdown);
            Ok(())
        })
    }
}
