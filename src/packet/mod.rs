//! Bytes and structs: what is in a packet or a message. Pure: no sockets, no files, no panics on any input.
//!
//! | file | what it is |
//! |---|---|
//! | [`layers`] | a packet as layers of named fields: decoded, and encoded again |
//! | [`mod@line`] | the same as a line of text, as tcpdump prints it |
//! | [`captured`], [`capture_file`] | a packet as it was captured; pcap and pcapng |
//! | [`filter`] | tcpdump's filters as programs of the kernel's packet filter |
//! | [`identity`], [`answer`] | what stays the same along the way; which packet answers which |
//! | [`icmp`], [`dns`], [`http`] | messages that probes and servers speak |
//! | [`netlink`] | netlink messages as trees of named fields |
//! | [`hex`], [`fault`] | digits; what is wrong with a text, and where |

pub mod answer;
pub mod capture_file;
pub mod captured;
pub mod dns;
pub mod fault;
pub mod filter;
pub mod hex;
pub mod http;
pub mod icmp;
pub mod identity;
pub mod layers;
pub mod line;
pub mod netlink;
