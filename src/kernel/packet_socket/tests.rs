//! What a block and a program are read and made of. What the kernel makes of them is in `tests/kernel`.

use std::time::Duration;

use proptest::prelude::*;

use super::block::{Frame, frames, number};
use super::program::Program;
use crate::packet::filter::Instruction;

/// A block with these packets, as the kernel would write it.
fn block(packets: &[Vec<u8>]) -> Vec<u8> {
    let mut block = vec![0; 48];
    block[12..16].copy_from_slice(&(packets.len() as u32).to_ne_bytes());
    block[16..20].copy_from_slice(&48u32.to_ne_bytes());
    for (at, packet) in packets.iter().enumerate() {
        let mut packet = packet.clone();
        packet.resize(packet.len().next_multiple_of(8), 0);
        let step = match at + 1 == packets.len() {
            true => 0,
            false => packet.len() as u32,
        };
        packet[..4].copy_from_slice(&step.to_ne_bytes());
        block.extend(packet);
    }
    block
}

/// What is written of a packet, beside the usual.
struct Written<'a> {
    hardware: u16,
    kind: u8,
    status: u32,
    tag: (u16, u16),
    mac_length: u16,
    length: u32,
    bytes: &'a [u8],
}

impl Written<'_> {
    fn packet(&self) -> Vec<u8> {
        let mut packet = vec![0; 68];
        let mut put = |at: usize, bytes: &[u8]| packet[at..at + bytes.len()].copy_from_slice(bytes);
        put(4, &1_700_000_000u32.to_ne_bytes());
        put(8, &123_456_789u32.to_ne_bytes());
        put(12, &(self.bytes.len() as u32).to_ne_bytes());
        put(16, &self.length.to_ne_bytes());
        put(20, &self.status.to_ne_bytes());
        let mac = 80u16;
        put(24, &mac.to_ne_bytes());
        put(26, &(mac + self.mac_length).to_ne_bytes());
        put(32, &u32::from(self.tag.1).to_ne_bytes());
        put(36, &self.tag.0.to_ne_bytes());
        put(52, &7u32.to_ne_bytes());
        put(56, &self.hardware.to_ne_bytes());
        put(58, &[self.kind]);
        packet.resize(80, 0);
        packet.extend(self.bytes);
        packet
    }
}

const ETHERNET: [u8; 18] = [
    2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00, 0x45, 0, 0, 20,
];

fn ethernet(status: u32, tag: (u16, u16)) -> Vec<u8> {
    let written = Written {
        hardware: 1,
        kind: 4,
        status,
        tag,
        mac_length: 14,
        length: 60,
        bytes: &ETHERNET,
    };
    written.packet()
}

fn one(packet: Vec<u8>) -> (Duration, u32, bool, bool, bool, u32, Vec<u8>) {
    let block = block(&[packet]);
    let found: Vec<Frame<'_>> = frames(&block).collect();
    assert_eq!(found.len(), 1);
    let it = found[0];
    (
        it.at,
        it.index,
        it.outgoing,
        it.is_ethernet,
        it.is_checksum_open,
        it.length(),
        it.bytes(usize::MAX).into_owned(),
    )
}

const AT: Duration = Duration::new(1_700_000_000, 123_456_789);

#[test]
fn a_packet_is_read() {
    let found = one(ethernet(1 | 1 << 3, (0, 0)));
    assert_eq!(found, (AT, 7, true, true, true, 60, ETHERNET.to_vec()));
}

#[test]
fn the_tag_is_put_back() {
    let with = |tag: [u8; 4]| {
        let mut bytes = ETHERNET.to_vec();
        bytes.splice(12..12, tag);
        bytes
    };
    let (.., length, bytes) = one(ethernet(1 | 1 << 4 | 1 << 6, (0x88a8, 0x2064)));
    assert_eq!((length, bytes), (64, with([0x88, 0xa8, 0x20, 0x64])));
    let (.., bytes) = one(ethernet(1 | 1 << 4, (0, 100)));
    assert_eq!(bytes, with([0x81, 0, 0, 100]));
}

#[test]
fn the_tag_counts_for_the_snaplen() {
    let block = block(&[ethernet(1 | 1 << 4, (0, 100))]);
    let frame = frames(&block).next().expect("a packet");
    assert_eq!(*frame.bytes(14), with_tag()[..14]);
    assert_eq!(*frame.bytes(22), with_tag()[..]);
}

fn with_tag() -> Vec<u8> {
    let mut bytes = ETHERNET.to_vec();
    bytes.splice(12..12, [0x81, 0, 0, 100]);
    bytes
}

#[test]
fn what_has_no_ethernet_header_begins_with_that_of_ip() {
    let written = Written {
        hardware: 778,
        kind: 0,
        status: 1,
        tag: (0, 0),
        mac_length: 4,
        length: 40,
        bytes: &[1, 2, 3, 4, 0x45, 0, 0, 36],
    };
    let found = one(written.packet());
    assert_eq!(
        found,
        (AT, 7, false, false, false, 36, vec![0x45, 0, 0, 36])
    );
}

#[test]
fn packets_follow_each_other() {
    let packets = vec![ethernet(1, (0, 0)); 5];
    let block = block(&packets);
    assert_eq!((frames(&block).count(), number(&block)), (5, 5));
    // One that says to have more than there are, and one that is cut off.
    let mut more = block.clone();
    more[12..16].copy_from_slice(&u32::MAX.to_ne_bytes());
    assert_eq!(frames(&more).count(), 5);
    assert_eq!(frames(&block[..block.len() - 10]).count(), 4);
}

/// What a program returns for a packet of a link: enough of the machine for what `Program` writes.
fn run(program: &[Instruction], index: u32) -> u32 {
    let mut at = 0;
    let mut loaded = 0;
    loop {
        let it = program[at];
        at += 1;
        match (it.code, it.k) {
            (0x20, 0xffff_f008) => loaded = index,
            (0x15, number) => at += usize::from(if loaded == number { it.jt } else { it.jf }),
            (0x05, skip) => at += skip as usize,
            (0x06, bytes) => return bytes,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_program_tells_links_apart() {
    let filter = [Instruction {
        code: 6,
        jt: 0,
        jf: 0,
        k: 100,
    }];
    let wanted = Program {
        links: &[3, 5, 9],
        filter: Some(&filter),
        snaplen: None,
    };
    let program = wanted.instructions().expect("short").expect("not all");
    let found = [3, 5, 9, 4, 0].map(|index| run(&program, index));
    assert_eq!(found, [100, 100, 100, 0, 0]);
    let cut = Program {
        links: &[3],
        filter: None,
        snaplen: Some(64),
    };
    let program = cut.instructions().expect("short").expect("not all");
    assert_eq!([run(&program, 3), run(&program, 4)], [64, 0]);
    assert_eq!(Program::default().instructions(), Ok(None));
    let links: Vec<u32> = (0..3000).collect();
    let many = Program {
        links: &links,
        ..Program::default()
    };
    assert!(many.instructions().is_err());
}

proptest! {
    #[test]
    fn no_block_is_a_panic(bytes: Vec<u8>) {
        for frame in frames(&bytes) {
            let _ = (frame.length(), frame.bytes(20));
        }
    }

    #[test]
    fn no_spoilt_block_is_a_panic(
        spoilt in prop::collection::vec((0usize..400, any::<u8>()), 0..8),
        most in 0usize..100,
    ) {
        let mut bytes = block(&vec![ethernet(1 | 1 << 4, (0, 1)); 3]);
        let length = bytes.len();
        for (at, byte) in spoilt {
            bytes[at % length] = byte;
        }
        for frame in frames(&bytes) {
            prop_assert!(frame.bytes(most).len() <= most);
            let _ = frame.length();
        }
    }
}
