//! The statistics over round-trip times, by the formulas of iputils.
//!
//! Sums are kept in whole nanoseconds and are exact; milliseconds are made at the end.

use std::time::Duration;

/// Sums over the round trips, in nanoseconds.
#[derive(Debug, Default, Clone)]
pub struct RoundTrips {
    number: u128,
    sum: u128,
    squares: u128,
    shortest: u128,
    longest: u128,
    moving: f64,
}

/// What the sums amount to, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The shortest time.
    pub min: f64,
    /// The mean.
    pub avg: f64,
    /// The longest time.
    pub max: f64,
    /// The standard deviation.
    pub mdev: f64,
    /// The moving average, to which each time adds an eighth of its difference.
    pub ewma: f64,
}

impl RoundTrips {
    /// Adds one time.
    pub fn add(&mut self, time: Duration) {
        let value = milliseconds(time);
        let time = time.as_nanos();
        if self.number == 0 {
            self.shortest = time;
            self.moving = value;
        }
        self.number += 1;
        self.sum += time;
        self.squares = self.squares.saturating_add(time.saturating_mul(time));
        self.shortest = self.shortest.min(time);
        self.longest = self.longest.max(time);
        self.moving += (value - self.moving) / 8.0;
    }

    /// The statistics; none without any time.
    pub fn summary(&self) -> Option<Summary> {
        let mean = self.sum.checked_div(self.number)?;
        Some(Summary {
            min: from_nanoseconds(self.shortest),
            avg: from_nanoseconds(mean),
            max: from_nanoseconds(self.longest),
            mdev: from_nanoseconds(self.deviation()),
            ewma: self.moving,
        })
    }

    /// The square root of the mean of the squares less the square of the mean, divided only once.
    fn deviation(&self) -> u128 {
        let squares = self.squares.saturating_mul(self.number);
        let spread = squares.saturating_sub(self.sum.saturating_mul(self.sum));
        let divisor = self.number.saturating_mul(self.number);
        spread.checked_div(divisor).unwrap_or(0).isqrt()
    }
}

/// A duration in milliseconds.
pub fn milliseconds(time: Duration) -> f64 {
    from_nanoseconds(time.as_nanos())
}

/// A double holds whole nanoseconds exactly for 104 days.
fn from_nanoseconds(time: u128) -> f64 {
    time as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_iputils() {
        let mut trips = RoundTrips::default();
        assert_eq!(trips.summary(), None);
        // ping said of these two: 0.187/0.317/0.447/0.130.
        for time in [447, 187] {
            trips.add(Duration::from_micros(time));
        }
        let expected = Summary {
            min: 0.187,
            avg: 0.317,
            max: 0.447,
            mdev: 0.130,
            ewma: 0.447 - 0.260 / 8.0,
        };
        assert_eq!(trips.summary(), Some(expected));
    }

    #[test]
    fn the_longest_durations_do_not_overflow() {
        let mut trips = RoundTrips::default();
        for _ in 0..3 {
            trips.add(Duration::MAX);
        }
        assert!(trips.summary().is_some());
    }
}
