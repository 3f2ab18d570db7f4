//! The tables from which netem draws its jitter: values of the inverse of a distribution function, scaled so that 8192 is one
//! standard deviation (NETEM_DIST_SCALE of linux/pkt_sched.h).
//!
//! tc reads them from files, which are not on every machine; they are worked out here, to the same values.

/// How many values a table has, and what one standard deviation is in it.
const VALUES: u32 = 4096;
const SCALE: f64 = 8192.0;

/// The distributions by their names in tc. Without a table the kernel draws uniformly.
pub const NAMES: &[&str] = &["uniform", "normal", "pareto", "paretonormal"];

/// The table of a distribution, as 16 bits a value; None for uniform.
pub fn table(name: &str) -> Option<Vec<u8>> {
    let value: fn(u32) -> i32 = match name {
        "normal" => normal,
        "pareto" => pareto,
        "paretonormal" => pareto_normal,
        _ => return None,
    };
    let clipped = |value: i32| match i16::try_from(value) {
        Ok(value) => value,
        Err(_) if value < 0 => i16::MIN,
        Err(_) => i16::MAX,
    };
    let values = (0..VALUES).flat_map(|at| clipped(value(at)).to_ne_bytes());
    Some(values.collect())
}

fn rounded(value: f64) -> i32 {
    value.round_ties_even() as i32
}

/// tc's table is read off a walk along the axis in steps of 1/20000: each value is the last step that still rounds to its
/// place among 16384.
fn normal(at: u32) -> i32 {
    const STEPS: f64 = 20_000.0;
    let probability = (4.0 * f64::from(at) + 0.5) / 16384.0;
    let last = ((inverse_normal(probability) + 10.0) * STEPS).floor() / STEPS - 10.0;
    rounded(last * SCALE)
}

/// A Pareto distribution with the exponent 3: its mean is 1.5, its variance 3/4.
fn pareto(at: u32) -> i32 {
    let left = f64::from(VALUES - at) / f64::from(VALUES);
    rounded((left.powf(-1.0 / 3.0) - 1.5) * (4.0 / 3.0) * SCALE).min(i32::from(i16::MAX))
}

/// A quarter of the one and three of the other, which is what was seen on real networks.
fn pareto_normal(at: u32) -> i32 {
    (normal(at) + 3 * pareto(at)) / 4
}

/// Where the standard normal distribution reaches this probability: algorithm AS 241 (M. J. Wichura, 1988), to 16 digits
/// between 10^-11 and 1 - 10^-11.
#[rustfmt::skip]
fn inverse_normal(probability: f64) -> f64 {
    const A: [f64; 8] = [
        3.387_132_872_796_366_5, 133.141_667_891_784_38, 1_971.590_950_306_551_3, 13_731.693_765_509_46,
        45_921.953_931_549_87, 67_265.770_927_008_7, 33_430.575_583_588_13, 2_509.080_928_730_122_7,
    ];
    const B: [f64; 8] = [
        1.0, 42.313_330_701_600_91, 687.187_007_492_057_9, 5_394.196_021_424_751,
        21_213.794_301_586_597, 39_307.895_800_092_71, 28_729.085_735_721_943, 5_226.495_278_852_854,
    ];
    const C: [f64; 8] = [
        1.423_437_110_749_683_5, 4.630_337_846_156_546, 5.769_497_221_460_691, 3.647_848_324_763_204_5,
        1.270_458_252_452_368_4, 0.241_780_725_177_450_6, 0.022_723_844_989_269_184, 7.745_450_142_783_414e-4,
    ];
    const D: [f64; 8] = [
        1.0, 2.053_191_626_637_759, 1.676_384_830_183_803_8, 0.689_767_334_985_1,
        0.148_103_976_427_480_08, 0.015_198_666_563_616_457, 5.475_938_084_995_345e-4, 1.050_750_071_644_416_9e-9,
    ];
    let polynomial = |of: &[f64; 8], at: f64| of.iter().rev().fold(0.0, |sum, term| sum * at + term);
    let from_middle = probability - 0.5;
    if from_middle.abs() <= 0.425 {
        let at = 0.180_625 - from_middle * from_middle;
        return from_middle * polynomial(&A, at) / polynomial(&B, at);
    }
    let tail = probability.min(1.0 - probability);
    let at = (-tail.ln()).sqrt() - 1.6;
    (polynomial(&C, at) / polynomial(&D, at)).copysign(from_middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of the values of tc's files (iproute2 6.1), and some of them.
    #[test]
    fn tables_are_those_of_tc() {
        let folder = [
            "/usr/lib/tc",
            "/usr/lib/x86_64-linux-gnu/tc",
            "/usr/share/tc",
        ]
        .into_iter()
        .find(|folder| std::fs::exists(format!("{folder}/normal.dist")).unwrap_or(false));
        for name in NAMES.iter().skip(1) {
            let table = table(name).expect("a table");
            let (values, _) = table.as_chunks::<2>();
            let values: Vec<i16> = values
                .iter()
                .map(|value| i16::from_ne_bytes(*value))
                .collect();
            assert_eq!(values.len(), 4096);
            assert!(values.is_sorted());
            let Some(folder) = folder else { continue };
            let text = std::fs::read_to_string(format!("{folder}/{name}.dist")).expect("a file");
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            let theirs: Vec<i16> = lines
                .flat_map(str::split_whitespace)
                .filter_map(|word| word.parse().ok())
                .collect();
            let differ: Vec<_> = (0..4096)
                .filter(|at| values[*at] != theirs[*at])
                .map(|at| (at, values[at], theirs[at]))
                .collect();
            assert_eq!(differ, [], "{name}");
        }
        assert_eq!(table("uniform"), None);
    }
}
