//! Bytes and structs: what is in a packet or a message. Pure: no sockets, no files, no panics on any input.

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
