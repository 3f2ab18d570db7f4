//! Sockets that measure. They report what happened; what it means is left to whoever asked.
//!
//! | file | what it is |
//! |---|---|
//! | [`ping`] | options in, events and a report out; the work is in [`ping_session`], the lines for people in [`ping_text`] |
//! | [`socket_settings`] | how a socket is set up: from where, by which link, how far |
//! | [`icmp_socket`], [`error_queue`], [`timestamp`] | ICMP sockets, the errors that come back, the kernel's times |
//! | [`echo_requests`], [`round_trips`] | what is on its way; minimum, mean, maximum, deviation |
//! | [`capture`] | packets as they pass, taken down while something else is done |
//! | [`throughput`], [`tcp_info`] | how much gets through, by TCP and UDP |
//! | [`traceroute`] | who is on the way |
//! | [`attempt`], [`port_check`] | one question to a port, and many at once |
//! | [`send`] | packets sent as they are |
//! | [`arping`] | who has an address, asked by ARP; the lines for people are in [`arping_text`] |
//! | [`resolve`] | names to addresses |
//! | [`tcp`], [`datagrams`] | connections, made and taken; datagrams from anybody |
//! | [`service`] | servers that answer by themselves |
//! | [`error`] | why a probe could not be made |

pub mod arping;
pub mod arping_text;
pub mod attempt;
pub mod capture;
pub mod datagrams;
pub mod echo_requests;
pub mod error;
pub mod error_queue;
pub mod icmp_socket;
pub mod ping;
pub mod ping_session;
pub mod ping_text;
pub mod port_check;
pub mod resolve;
pub mod round_trips;
pub mod send;
pub mod service;
pub mod socket_settings;
pub mod tcp;
pub mod tcp_info;
pub mod throughput;
pub mod timestamp;
pub mod traceroute;
