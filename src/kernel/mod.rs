//! Layer 1: Linux. Plain Rust types in and out, one file per kernel object.
//!
//! | file | what it is |
//! |---|---|
//! | [`change`] | a change as a value: what is sent, the equivalent command, the inverse, the words |
//! | [`link`], [`link_set`], [`veth`], [`addr`], [`neigh`], [`sysctl`], [`netns_change`] | the objects: reading them, and their changes |
//! | [`netns`] | network namespaces; the only unshare(2) and setns(2) |
//! | [`netlink`] | the rtnetlink connection: requests, dumps, extended acks, the tap |
//! | `stepwise` | the socket under it: the kernel is asked before netsh waits |
//! | [`ioctl`] | name to index and back |
//! | [`cidr`], [`mac`] | addresses as text |
//! | [`text`] | names that are not UTF-8 |
//! | [`program`] | other programs, started in a namespace |
//! | [`process`] | other processes, as /proc shows them, and descriptors that stand for them |
//! | [`limits`] | how many files may be open |
//! | [`reason`], [`kinds`], [`sysctl_fault`] | what an object knows of a refusal |
//! | [`error`] | what the kernel can answer other than yes |
//!
//! Nothing here knows the language of scripts or the lab. What a change says of itself (words, the equivalent command) is data; the layers above
//! show it.

pub mod addr;
pub mod change;
pub mod cidr;
pub mod error;
pub mod ioctl;
pub mod kinds;
pub mod limits;
pub mod link;
pub mod link_set;
pub mod mac;
pub mod neigh;
pub mod netlink;
pub mod netns;
pub mod netns_change;
pub mod process;
pub mod program;
pub mod reason;
mod stepwise;
pub mod sysctl;
pub mod sysctl_fault;
pub mod text;
pub mod veth;
