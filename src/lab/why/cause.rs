//! The causes that `why` can name.

/// Makes the enum, and the table that the manual is made from.
macro_rules! causes {
    ($($cause:ident $word:literal $meaning:literal;)+) => {
        /// What keeps a packet, or the answer to it, from getting there.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Cause {
            $(#[doc = $meaning] $cause,)+
        }

        impl Cause {
            /// All that there are.
            pub const ALL: &[Cause] = &[$(Cause::$cause,)+];

            /// Its name in a script.
            pub const fn word(self) -> &'static str {
                match self {
                    $(Cause::$cause => $word,)+
                }
            }

            /// What it means, in a few words.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Cause::$cause => $meaning,)+
                }
            }
        }
    };
}

causes! {
    LinkDown "link_down" "a link on the way is down";
    NoCarrier "no_carrier" "the other end of a cable is down, or not there";
    NotConnected "not_connected" "two hosts are not on one wire";
    Noarp "noarp" "a link asks nobody for hardware addresses";
    Mtu "mtu" "the packet is too long for a link";
    Loss "loss" "a queueing discipline drops packets";
    NoPort "no_port" "a link is no port of the bridge";
    PortState "port_state" "a port of a bridge does not forward";
    Isolated "isolated" "two ports are isolated from one another";
    WrongVlan "wrong_vlan" "a VLAN does not pass a port";
    BridgeNf "bridge_nf" "a bridge hands packets to the rules for IP, which drop them";
    VxlanId "vxlan_id" "the two ends of a VXLAN have different ids";
    VxlanPort "vxlan_port" "they have different ports";
    VxlanRemote "vxlan_remote" "it sends to where no other end is";
    NoAddress "no_address" "a host has no address in the network";
    WrongAddress "wrong_address" "it has one of another network";
    WrongMask "wrong_mask" "two hosts on a wire disagree about their network";
    MissingAddress "missing_address" "nobody has the address";
    NoSource "no_source" "no host has the address that it comes from, or each has it for itself";
    DuplicateAddress "duplicate_address" "two have the address";
    Tentative "tentative" "an IPv6 address is not in use yet";
    Ipv6Disabled "ipv6_disabled" "IPv6 is switched off";
    WrongMac "wrong_mac" "a neighbour entry has a hardware address that is not the neighbour's";
    SilentNeighbour "silent_neighbour" "nobody answers who is asked for a hardware address";
    ArpIgnore "arp_ignore" "a host does not answer ARP by this link";
    ArpFilter "arp_filter" "a host answers ARP only by the link by which it would send";
    NeighbourProxy "neighbour_proxy" "somebody answers ARP for another";
    NoRoute "no_route" "there is no route, there or back";
    WrongGateway "wrong_gateway" "a route leads to somebody who can't pass it on";
    NotOnLink "not_on_link" "a route, or the link that was asked for, says that a host is on the wire, and it is not";
    RefusingRoute "refusing_route" "a route of type blackhole, unreachable or prohibit";
    PolicyRule "policy_rule" "a rule leads to another table";
    RoutingLoop "routing_loop" "routers send it round and round";
    Ttl "ttl" "more routers than its hop limit allows";
    NotForwarding "not_forwarding" "a router does not forward";
    ReversePath "reverse_path" "rp_filter: it would not go back the way it came";
    AcceptLocal "accept_local" "it comes from an address that the host has itself";
    RuleDrop "rule_drop" "a rule of nftables drops or rejects it";
    PolicyDrop "policy_drop" "the policy of a chain drops it";
    NoMasquerade "no_masquerade" "it leaves with an address that nobody outside has a route to";
    WrongDnat "wrong_dnat" "DNAT leads to where nobody is, or to a port where nobody listens while somebody does at the one that was asked for";
    Hairpin "hairpin" "a router sends it on to a neighbour of the sender, who answers past the router";
    Refused "refused" "nobody listens at the port";
    EchoIgnored "echo_ignored" "the host answers no echo requests";
}

impl Cause {
    /// Whether it stops the probe whatever else that waited for: what the rules did they did with this very one, and a link that
    /// is down is down for all.
    pub(super) const fn is_certain(self) -> bool {
        matches!(
            self,
            Cause::RuleDrop | Cause::PolicyDrop | Cause::LinkDown | Cause::NoCarrier
        )
    }
}
