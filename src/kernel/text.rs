//! Names and texts of the kernel's that are not UTF-8. Linux takes nearly any bytes for the name of a link, for its alias
//! and for the label of an address; whoever else makes such a one (`ip link add $'x\xff' ...`) must not keep netsh from
//! reading the rest of the list.

use netlink_packet_core::NetlinkBuffer;

/// Stands for a byte that is no text, so that lengths stay what they are.
const UNREADABLE: u8 = b'?';

/// `RTM_NEWLINK` and `RTM_NEWADDR` of linux/rtnetlink.h.
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;

/// `IFLA_IFNAME`, `IFLA_IFALIAS`, `IFLA_PROP_LIST` with `IFLA_ALT_IFNAME`, of linux/if_link.h.
const LINK_TEXTS: [u16; 3] = [3, 20, 53];
const IFLA_PROP_LIST: u16 = 52;

/// `IFA_LABEL` of linux/if_addr.h.
const ADDRESS_TEXTS: [u16; 1] = [3];

/// `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER` of linux/netlink.h are flags in the type.
const NLA_TYPE_MASK: u16 = 0x3fff;

/// `struct nlattr` is 4 bytes; `struct nlmsghdr` and `struct ifinfomsg` 16, `struct ifaddrmsg` 8.
const NLATTR_LENGTH: usize = 4;
const NLMSGHDR_LENGTH: usize = 16;
const IFINFOMSG_LENGTH: usize = 16;
const IFADDRMSG_LENGTH: usize = 8;

/// Bytes as text, with a question mark for each that is none.
pub fn readable(bytes: &[u8]) -> String {
    let mut bytes = bytes.to_vec();
    make_readable(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The message with all its texts readable, if it is one of those that carry any.
pub fn with_readable_texts(message: &[u8]) -> Option<Vec<u8>> {
    let kind = NetlinkBuffer::new_checked(message).ok()?.message_type();
    let (header, texts) = match kind {
        RTM_NEWLINK => (IFINFOMSG_LENGTH, &LINK_TEXTS[..]),
        RTM_NEWADDR => (IFADDRMSG_LENGTH, &ADDRESS_TEXTS[..]),
        _ => return None,
    };
    let mut message = message.to_vec();
    repair(message.get_mut(NLMSGHDR_LENGTH + header..)?, texts);
    Some(message)
}

fn repair(mut attributes: &mut [u8], texts: &[u16]) {
    while let Some(&[l0, l1, t0, t1]) = attributes.first_chunk::<NLATTR_LENGTH>() {
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let kind = u16::from_ne_bytes([t0, t1]) & NLA_TYPE_MASK;
        let Some(value) = attributes.get_mut(NLATTR_LENGTH..length) else {
            return;
        };
        if kind == IFLA_PROP_LIST && texts == LINK_TEXTS {
            repair(value, texts);
        } else if texts.contains(&kind) {
            make_readable(value);
        }
        let next = length.next_multiple_of(4).min(attributes.len());
        attributes = &mut attributes[next..];
    }
}

fn make_readable(mut bytes: &mut [u8]) {
    while let Err(error) = std::str::from_utf8(bytes) {
        let start = error.valid_up_to();
        let length = error.error_len().unwrap_or(bytes.len() - start);
        let (wrong, rest) = bytes[start..].split_at_mut(length);
        wrong.fill(UNREADABLE);
        bytes = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_mark_for_each_wrong_byte() {
        assert_eq!(readable(b"x\xff"), "x?");
        assert_eq!(readable("veth0 \u{e9}".as_bytes()), "veth0 \u{e9}");
        assert_eq!(readable(b"\xe2\x82"), "??");
    }

    proptest! {
        #[test]
        fn any_bytes_become_text_of_the_same_length(bytes: Vec<u8>) {
            let mut mended = bytes.clone();
            make_readable(&mut mended);
            prop_assert!(std::str::from_utf8(&mended).is_ok());
            prop_assert_eq!(mended.len(), bytes.len());
        }

        #[test]
        fn no_message_is_a_panic(rest: Vec<u8>, address: bool) {
            let kind = if address { RTM_NEWADDR } else { RTM_NEWLINK };
            let length = u32::try_from(NLMSGHDR_LENGTH + rest.len()).expect("a short message");
            let mut message = length.to_ne_bytes().to_vec();
            message.extend(kind.to_ne_bytes());
            message.extend([0; 10]);
            message.extend(&rest);
            let mended = with_readable_texts(&message);
            prop_assert!(mended.is_none_or(|mended| mended.len() == message.len()));
        }
    }
}
