//! netsh: a shell for Linux network experiments.
//!
//! A Rhai script makes interfaces, addresses and namespaces by talking to the kernel itself, and probes them, in a
//! sandbox that needs no privilege and leaves nothing behind.
//!
//! One call from top to bottom:
//!
//! ```text
//! lab.rhai     addr_add("veth0", "192.168.4.2/24")
//!   script/    the verb: reads and checks the arguments, builds a Change              (knows Rhai)
//!   lab/       applies the Change: namespace, show-commands, undo, error context      (knows no Rhai)
//!   kernel/    the Change's netlink message goes out on the namespace's socket        (knows no lab)
//! Linux        answers: ACK, or errno and the extended-ack text
//! ```
//!
//! The layers, from the bottom; arrows point down only:
//!
//! | module | layer | what it is |
//! |---|---|---|
//! | [`packet`] | 1 | bytes and structs, pure: ICMP, packets as layers and in a line, capture files and filters, netlink messages as trees |
//! | [`kernel`] | 1 | Linux, one file per kernel object; a change as a value; the only unshare and setns |
//! | [`probe`] | 1 | sockets that measure and look: ping, throughput, captures |
//! | [`lab`] | 2 | the experiment: sandbox, the one door for changes, failures with words and hints |
//! | [`script`] | 3 | the language: one file per noun; the doc comments are the manual |
//! | [`catalog`] | 3 | what there is to call, read back from the verbs: help, completion, reference are made from it |
//! | [`shell`] | 4 | people: the prompt, tables, error reports, the manual drawn |
//!
//! `stdlib/` holds modules in Rhai that are part of the binary ([`script::modules`]).
//!
//! `main.rs` reads the command line, enters the sandbox before any thread exists, and hands over.
//!
//! Where to begin: `scripts/veth.rhai` for what it is for, [`script::addr`] for what a verb looks like,
//! [`kernel::change`] for what a change is, [`lab::apply`] for the door, [`lab::sandbox`] for the sandbox, [`shell::prompt`] for the prompt.

pub mod catalog;
pub mod kernel;
pub mod lab;
pub mod packet;
pub mod probe;
pub mod script;
pub mod shell;
