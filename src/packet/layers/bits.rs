//! Fields of any width at any bit, in the network's order: the first bit of a header is its highest.

/// The number in so many bits from this one on; None if they are not all there. At most 64.
pub fn get(bytes: &[u8], at: usize, count: usize) -> Option<u64> {
    let mut number = 0;
    for bit in at..at + count {
        let byte = bytes.get(bit / 8)?;
        number = number << 1 | u64::from(byte >> (7 - bit % 8) & 1);
    }
    Some(number)
}

/// Sets these bits to a number that fits into them. Bits that are not there are left out.
pub fn set(bytes: &mut [u8], at: usize, count: usize, number: u64) {
    for (from_end, bit) in (at..at + count).rev().enumerate() {
        let Some(byte) = bytes.get_mut(bit / 8) else {
            continue;
        };
        let mask = 1 << (7 - bit % 8);
        match number >> from_end & 1 {
            1 => *byte |= mask,
            _ => *byte &= !mask,
        }
    }
}

/// Whether a number fits into so many bits.
pub fn fits(number: u64, count: usize) -> bool {
    count >= 64 || number >> count == 0
}
