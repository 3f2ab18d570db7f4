//! From a tree to a program.
//!
//! Where a header lies is known when a filter is compiled, but for one thing: on a socket the kernel may have taken the outer VLAN
//! tag off a packet and kept it beside (SKF_AD_VLAN_TAG), or left it in. So behind the first `vlan` everything is compiled twice,
//! with the tag and without, and `vlan` itself goes on in one or the other. libpcap adds up offsets at run time in their place, and
//! what comes out is the same: a `vlan` that was not asked, because what stands before it decided, moves nothing.

use super::assemble::assemble;
use super::facts::simplify;
use super::graph::{Graph, Target, Test};
use super::groups::regroup;
use super::instruction::{Instruction, beside, code};
use super::meaning::{BYTE, Layout, TWO, load};
use super::parser::Read;
use super::syntax::{Condition, Expression, Holder, Joint, Number, Primitive, What};
use super::words::Protocol;
use crate::packet::fault::Fault;
use crate::packet::layers::Link;

/// Whence the packets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A file, all of whose packets begin so.
    File(Link),
    /// A packet socket (AF_PACKET, SOCK_RAW) of a link whose packets begin so.
    Socket(Link),
    /// A packet socket of all links: each packet is looked at as its link has it. Those of links of type Ethernet and loopback begin
    /// with an Ethernet header, all others with one of IP.
    AllLinks,
}

/// The longest program that the kernel takes (BPF_MAXINSNS). A socket may have memory for fewer (net.core.optmem_max): then attaching
/// the program fails with ENOMEM, and nobody knows before.
pub const LONGEST: usize = 4096;
/// linux/if_arp.h: ARPHRD_ETHER and ARPHRD_LOOPBACK.
const WITH_ETHERNET: [u32; 2] = [1, 772];

/// Compiles a filter to a program that returns `snaplen` for packets that are wanted and 0 for others.
pub fn compile(
    expression: &Expression,
    source: Source,
    snaplen: u32,
) -> Result<Vec<Instruction>, Fault> {
    let (link, is_live) = match source {
        Source::File(link) => (Some(link), false),
        Source::Socket(link) => (Some(link), true),
        Source::AllLinks => (None, true),
    };
    let mut compiler = Compiler {
        graph: Graph::default(),
        link: link.unwrap_or(Link::Ethernet),
        is_one_link: link.is_some(),
        is_live,
    };
    let mut root = compiler.whole(expression)?;
    if link.is_none() {
        compiler.link = Link::Ip;
        let ip = compiler.whole(expression)?;
        let is = |kind| Test::equal(&load(TWO, beside::HARDWARE), kind);
        let has_ethernet = Test::Any(WITH_ETHERNET.map(is).into());
        root = compiler.graph.test(&has_ethernet, root, ip);
    }
    let long = |words: String| Fault::new(words, 0..expression.length);
    if compiler.graph.is_full {
        let words = "the filter is too long to be compiled".into();
        return Err(long(words));
    }
    let (graph, root) = simplify(compiler.graph, root);
    let (graph, root) = regroup(&graph, root);
    let (graph, root) = simplify(graph, root);
    let program = assemble(&graph, root, snaplen);
    match program.len() {
        0..=LONGEST => Ok(program),
        length => Err(long(format!(
            "the filter is too long: its program has {length} instructions, and the kernel takes {LONGEST}"
        ))),
    }
}

/// Where it goes on with the outer VLAN tag beside the packet, or without any having been asked for; and with the tag in the packet.
type Exits = [Target; 2];

struct Compiler {
    graph: Graph,
    /// What packets begin with.
    link: Link,
    /// Whether that is so of all that come.
    is_one_link: bool,
    /// Whether the kernel knows more about a packet than its bytes.
    is_live: bool,
}

impl Compiler {
    fn whole(&mut self, expression: &Expression) -> Read<Target> {
        let Some(condition) = &expression.condition else {
            return Ok(Target::Accept);
        };
        let [entry, _] = self.condition(condition, [Target::Accept; 2], [Target::Reject; 2])?;
        Ok(entry)
    }

    /// Where to go on to decide a condition.
    fn condition(&mut self, condition: &Condition, yes: Exits, no: Exits) -> Read<Exits> {
        match condition {
            Condition::One(primitive) => self.primitive(primitive, yes, no),
            Condition::Not(condition) => self.condition(condition, no, yes),
            Condition::Chain(first, rest) => {
                let (mut yes, mut no) = (yes, no);
                for (joint, condition) in rest.iter().rev() {
                    let entry = self.condition(condition, yes, no)?;
                    match joint {
                        Joint::And => yes = entry,
                        Joint::Or => no = entry,
                    }
                }
                self.condition(first, yes, no)
            }
        }
    }

    fn primitive(&mut self, primitive: &Primitive, yes: Exits, no: Exits) -> Read<Exits> {
        self.check(primitive)?;
        let tags = 4 * primitive.tags;
        if let What::Vlan(number) = primitive.what
            && self.is_live
            && tags == 0
            && self.link == Link::Ethernet
        {
            return Ok([self.outer_vlan(number, yes, no); 2]);
        }
        let [beside_yes, yes] = yes;
        let [beside_no, no] = no;
        let entry = self.at(primitive, tags, yes, no);
        match self.is_live && tags > 0 {
            // One tag fewer lies in the packet.
            true => Ok([self.at(primitive, tags - 4, beside_yes, beside_no), entry]),
            false => {
                let entry = self.at(primitive, tags, beside_yes, beside_no);
                Ok([entry; 2])
            }
        }
    }

    /// Decides a condition behind so many bytes of tags.
    fn at(&mut self, primitive: &Primitive, tags: u32, yes: Target, no: Target) -> Target {
        let layout = Layout {
            link: self.link,
            tags,
        };
        let test = layout.test(&primitive.what);
        self.graph.test(&test, yes, no)
    }

    /// The outer VLAN tag, which may be beside the packet.
    fn outer_vlan(&mut self, number: Option<u16>, yes: Exits, no: Exits) -> Target {
        let [beside_yes, yes] = yes;
        let [beside_no, no] = no;
        let layout = Layout {
            link: self.link,
            tags: 0,
        };
        let within = self.graph.test(&layout.vlan(number), yes, no);
        let number = match number {
            None => Test::Known(true),
            Some(number) => Test::equal(&vlan_number(), number.into()),
        };
        let beside = self.graph.test(&number, beside_yes, beside_no);
        let is_beside = Test::equal(&load(BYTE, beside::VLAN_TAG_PRESENT), 1);
        self.graph.test(&is_beside, beside, within)
    }

    /// Refuses what no packet that comes can be asked.
    fn check(&self, primitive: &Primitive) -> Read<()> {
        let at = || primitive.at.clone();
        let what = &primitive.what;
        if let (What::Outbound(_) | What::Index(_), false) = (what, self.is_live) {
            let words = match what {
                What::Outbound(_) => "which way a packet went is not in its bytes",
                _ => "on which link a packet was is not in its bytes",
            };
            return Err(Fault::new(words, at()).hint("it is known while packets are captured"));
        }
        let is_of_ethernet = match what {
            What::Mac(..) | What::Broadcast | What::Multicast(Holder::Ether) | What::Vlan(_) => {
                true
            }
            What::Relation(left, _, right) => has_ethernet(left) || has_ethernet(right),
            _ => false,
        };
        if is_of_ethernet && self.link == Link::Ip && self.is_one_link {
            let words = "the packets have no Ethernet header that could be looked at";
            return Err(Fault::new(words, at()).hint("they begin with the header of IP"));
        }
        Ok(())
    }
}

/// The number of the VLAN tag beside the packet.
fn vlan_number() -> [Instruction; 2] {
    let [tag] = load(TWO, beside::VLAN_TAG);
    [
        tag,
        Instruction::new(code::ALU | code::AND | code::K, 0xfff),
    ]
}

/// Whether a number comes from the Ethernet header.
fn has_ethernet(number: &Number) -> bool {
    match number {
        Number::Known(_) | Number::Length => false,
        Number::Bytes(protocol, offset, _) => *protocol == Protocol::Ether || has_ethernet(offset),
        Number::Negative(of) => has_ethernet(of),
        Number::Computed(_, left, right) => has_ethernet(left) || has_ethernet(right),
    }
}
