//! What `--show-netlink` prints: the bytes of rtnetlink's and netfilter's messages as a tree of named fields.
//!
//! `message.rs` knows messages and the kernel's answers, `tree.rs` walks over attributes, `values.rs` writes one value,
//! and all names and numbers are data in `tables/`. No socket is opened and nothing is kept: bytes in, nodes out. Any
//! bytes will do; what is wrong with them is said where it is wrong.
//!
//! The tables are our own. netlink-bindings is generated from the same specifications, but keeps the names of its
//! attributes private and in Rust's spelling; its Debug output would have to be taken apart again, link, route and tc
//! alone are 66 000 lines to compile, and it has no vxlan, macvlan or veth peer.

mod message;
mod tables;
mod tree;
mod values;

/// The netlink protocols whose messages have names here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Route,
    Netfilter,
}

/// NETLINK_* of linux/netlink.h.
const PROTOCOLS: [(isize, Protocol); 2] = [(0, Protocol::Route), (12, Protocol::Netfilter)];

/// One named thing in a message: a header, an attribute, or something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The kernel's name, with its number where it has one: `IFLA_IFNAME (3)`.
    pub name: String,
    /// What the message says about its length in bytes, headers included and padding not.
    pub length: Option<usize>,
    /// What it holds.
    pub value: Option<String>,
    /// What is nested in it.
    pub children: Vec<Node>,
}

impl Node {
    fn with_value(name: &str, value: String) -> Self {
        Node {
            name: name.to_string(),
            length: None,
            value: Some(value),
            children: Vec::new(),
        }
    }

    fn malformed(fault: String) -> Self {
        Node::with_value("malformed:", fault)
    }
}

/// The messages in one datagram of a netlink protocol, one node each (a dump or a batch has many).
pub fn decode(protocol: isize, datagram: &[u8]) -> Vec<Node> {
    let Some((_, protocol)) = PROTOCOLS.iter().find(|it| it.0 == protocol) else {
        return vec![Node::with_value("nlmsghdr", values::dump(datagram))];
    };
    let mut nodes = Vec::new();
    let mut rest = datagram;
    while !rest.is_empty() {
        let (node, length) = message::first(*protocol, rest);
        nodes.push(node);
        match length.and_then(|length| rest.get(length.next_multiple_of(4)..)) {
            Some(next) => rest = next,
            None => break,
        }
    }
    nodes
}

/// The tree as lines, each level two spaces further in.
pub fn text(nodes: &[Node]) -> String {
    let mut lines = String::new();
    write_nodes(nodes, 0, &mut lines);
    lines
}

fn write_nodes(nodes: &[Node], depth: usize, lines: &mut String) {
    for node in nodes {
        lines.push_str(&"  ".repeat(depth));
        lines.push_str(&node.name);
        if let Some(length) = node.length {
            lines.push_str(&format!(" length {length}"));
        }
        if let Some(value) = &node.value {
            lines.push_str("  ");
            lines.push_str(value);
        }
        lines.push('\n');
        write_nodes(&node.children, depth + 1, lines);
    }
}

#[cfg(test)]
mod captures;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::captures::{
        ADDRESSES, BRIDGE_VLAN, CAPTURES, CONNECTION, LINK, MULTIPATH, POLICY, RULE, VETH_ADD,
        VETH_EXISTS, VXLAN_ID,
    };
    use super::tables::{OBJECTS, SUBSYSTEMS};
    use super::*;

    /// NETLINK_ROUTE and NETLINK_NETFILTER of linux/netlink.h.
    const ROUTE: isize = 0;
    const NETFILTER: isize = 12;

    fn decode(datagram: &[u8]) -> Vec<Node> {
        super::decode(ROUTE, datagram)
    }

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
        digits
            .chunks(2)
            .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap())
            .collect()
    }

    fn shown(hex: &str) -> String {
        text(&decode(&bytes(hex)))
    }

    fn attribute(number: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(value.len() + 4).unwrap();
        let mut bytes = [length.to_ne_bytes(), number.to_ne_bytes()].concat();
        bytes.extend_from_slice(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn message_of(kind: u16, flags: u16, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len() + 16).unwrap();
        let mut bytes = length.to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend_from_slice(payload);
        bytes
    }

    /// An RTM_NEWLINK request with these attributes.
    fn link(attributes: &[u8]) -> String {
        text(&decode(&message_of(
            16,
            5,
            &[&[0; 16], attributes].concat(),
        )))
    }

    #[track_caller]
    fn assert_line(text: &str, line: &str) {
        let found = text.lines().any(|shown| shown.trim_start() == line);
        assert!(found, "no line {line:?} in\n{text}");
    }

    #[test]
    fn a_veth_pair_is_told_down_to_the_peers_name() {
        let expected = "\
nlmsghdr  length 96, type RTM_NEWLINK (16), flags NLM_F_REQUEST|NLM_F_ACK|NLM_F_EXCL|NLM_F_CREATE (0x605), sequence 1795394404, port 0
  ifinfomsg  family AF_UNSPEC (0), type 0, index 0, flags 0, change 0x0
  IFLA_IFNAME (3) length 10  \"veth0\"
  IFLA_LINKINFO (18) length 52
    IFLA_INFO_KIND (1) length 8  \"veth\"
    IFLA_INFO_DATA (2) length 40
      VETH_INFO_PEER (1) length 36
        ifinfomsg  family AF_UNSPEC (0), type 0, index 0, flags 0, change 0x0
        IFLA_IFNAME (3) length 14  \"veth0peer\"
";
        assert_eq!(shown(VETH_ADD), expected);
    }

    #[test]
    fn an_error_echoes_the_request_where_it_is_not_capped() {
        let text = shown(VETH_EXISTS);
        assert_line(&text, "error  -17 EEXIST: File exists");
        assert_line(&text, "IFLA_IFNAME (3) length 14  \"veth0peer\"");
    }

    #[test]
    fn an_extended_acknowledgement_has_the_kernels_words() {
        let text = shown(VXLAN_ID);
        assert_line(&text, "error  -34 ERANGE: Numerical result out of range");
        assert_line(
            &text,
            "NLMSGERR_ATTR_MSG (1) length 41  \"VXLAN ID must be lower than 16777216\"",
        );
        assert_line(&text, "NLMSGERR_ATTR_OFFS (2) length 8  60");
        let text = shown(POLICY);
        assert_line(
            &text,
            "NL_POLICY_TYPE_ATTR_TYPE (1) length 8  NL_ATTR_TYPE_U8 (2)",
        );
        assert_line(&text, "NL_POLICY_TYPE_ATTR_MAX_VALUE_U (5) length 12  1");
    }

    #[test]
    fn what_is_missing_is_told_by_number() {
        let request = message_of(16, 5, &[]);
        let missing = [
            attribute(5, &7u32.to_ne_bytes()),
            attribute(6, &32u32.to_ne_bytes()),
        ];
        let payload = [
            &(-22i32).to_ne_bytes(),
            request.as_slice(),
            &missing.concat(),
        ]
        .concat();
        let text = text(&decode(&message_of(2, 0x300, &payload)));
        assert_line(&text, "NLMSGERR_ATTR_MISS_TYPE (5) length 8  7");
        assert_line(&text, "NLMSGERR_ATTR_MISS_NEST (6) length 8  32");
    }

    #[test]
    fn a_dump_that_ends_in_an_error_says_so() {
        let text = text(&decode(&message_of(3, 2, &(-1i32).to_ne_bytes())));
        assert_line(&text, "error  -1 EPERM: Operation not permitted");
    }

    #[test]
    fn a_link_has_its_state_counters_and_configuration() {
        let text = shown(LINK);
        for line in [
            "ifinfomsg  family AF_UNSPEC (0), type ARPHRD_ETHER (1), index 3, flags IFF_UP|IFF_BROADCAST|IFF_RUNNING|IFF_MULTICAST|IFF_LOWER_UP (0x11043), change 0x0",
            "IFLA_OPERSTATE (16) length 5  IF_OPER_UP (6)",
            "IFLA_ADDRESS (1) length 10  9a:0c:36:79:28:61",
            "IFLA_STATS64 (23) length 204  rx_packets 1, tx_packets 2, rx_bytes 90, tx_bytes 220, the other 21 are 0",
            "IFLA_XDP_ATTACHED (2) length 5  XDP_ATTACHED_NONE (0)",
            "IFLA_INET6_ADDR_GEN_MODE (8) length 5  IN6_ADDR_GEN_MODE_EUI64 (0)",
            "IFLA_ALT_IFNAME (53) length 28  \"veryLongAlternativeName\"",
            "IFLA_MAP (14) length 36  mem_start 0x0, mem_end 0x0, base_addr 0x0, irq 0, dma 0, port 0",
        ] {
            assert_line(&text, line);
        }
        assert!(text.contains("rtr_solicits -1, rtr_solicit_interval 4000"));
    }

    #[test]
    fn a_datagram_of_two_messages_gives_two_trees() {
        let nodes = decode(&bytes(ADDRESSES));
        assert_eq!(nodes.len(), 2);
        let text = text(&nodes);
        assert_line(&text, "IFA_LOCAL (2) length 8  192.168.4.2");
        assert_line(&text, "IFA_ADDRESS (1) length 20  fd00::1");
        assert_line(
            &text,
            "IFA_FLAGS (8) length 8  IFA_F_TENTATIVE|IFA_F_PERMANENT (0xc0)",
        );
        assert_line(
            &text,
            "IFA_CACHEINFO (6) length 20  prefered forever (0xffffffff), valid forever (0xffffffff), cstamp 200215, tstamp 200215",
        );
    }

    #[test]
    fn routes_rules_and_bridge_vlans_have_their_own_headers() {
        let text = shown(MULTIPATH);
        assert_line(
            &text,
            "rtnexthop length 16  flags 0, hops 1 (weight 2), ifindex 3",
        );
        assert_line(&text, "RTA_GATEWAY (5) length 8  192.168.4.4");
        let text = shown(RULE);
        assert_line(
            &text,
            "fib_rule_hdr  family AF_INET (2), dst_len 0, src_len 16, tos 0x0, table 100, action FR_ACT_TO_TBL (1), flags 0",
        );
        assert_line(&text, "FRA_FWMARK (10) length 8  0x10");
        // IFLA_AF_SPEC is another thing in the family AF_BRIDGE.
        assert_line(
            &shown(BRIDGE_VLAN),
            "IFLA_BRIDGE_VLAN_INFO (2) length 8  flags 0, vid 7",
        );
    }

    #[test]
    fn a_tracked_connection_has_both_its_tuples() {
        let text = text(&super::decode(NETFILTER, &bytes(CONNECTION)));
        for line in [
            "nlmsghdr  length 296, type IPCTNL_MSG_CT_NEW (256), flags NLM_F_MULTI|NLM_F_DUMP_FILTERED (0x22), sequence 1, port 18283",
            "nfgenmsg  family NFPROTO_IPV4 (2), version 0, res_id 0",
            "CTA_PROTO_NUM (1) length 5  IPPROTO_TCP (6)",
            "CTA_PROTO_SRC_PORT (2) length 6  40000",
            "CTA_IP_V4_SRC (1) length 8  10.1.0.9",
            "CTA_STATUS (3) length 8  IPS_SEEN_REPLY|IPS_ASSURED|IPS_CONFIRMED|IPS_DST_NAT|IPS_SRC_NAT_DONE|IPS_DST_NAT_DONE (0x1ae)",
            "CTA_PROTOINFO_TCP_STATE (1) length 5  TCP_CONNTRACK_ESTABLISHED (3)",
            "CTA_COUNTERS_PACKETS (1) length 12  0",
            "CTA_MARK (8) length 8  0x5",
        ] {
            assert_line(&text, line);
        }
        assert!(!text.contains("malformed"), "{text}");
    }

    #[test]
    fn a_netfilter_transaction_has_its_ends() {
        let begin = message_of(0x10, 1, &[0, 0, 0, 10]);
        let unnamed = message_of(
            0x0bff,
            1,
            &[[2, 0, 0, 0].as_slice(), &attribute(1, b"x")].concat(),
        );
        let text = text(&super::decode(NETFILTER, &[begin, unnamed].concat()));
        let starts = |words: &str| text.lines().any(|line| line.contains(words));
        assert!(
            starts("type NFNL_MSG_BATCH_BEGIN (16), flags NLM_F_REQUEST (0x1)"),
            "{text}"
        );
        assert_line(
            &text,
            "nfgenmsg  family NFPROTO_UNSPEC (0), version 0, res_id 10",
        );
        assert!(
            starts("type NFNL_SUBSYS_NFT_COMPAT message 255 (3071)"),
            "{text}"
        );
        assert_line(&text, "attribute (1) length 5  bytes 78");
    }

    #[test]
    fn flags_mean_what_the_verb_makes_of_them() {
        for (kind, name) in [
            (18, "NLM_F_REQUEST|NLM_F_DUMP (0x301)"),
            (16, "NLM_F_REQUEST|NLM_F_REPLACE|NLM_F_EXCL (0x301)"),
            (17, "NLM_F_REQUEST|NLM_F_NONREC|NLM_F_BULK (0x301)"),
            (2, "NLM_F_REQUEST|NLM_F_CAPPED|NLM_F_ACK_TLVS (0x301)"),
            (999, "NLM_F_REQUEST|0x300 (0x301)"),
        ] {
            let text = text(&decode(&message_of(kind, 0x301, &[])));
            assert!(text.contains(name), "{name}: {text}");
        }
    }

    #[test]
    fn the_two_bits_of_a_type_are_named_and_obeyed() {
        let text = link(
            &[
                attribute(0x8000 | 18, &attribute(1, b"dummy")),
                attribute(0x4000 | 4, &[0, 0, 5, 220]),
            ]
            .concat(),
        );
        assert_line(&text, "IFLA_LINKINFO (18|NLA_F_NESTED) length 16");
        assert_line(&text, "IFLA_MTU (4|NLA_F_NET_BYTEORDER) length 8  1500");
    }

    #[test]
    fn what_is_unknown_is_shown_as_bytes_up_to_a_bound() {
        assert_line(
            &link(&attribute(999, &[1, 2])),
            "attribute (999) length 6  bytes 01 02",
        );
        let long = link(&attribute(999, &[0xff; 300]));
        assert!(long.contains("ff ... (64 of 300)"), "{long}");
        let nested = link(&attribute(0x8000 | 999, &attribute(7, &[9])));
        assert_line(&nested, "attribute (7) length 5  bytes 09");
        // A kind of device that no table has: its data are attributes all the same.
        let info = [attribute(1, b"novel\0"), attribute(2, &attribute(3, &[4]))].concat();
        assert_line(
            &link(&attribute(18, &info)),
            "attribute (3) length 5  bytes 04",
        );
    }

    #[test]
    fn what_is_malformed_is_shown_as_what_it_is() {
        let header = "length 3 is less than the header's 4";
        assert!(link(&[3, 0, 4, 0]).contains(header));
        let past = "length 40 goes past the 8 bytes that are left";
        assert!(link(&[40, 0, 4, 0, 1, 2, 3, 4]).contains(past));
        assert_line(
            &link(&[1, 2]),
            "malformed:  bytes 01 02 where an attribute's header has 4",
        );
        assert_line(
            &link(&attribute(4, &[1])),
            "IFLA_MTU (4) length 5  bytes 01 (length 1, 4 expected)",
        );
        let short = text(&decode(&message_of(16, 5, &[0; 7])));
        assert!(
            short.contains("malformed: 7 bytes where struct ifinfomsg has 16"),
            "{short}"
        );
        let mut cut = message_of(16, 5, &[0; 16]);
        cut.truncate(20);
        assert_line(
            &text(&decode(&cut)),
            "malformed:  length 32, but 20 bytes are there",
        );
        assert_line(
            &text(&decode(&[0; 16])),
            "malformed:  length 0 is less than the header's 16",
        );
        assert_line(
            &text(&decode(&[7; 3])),
            "malformed:  bytes 07 07 07 where struct nlmsghdr has 16",
        );
    }

    #[test]
    fn nesting_without_end_comes_to_an_end() {
        let mut nest = Vec::new();
        for _ in 0..1000 {
            nest = attribute(0x8000 | 999, &nest);
        }
        assert!(link(&nest).contains("nested deeper than 16 levels"));
    }

    #[test]
    fn no_attribute_and_no_message_is_in_a_table_twice() {
        for object in OBJECTS {
            let mut numbers: Vec<u16> = object
                .attributes
                .iter()
                .map(|(number, ..)| *number)
                .collect();
            let all = numbers.len();
            numbers.sort_unstable();
            numbers.dedup();
            assert_eq!(numbers.len(), all, "{}", object.name);
            let same = OBJECTS
                .iter()
                .filter(|other| other.first.abs_diff(object.first) < 4);
            assert_eq!(same.count(), 1, "{}", object.name);
            assert_eq!(object.first % 4, 0, "{}", object.name);
        }
        for subsystem in SUBSYSTEMS {
            let messages = subsystem.messages.iter();
            let mut numbers: Vec<u8> = messages.map(|message| message.0).collect();
            numbers.dedup();
            assert_eq!(numbers.len(), subsystem.messages.len());
            assert!(numbers.is_sorted(), "{numbers:?}");
        }
    }

    #[test]
    fn every_prefix_of_every_capture_decodes() {
        for capture in CAPTURES {
            let whole = bytes(capture);
            for end in 0..whole.len() {
                bounded(&whole[..end]);
            }
            assert!(!text(&decode(&whole)).contains("malformed"));
        }
        let whole = bytes(CONNECTION);
        for end in 0..whole.len() {
            bounded_of(NETFILTER, &whole[..end]);
        }
    }

    /// The longest line for the fewest bytes is a word of flags, 4 bytes with some 250 characters of names.
    fn bounded(datagram: &[u8]) {
        bounded_of(ROUTE, datagram);
    }

    fn bounded_of(protocol: isize, datagram: &[u8]) {
        let length = text(&super::decode(protocol, datagram)).len();
        assert!(
            length <= 512 + 128 * datagram.len(),
            "{length} from {datagram:?}"
        );
    }

    /// Attributes in form, with numbers that the tables know, nested some levels.
    fn attributes() -> impl Strategy<Value = Vec<u8>> {
        let number = || prop_oneof![0u16..70, any::<u16>()];
        let value = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..24),
            prop::sample::select(vec!["veth", "bridge", "vxlan", "bond", "netem"])
                .prop_map(|kind| kind.into()),
        ];
        let leaf = (number(), value).prop_map(|(number, value)| attribute(number, &value));
        leaf.prop_recursive(6, 40, 6, move |inner| {
            (number(), prop::collection::vec(inner, 0..6))
                .prop_map(|(number, inner)| attribute(number, &inner.concat()))
        })
    }

    proptest! {
        #[test]
        fn any_bytes_decode_to_a_bounded_text(datagram in prop::collection::vec(any::<u8>(), 0..600)) {
            bounded(&datagram);
        }

        #[test]
        fn any_message_decodes_to_a_bounded_text(
            kind in 0u16..130,
            flags: u16,
            header in prop::collection::vec(any::<u8>(), 0..24),
            body in prop::collection::vec(attributes(), 0..5),
        ) {
            bounded(&message_of(kind, flags, &[header, body.concat()].concat()));
        }

        #[test]
        fn any_netfilter_message_decodes_to_a_bounded_text(
            subsystem in 0u16..14,
            message in 0u16..40,
            flags: u16,
            body in prop::collection::vec(attributes(), 0..5),
        ) {
            let kind = subsystem << 8 | message;
            let payload = [&[2, 0, 0, 0], body.concat().as_slice()].concat();
            bounded_of(NETFILTER, &message_of(kind, flags, &payload));
        }

        #[test]
        fn a_damaged_capture_decodes_to_a_bounded_text(
            capture in prop::sample::select(CAPTURES.to_vec()),
            place: prop::sample::Index,
            byte: u8,
        ) {
            let mut damaged = bytes(capture);
            let place = place.index(damaged.len());
            damaged[place] = byte;
            bounded(&damaged);
        }
    }
}
