//! The users that there are in the user namespace of netsh (user_namespaces(7)).

use super::reason::Reason;

/// Whether this number is a user's here.
pub fn is_there(uid: u32) -> bool {
    // Where it can't be read, the kernel decides.
    std::fs::read_to_string("/proc/self/uid_map").map_or(true, |map| is_in(&map, uid))
}

/// The lines of a map: the first number inside, the first outside, and how many.
fn is_in(map: &str, uid: u32) -> bool {
    map.lines().any(|line| {
        let numbers: Vec<u64> = line
            .split_whitespace()
            .filter_map(|number| number.parse().ok())
            .collect();
        match numbers.as_slice() {
            [first, _, count] => (*first..first + count).contains(&u64::from(uid)),
            _ => false,
        }
    })
}

/// Why a number is no user's.
pub fn unknown() -> Reason {
    Reason::new("there are no such users in this user namespace")
        .hint("netsh's sandbox has one user, 0")
}

#[cfg(test)]
mod tests {
    use super::is_in;

    #[test]
    fn users_are_those_of_the_map() {
        let first = "         0          0 4294967295\n";
        let ours = "0 1000 1\n";
        let several = "0 1000 1\n1 100000 65536\n";
        for (map, uid, wanted) in [
            (first, 4242, true),
            (first, u32::MAX, false),
            (ours, 0, true),
            (ours, 1, false),
            (several, 65536, true),
            (several, 65537, false),
            ("", 0, false),
        ] {
            assert_eq!(is_in(map, uid), wanted, "{map:?} {uid}");
        }
    }
}
