//! Time: the system's for live endpoints, a simulated one for the demo account and for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_async::time::TimeSource;
use jiff::{SignedDuration, Timestamp};

/// A clock that can be shared between the screen and the data layer.
///
/// A simulated clock runs on tokio's paused time, which jumps to the next waiter when nothing else can run:
/// latency, rates, back-off and time-outs take simulated time and no real time. `wall` adds the real time
/// that passed since the start, so that a story goes on at wall speed.
#[derive(Debug, Clone)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
enum Inner {
    Live,
    Simulated {
        base: Timestamp,
        started: Instant,
        /// Nanoseconds waited through on tokio's paused clock.
        waited: AtomicU64,
        /// The runtime that keeps real time, when the story goes on at wall speed.
        wall: Option<tokio::runtime::Handle>,
    },
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn live() -> Self {
        Self { inner: Arc::new(Inner::Live) }
    }

    /// A simulated clock that stands at `base` and moves by waits alone; the data layer must run on a runtime
    /// whose time is paused.
    #[must_use]
    pub fn simulated(base: Timestamp) -> Self {
        Self::simulate(base, None)
    }

    /// A simulated clock that also moves with real time; `wall` is a runtime whose time is not paused.
    #[must_use]
    pub fn simulated_with_wall(base: Timestamp, wall: tokio::runtime::Handle) -> Self {
        Self::simulate(base, Some(wall))
    }

    fn simulate(base: Timestamp, wall: Option<tokio::runtime::Handle>) -> Self {
        let inner = Inner::Simulated { base, started: Instant::now(), waited: AtomicU64::new(0), wall };
        Self { inner: Arc::new(inner) }
    }

    /// True for a clock whose waits take no real time.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        matches!(*self.inner, Inner::Simulated { .. })
    }

    /// True for a simulated clock that moves with real time: somebody watches.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        matches!(&*self.inner, Inner::Simulated { wall: Some(_), .. })
    }

    /// Now. May be asked from any thread.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &*self.inner {
            Inner::Live => Timestamp::now(),
            Inner::Simulated { base, started, waited, wall } => {
                let mut past = Duration::from_nanos(waited.load(Ordering::Acquire));
                if wall.is_some() {
                    past += started.elapsed();
                }
                SignedDuration::try_from(past).map_or(*base, |past| *base + past)
            }
        }
    }

    /// Waits for latency, a rate, a back-off or a time-out.
    pub async fn sleep(&self, duration: Duration) {
        match &*self.inner {
            Inner::Live => tokio::time::sleep(duration).await,
            Inner::Simulated { waited, .. } => {
                let from = waited.load(Ordering::Acquire);
                let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
                tokio::time::sleep(duration).await;
                // Waits overlap: the clock stands where the furthest of them ended.
                waited.fetch_max(from.saturating_add(nanos), Ordering::AcqRel);
            }
        }
    }

    /// Waits for the time between two sweeps: real time wherever real time passes.
    pub async fn cadence(&self, duration: Duration) {
        match &*self.inner {
            Inner::Simulated { wall: Some(wall), .. } => {
                // Made inside the task: a sleep keeps the time of the runtime that it is made in.
                let _ended = wall.spawn(async move { tokio::time::sleep(duration).await }).await;
            }
            _ => self.sleep(duration).await,
        }
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        SystemTime::from(Self::now(self))
    }
}

impl AsyncSleep for Clock {
    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.clone();
        Sleep::new(async move { Self::sleep(&clock, duration).await })
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use super::*;

    fn paused<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
    }

    #[test]
    fn the_time_between_sweeps_is_real_where_the_story_goes_on_at_wall_speed() {
        let wall = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let clock = Clock::simulated_with_wall(Timestamp::UNIX_EPOCH, wall.handle().clone());
        std::thread::spawn(move || wall.block_on(std::future::pending::<()>()));
        let began = Instant::now();
        paused(clock.cadence(Duration::from_millis(30)));
        assert!(began.elapsed() >= Duration::from_millis(30), "{:?}", began.elapsed());
        let began = Instant::now();
        paused(clock.sleep(Duration::from_secs(3600)));
        assert!(began.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn an_hour_of_simulated_waits_takes_no_time_and_moves_the_clock_by_an_hour() {
        let began = Instant::now();
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        paused(async {
            let long = clock.sleep(Duration::from_secs(3600));
            let short = clock.sleep(Duration::from_secs(60));
            tokio::join!(long, short);
        });
        assert_eq!(clock.now().as_second(), 3600);
        assert!(began.elapsed() < Duration::from_secs(60));
    }
}
