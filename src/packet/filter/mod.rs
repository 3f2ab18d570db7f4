//! Capture filters in the language of tcpdump (pcap-filter(7)), compiled to programs of the classic packet filter.
//!
//! ```text
//! "tcp port 80"  token.rs      text to tokens
//!                parser.rs     tokens to a tree: and, or, not, brackets
//!                qualifiers.rs   conditions: protocol, direction, type
//!                address.rs      the addresses, ports and names behind them
//!                computation.rs  numbers: ip[6:2] & 0x1fff
//!                words.rs        the words that are data
//!                syntax.rs     the tree
//!                compile.rs    the tree to a graph of decisions
//!                meaning.rs      conditions: which bytes are compared
//!                number.rs       numbers: what is computed
//!                graph.rs      the graph
//!                facts.rs      decisions left out whose outcome is known
//!                groups.rs     decisions put together that look at the same
//!                assemble.rs   the graph to instructions
//!                instruction.rs  an instruction, and how tcpdump -d prints it
//!                run.rs        a program applied to a packet
//! ```
//!
//! What is read is what tcpdump reads, and where a text would be read in two ways, or not as it looks, it is refused in words:
//! a number as a host (`host 80`), the operators `%` and `^` among others without brackets. More than tcpdump understands are `ip
//! proto tcp` without a backslash, `net 10/8`, and an address behind a bracket in which its qualifiers stand. Names of hosts are
//! not looked up: nothing here asks anybody.
//!
//! The kernel is told a program elsewhere; this is pure.

mod address;
mod assemble;
mod compile;
mod computation;
mod facts;
mod graph;
mod groups;
pub mod instruction;
mod meaning;
mod number;
mod parser;
mod qualifiers;
mod run;
mod syntax;
#[cfg(test)]
mod tests;
mod token;
mod words;

pub use compile::{LONGEST, Source, compile};
pub use instruction::{Instruction, Listing};
pub use parser::parse;
pub use run::{Beside, run};
pub use syntax::Expression;
