//! Names and texts of the kernel's that are not UTF-8. Linux takes nearly any bytes for the name of a link, for its alias
//! and for the label of an address; whoever else makes such a one (`ip link add $'x\xff' ...`) must not keep netsh from
//! reading the rest of the list.

/// Stands for a byte that is no text, so that lengths stay what they are.
const UNREADABLE: u8 = b'?';

/// `RTM_NEWADDR` and `RTM_DELADDR` of linux/rtnetlink.h, and their one text, `IFA_LABEL` of linux/if_addr.h.
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const IFA_LABEL: u16 = 3;

/// `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER` of linux/netlink.h are flags in the type.
const NLA_TYPE_MASK: u16 = 0x3fff;

/// `struct nlattr` is 4 bytes, `struct ifaddrmsg` 8.
const NLATTR_LENGTH: usize = 4;
const IFADDRMSG_LENGTH: usize = 8;

/// Bytes as text, with a question mark for each that is none.
pub fn readable(bytes: &[u8]) -> String {
    let mut bytes = bytes.to_vec();
    make_readable(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The text of an attribute, which ends at its NUL.
pub fn of_attribute(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0);
    readable(&value[..end.unwrap_or(value.len())])
}

/// What follows the header of an address's message, with its label readable; None for messages of other kinds.
pub fn with_readable_label(message_type: u16, payload: &[u8]) -> Option<Vec<u8>> {
    if ![RTM_NEWADDR, RTM_DELADDR].contains(&message_type) {
        return None;
    }
    let mut payload = payload.to_vec();
    let mut attributes = payload.get_mut(IFADDRMSG_LENGTH..)?;
    while let Some(&[l0, l1, t0, t1]) = attributes.first_chunk::<NLATTR_LENGTH>() {
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let kind = u16::from_ne_bytes([t0, t1]) & NLA_TYPE_MASK;
        let value = attributes.get_mut(NLATTR_LENGTH..length)?;
        if kind == IFA_LABEL {
            make_readable(value);
        }
        let next = length.next_multiple_of(4).min(attributes.len());
        attributes = &mut attributes[next..];
    }
    Some(payload)
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
        fn no_message_is_a_panic(payload: Vec<u8>) {
            let mended = with_readable_label(RTM_NEWADDR, &payload);
            prop_assert!(mended.is_none_or(|mended| mended.len() == payload.len()));
        }
    }
}
