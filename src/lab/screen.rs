//! What the lab has to say while it works. The layer of people (`shell`) implements it; this one only speaks.

use crate::kernel::netlink::Direction;
use crate::picture::Drawing;

/// Whoever shows things to the user.
pub trait Screen {
    /// A line of the script's own (`print`), to standard output.
    fn print(&self, text: &str);
    /// A line of a verb that reports while it works (a ping reply). Not shown under `--quiet` and `--json`.
    fn live(&self, text: &str);
    /// Signs of a verb that is at work, without a line end: for a terminal, and nobody else.
    fn mark(&self, _signs: &str) {}
    /// A value, as a table for people or as JSON.
    fn show(&self, value: &serde_json::Value);
    /// Whether what is shown is data for programs, not for the eyes of people.
    fn shows_data(&self) -> bool {
        false
    }
    /// A drawing for people, or the same as a value for JSON.
    fn draw(&self, drawing: &dyn Drawing, value: &serde_json::Value);
    /// Pages of the manual, as Markdown.
    fn manual(&self, markdown: &str);
    /// The command that is equivalent to the next change.
    fn command(&self, line: &str);
    /// A netlink message of this protocol that passed.
    fn netlink(&self, protocol: isize, direction: Direction, bytes: &[u8]);
    /// What takes long at the moment, for a sign of life; empty for no more.
    fn doing(&self, _words: &str) {}
    /// The terminal belongs to a program from now on, or to netsh again.
    fn lend(&self, _lent: bool) {}
    /// Something that the user should know though nothing failed.
    fn note(&self, text: &str);
    /// What a person could do next, after a line of `live`; said at a terminal only, for a script that is read by a program may do
    /// on purpose what looks like a mistake.
    fn hint(&self, _text: &str) {}
    /// Whether nobody reads standard output any more (`| head -1`): then there is no point in going on.
    fn is_closed(&self) -> bool;
}
