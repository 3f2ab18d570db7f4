//! The echo requests that a ping has sent, and which of them something that comes in is about.
//!
//! Requests are numbered from 1 and found by the 16 bits of the number that the wire carries: a request is forgotten when
//! its bits are used again. The payload begins with the time of sending, as with iputils; it serves as the cookie that tells
//! our replies from those to a program with the same identifier.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use super::timestamp::{Departure, Stamp};

/// The size of the time that a payload begins with (`struct timeval`), if there is room for it.
pub const COOKIE: usize = 16;

/// A request that was sent.
#[derive(Debug)]
pub struct Request {
    /// Its number.
    pub sequence: u64,
    /// When it left.
    pub departure: Departure,
    /// What its payload begins with.
    pub cookie: [u8; COOKIE],
    /// A reply has come.
    pub answered: bool,
    /// The ICMP type and code that was reported for it: the same error can come by the error queue and as a packet.
    pub reported: Option<(u8, u8)>,
    /// Nothing more is waited for: a reply or an error has come.
    settled: bool,
}

/// A hash for numbers that count up, which nobody from outside chooses: a flood asks for one several times for each request.
#[derive(Debug, Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
        // The table looks at the bits of both ends: 2^64 by the golden ratio fills them all.
        self.0 = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// All requests that are remembered.
#[derive(Debug)]
pub struct Requests {
    by_wire: HashMap<u16, Request, BuildHasherDefault<Spread>>,
    awaited: u64,
    /// The request to which the kernel gave the stamp number 0.
    first_stamped: u64,
    /// How many requests later one is forgotten about which nothing more is waited for; its second reply goes unnoticed then.
    memory: Option<u64>,
    payload: Vec<u8>,
}

impl Requests {
    /// No requests yet, with payloads of this size and filling.
    pub fn new(size: usize, pattern: &[u8]) -> Self {
        Self {
            by_wire: HashMap::default(),
            awaited: 0,
            first_stamped: 1,
            memory: None,
            payload: fill(size, pattern),
        }
    }

    /// The same for a flood: what is remembered has to fit into the processor's caches, or looking at it takes longer than sending.
    pub fn of_flood(size: usize, pattern: &[u8]) -> Self {
        Self {
            memory: Some(256),
            ..Self::new(size, pattern)
        }
    }

    /// How many requests have met neither a reply nor an error.
    pub fn awaited(&self) -> u64 {
        self.awaited
    }

    /// The payload for a request that is sent now, and its cookie.
    pub fn payload(&mut self, now: Stamp) -> ([u8; COOKIE], &[u8]) {
        let cookie = cookie(now);
        if let Some(room) = self.payload.first_chunk_mut() {
            *room = cookie;
        }
        (cookie, &self.payload)
    }

    /// Remembers a request that was sent.
    pub fn sent(&mut self, sequence: u64, departure: Departure, cookie: [u8; COOKIE]) {
        if let Some(old) = self.memory.and_then(|memory| sequence.checked_sub(memory))
            && let Entry::Occupied(old) = self.by_wire.entry(on_the_wire(old))
            && old.get().settled
        {
            old.remove();
        }
        self.awaited += 1;
        let request = Request {
            sequence,
            departure,
            cookie,
            answered: false,
            reported: None,
            settled: false,
        };
        if let Some(old) = self.by_wire.insert(on_the_wire(sequence), request) {
            self.awaited -= u64::from(!old.settled);
        }
    }

    /// Forgets the request that had the number on the wire that this one has.
    pub fn forget(&mut self, sequence: u64) {
        if let Some(old) = self.by_wire.remove(&on_the_wire(sequence)) {
            self.awaited -= u64::from(!old.settled);
        }
    }

    /// The kernel numbers its stamps from 0 again, with this request.
    pub fn stamps_restart(&mut self, sequence: u64) {
        self.first_stamped = sequence;
    }

    /// The kernel has stamped the request with this number of its own.
    pub fn stamped(&mut self, number: u32, stamp: Stamp) {
        let sequence = self.first_stamped + u64::from(number);
        let request = self.by_wire.get_mut(&on_the_wire(sequence));
        if let Some(request) = request.filter(|request| request.sequence == sequence) {
            request.departure.queued_at(stamp);
        }
    }

    /// The request with this sequence on the wire, if its payload began like this one, as far as it and the cookie reach.
    pub fn find(&mut self, wire: u16, payload: &[u8]) -> Option<&mut Request> {
        let template = &self.payload;
        self.by_wire.get_mut(&wire).filter(|request| {
            let sent: &[u8] = match template.len() {
                0..COOKIE => template,
                _ => &request.cookie,
            };
            sent.starts_with(payload.get(..COOKIE).unwrap_or(payload))
        })
    }

    /// Whether a request is remembered and neither a reply nor an error has come.
    pub fn is_awaited(&self, sequence: u64) -> bool {
        let request = self.by_wire.get(&on_the_wire(sequence));
        request.is_some_and(|request| request.sequence == sequence && !request.settled)
    }

    /// Nothing more is waited for about the request with this sequence on the wire.
    pub fn settle(&mut self, wire: u16) {
        if let Some(request) = self.by_wire.get_mut(&wire) {
            self.awaited -= u64::from(!std::mem::replace(&mut request.settled, true));
        }
    }
}

/// The number of a request as the packet has it.
pub fn on_the_wire(sequence: u64) -> u16 {
    let [low, high, ..] = sequence.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// The payload of iputils: 0, 1, 2, ..., or the pattern over and over.
fn fill(size: usize, pattern: &[u8]) -> Vec<u8> {
    if pattern.is_empty() {
        (0..=u8::MAX).cycle().take(size).collect()
    } else {
        pattern.iter().copied().cycle().take(size).collect()
    }
}

/// The time of sending as iputils writes it: `struct timeval`, in the byte order of this machine.
fn cookie(now: Stamp) -> [u8; COOKIE] {
    let mut bytes = [0; COOKIE];
    let (seconds, microseconds) = bytes.split_at_mut(COOKIE / 2);
    seconds.copy_from_slice(&now.as_secs().to_ne_bytes());
    microseconds.copy_from_slice(&u64::from(now.subsec_micros()).to_ne_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn send(requests: &mut Requests, sequence: u64) -> Vec<u8> {
        let (cookie, payload) = requests.payload(Duration::from_micros(sequence));
        let payload = payload.to_vec();
        let (departure, ()) = Departure::of(|| ());
        requests.sent(sequence, departure, cookie);
        payload
    }

    fn found(requests: &mut Requests, wire: u16, payload: &[u8]) -> Option<u64> {
        requests.find(wire, payload).map(|request| request.sequence)
    }

    #[test]
    fn payloads_are_filled_as_by_iputils() {
        assert_eq!(fill(4, &[]), [0, 1, 2, 3]);
        assert_eq!(fill(258, &[])[255..], [255, 0, 1]);
        assert_eq!(fill(5, &[0xab, 0xcd]), [0xab, 0xcd, 0xab, 0xcd, 0xab]);
    }

    #[test]
    fn a_request_is_found_by_its_payload_until_its_number_comes_round() {
        let mut requests = Requests::new(56, &[]);
        let first = send(&mut requests, 1);
        let second = send(&mut requests, 2);
        assert_eq!(found(&mut requests, 1, &first), Some(1));
        assert_eq!(found(&mut requests, 1, &first[..3]), Some(1));
        assert_eq!(found(&mut requests, 1, &second), None);
        assert_eq!(found(&mut requests, 3, &first), None);
        let later = send(&mut requests, 65_537);
        assert_eq!(found(&mut requests, 1, &first), None);
        assert_eq!(found(&mut requests, 1, &later), Some(65_537));
        assert_eq!(requests.awaited(), 2);
        assert!(!requests.is_awaited(1) && requests.is_awaited(65_537));
        requests.settle(1);
        requests.settle(1);
        assert_eq!(requests.awaited(), 1);
    }

    #[test]
    fn a_flood_forgets_what_is_answered_and_nothing_else() {
        let mut requests = Requests::of_flood(56, &[]);
        let first = send(&mut requests, 1);
        let second = send(&mut requests, 2);
        requests.settle(1);
        for sequence in 3..=300 {
            send(&mut requests, sequence);
        }
        assert_eq!(found(&mut requests, 1, &first), None);
        assert_eq!(found(&mut requests, 2, &second), Some(2));
        assert_eq!(requests.awaited(), 299);
    }

    #[test]
    fn payloads_without_a_cookie_are_compared_whole() {
        let mut requests = Requests::new(3, b"ab");
        assert_eq!(send(&mut requests, 65_536), b"aba");
        assert_eq!(found(&mut requests, 0, b"aba"), Some(65_536));
        assert_eq!(found(&mut requests, 0, b"abab"), None);
        assert_eq!(found(&mut requests, 0, b"b"), None);
    }
}
