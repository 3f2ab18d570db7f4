//! Netlink, whatever the protocol: messages out, answers in.
//!
//! | file | what it is |
//! |---|---|
//! | [`message`] | messages and requests as bytes; answers, refusals and the kernel's words in them |
//! | [`attributes`] | attributes (struct nlattr), written and read |
//! | [`socket`] | a socket of one namespace: changes, questions, lists |
//! | [`listen`] | what the kernel tells everybody, of one namespace or of all |
//! | [`tap`] | whoever wants to see the bytes that pass |
//!
//! What the messages mean is left to the files of the objects (`link`, `addr`, `nft`, ...).
//!
//! rtnetlink's `Handle` hides batches, takes a dump that ended in an error for an empty list, and ignores NLM_F_DUMP_INTR;
//! netlink-proto, on which it is built, keeps a table of questions that are never answered, and a netfilter transaction has
//! many of these. So the exchange is our own: send one datagram, take in what lies there.

pub mod attributes;
pub mod listen;
pub mod message;
pub mod socket;
pub mod tap;

pub use message::{Answer, Message, Request};
pub use socket::{Socket, Tried};
pub use tap::{Direction, Tap, set_tap};
