//! Being a good neighbour: a token bucket for each account, region and operation.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::model::Scope;
use crate::operations::Operation;
use crate::wire::Clock;

/// Requests a second assumed for operations whose rate AWS does not publish.
const UNPUBLISHED: f64 = 40.0;
/// A throttled operation never gets slower than this part of its rate.
const SLOWEST: f64 = 1.0 / 32.0;
/// Nor than so many calls a second, where it was faster: an operation that may be called once a minute would take an hour.
const PATIENCE: f64 = 1.0 / 120.0;
/// What each good answer gives back of the rate lost to throttling.
const RECOVERY: f64 = 0.02;

/// All buckets.
#[derive(Debug)]
pub struct Limiter {
    clock: Clock,
    on: bool,
    share: f64,
    buckets: Mutex<HashMap<(Scope, &'static str), Bucket>>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Below zero: that many requests are promised to those who wait.
    tokens: f64,
    rate: f64,
    ceiling: f64,
    burst: f64,
    filled: Timestamp,
}

impl Bucket {
    fn fill(&mut self, now: Timestamp) {
        let seconds = now.duration_since(self.filled).as_secs_f64().max(0.0);
        self.tokens = (self.tokens + seconds * self.rate).min(self.burst);
        self.filled = now;
    }
}

impl Limiter {
    /// Limits to `share` (0 to 1) of each documented rate; with `on` false, nothing waits.
    #[must_use]
    pub fn new(clock: Clock, on: bool, share: f64) -> Self {
        let share = if share > 0.0 { share.min(1.0) } else { 0.5 };
        Self { clock, on, share, buckets: Mutex::default() }
    }

    /// Waits for the right to make one call.
    pub async fn acquire(&self, scope: &Scope, operation: &'static Operation) {
        let debt = self.with(scope, operation, |bucket| {
            bucket.tokens -= 1.0;
            if bucket.tokens < 0.0 { -bucket.tokens / bucket.rate } else { 0.0 }
        });
        if let Some(seconds) = debt.filter(|seconds| *seconds > 0.0) {
            self.clock.sleep(Duration::from_secs_f64(seconds.min(3600.0))).await;
        }
    }

    /// Takes the right to make one call without waiting: for retries, and for what somebody looks at.
    pub fn debit(&self, scope: &Scope, operation: &'static Operation) {
        self.with(scope, operation, |bucket| bucket.tokens -= 1.0);
    }

    /// The service asked to slow down: half the pace, and no more from what was saved up.
    pub fn throttled(&self, scope: &Scope, operation: &'static Operation) {
        self.with(scope, operation, |bucket| {
            bucket.rate = (bucket.rate / 2.0).max(bucket.ceiling * SLOWEST).max(bucket.ceiling.min(PATIENCE));
            bucket.tokens = bucket.tokens.min(0.0);
        });
    }

    /// A good answer: the pace recovers a little.
    pub fn went_well(&self, scope: &Scope, operation: &'static Operation) {
        self.with(scope, operation, |bucket| {
            bucket.rate = (bucket.rate + bucket.ceiling * RECOVERY).min(bucket.ceiling);
        });
    }

    fn with<T>(&self, scope: &Scope, operation: &'static Operation, f: impl FnOnce(&mut Bucket) -> T) -> Option<T> {
        if !self.on {
            return None;
        }
        let now = self.clock.now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry((scope.clone(), operation.label)).or_insert_with(|| {
            let ceiling = operation.rate.unwrap_or(UNPUBLISHED) * self.share;
            let burst = operation.burst.map_or(ceiling, |burst| f64::from(burst) * self.share).max(1.0);
            Bucket { tokens: burst, rate: ceiling, ceiling, burst, filled: now }
        });
        bucket.fill(now);
        Some(f(bucket))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations;

    fn paused<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
    }

    fn seconds_for(calls: usize, share: f64, on: bool, throttle: bool) -> f64 {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let limiter = Limiter::new(clock.clone(), on, share);
        let scope = Scope::new("111122223333", "eu-west-1");
        let row = operations::by_label("cloudtrail:LookupEvents").unwrap();
        paused(async {
            for _ in 0..calls {
                limiter.acquire(&scope, row).await;
                if throttle {
                    limiter.throttled(&scope, row);
                }
            }
        });
        clock.now().duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
    }

    #[test]
    fn a_share_of_the_documented_rate_is_kept() {
        // LookupEvents: 2 a second. At half of it, 11 calls take about ten seconds after the first.
        let took = seconds_for(11, 0.5, true, false);
        assert!((9.5..=10.5).contains(&took), "{took}");
        assert!(seconds_for(11, 0.5, false, false) < 0.001);
    }

    #[test]
    fn throttling_slows_down_but_never_stops() {
        let (even, throttled) = (seconds_for(6, 1.0, true, false), seconds_for(6, 1.0, true, true));
        assert!(throttled > 4.0 * even && throttled < 120.0, "{even} {throttled}");
    }
}
