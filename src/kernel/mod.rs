//! Layer 1: Linux. Plain Rust types in and out, one file per kernel object.
//!
//! | file | what it is |
//! |---|---|
//! | [`change`] | a change as a value: what is sent, the equivalent command, the inverse, the words |
//! | [`link`], [`link_add`], [`link_set`], [`link_altname`], [`veth`], [`addr`], [`neigh`], [`sysctl`], [`netns_change`] | the objects: reading them, and their changes |
//! | [`tuntap`] | tun and tap devices: making them, their descriptors |
//! | [`options`] | options of objects as data: reading, writing and saying them by a table |
//! | [`kind`] | the kinds of links and of ports with their tables |
//! | [`qdisc`], [`filter`] | traffic control: queueing disciplines and classes, filters and actions |
//! | [`features`], [`doctor`] | what this kernel has and this user can do, found out by trying |
//! | [`nft`] | tables, chains, rules and sets of nftables |
//! | [`wireguard`] | keys and peers of WireGuard |
//! | [`units`] | durations, rates, sizes and percentages as tc writes them |
//! | [`route`], [`route_change`], [`route_fault`], [`route_filter`], [`route_metrics`], [`route_names`], [`route_question`], [`rule`] | routes and rules |
//! | [`neigh_change`], [`ndmsg`], [`fdb`], [`fdb_change`], [`fdb_flush`], [`bridge_vlan`], [`vlan_options`], [`vni`], [`mdb`], [`mdb_change`], [`port_state`] | neighbours; what bridges know of addresses, VLANs and groups; states of ports |
//! | `bridge_port` | that a link is no port of a bridge |
//! | [`netns`] | network namespaces; the only unshare(2) and setns(2) |
//! | [`netlink`] | netlink sockets: requests, lists, transactions, extended acks, attributes, the tap |
//! | [`conntrack`], [`conntrack_change`], [`conntrack_filter`], [`conntrack_text`] | connections as netfilter tracks them, forgetting them, which of them are meant, and a line of text for each |
//! | [`notification`], [`monitor_text`] | what the kernel tells of links, addresses, routes and neighbours, and a line of text for each |
//! | [`nsid`] | the ids by which a namespace knows others |
//! | [`packet_socket`] | packets as they pass the links: sockets that see them, and the memory they lie in |
//! | [`ioctl`] | name to index and back |
//! | [`cidr`], [`mac`] | addresses as text |
//! | [`text`] | names that are not UTF-8 |
//! | [`program`] | other programs, started in a namespace |
//! | [`wait`] | waiting for descriptors, and what is done meanwhile |
//! | [`process`] | other processes, as /proc shows them, and descriptors that stand for them |
//! | [`listeners`] | who listens at a port |
//! | [`users`] | the users of this user namespace |
//! | [`limits`] | how many files may be open |
//! | [`link_properties`] | properties that any link has and few set |
//! | `link_message`, `link_refusal` | the message of a link, and why the kernel says no |
//! | [`reason`], [`kinds`], [`sysctl_fault`] | what an object knows of a refusal |
//! | [`error`] | what the kernel can answer other than yes |
//!
//! Nothing here knows the language of scripts or the lab. What a change says of itself (words, the equivalent command) is data; the layers above
//! show it.

pub mod addr;
mod bridge_port;
pub mod bridge_vlan;
pub mod change;
pub mod cidr;
pub mod conntrack;
pub mod conntrack_change;
pub mod conntrack_filter;
pub mod conntrack_text;
pub mod doctor;
pub mod error;
pub mod fdb;
pub mod fdb_change;
pub mod fdb_flush;
pub mod features;
pub mod filter;
pub mod ioctl;
pub mod kind;
pub mod kinds;
pub mod limits;
pub mod link;
pub mod link_add;
pub mod link_altname;
mod link_message;
pub mod link_properties;
mod link_refusal;
pub mod link_set;
pub mod listeners;
pub mod mac;
pub mod mdb;
pub mod mdb_change;
pub mod monitor_text;
pub mod ndmsg;
pub mod neigh;
pub mod neigh_change;
pub mod netlink;
pub mod netns;
pub mod netns_change;
pub mod nft;
pub mod notification;
pub mod nsid;
pub mod options;
pub mod packet_socket;
pub mod port_state;
pub mod process;
pub mod program;
pub mod qdisc;
pub mod reason;
pub mod route;
pub mod route_change;
pub mod route_fault;
pub mod route_filter;
pub mod route_metrics;
pub mod route_names;
pub mod route_question;
pub mod rule;
pub mod sysctl;
pub mod sysctl_fault;
pub mod text;
pub mod tuntap;
pub mod units;
pub mod users;
pub mod veth;
pub mod vlan_options;
pub mod vni;
pub mod wait;
pub mod wireguard;
