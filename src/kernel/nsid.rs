//! The ids by which a namespace knows others (ip-netns(8), `list-id`): what tells a socket that hears all of them whose
//! notification it reads.

use std::os::fd::AsRawFd;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::nsid::{NsidAttribute, NsidMessage};
use nix::errno::Errno;

use super::error::Result;
use super::link;
use super::netlink::Request;
use super::netns::Namespace;

/// The id by which `namespace` knows `other`; if it has none, the kernel chooses one, which stays as long as both live.
pub fn give(namespace: &Namespace, other: &Namespace) -> Result<Option<i32>> {
    if let Some(id) = link::nsid(namespace, other)? {
        return Ok(Some(id));
    }
    let fd = u32::try_from(other.as_raw_fd()).unwrap_or_default();
    let mut message = NsidMessage::default();
    message.attributes = vec![NsidAttribute::Fd(fd), NsidAttribute::Id(-1)];
    let request = Request::new(RouteNetlinkMessage::NewNsId(message), 0);
    match namespace.route()?.change_all([request]) {
        // Somebody else was faster.
        Err(error) if error.errno() == Some(Errno::EEXIST) => {}
        given => given?,
    }
    link::nsid(namespace, other)
}
