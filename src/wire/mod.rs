//! HTTP connectors under the official SDK clients, and the clock they share.
//!
//! Live, demo and tests differ only in what is built here: signing, pagination, retries, guard, limiter and
//! parsing are the same code above it.

mod clock;
pub mod demo;
pub mod fault;
pub mod live;
pub mod protocol;

use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::model::{FrontDoor, Origin, Scope};

pub use clock::Clock;

/// What a connector chosen at start brings: the socket's stand-in, the time, and the scopes it can answer for.
#[derive(Debug, Clone)]
pub struct Wire {
    /// The HTTP client that every SDK client gets.
    pub http: SharedHttpClient,
    /// Time, waits and time-outs.
    pub clock: Clock,
    /// What data over this wire is called.
    pub origin: Origin,
    /// The accounts and regions of a simulated estate with the access key that leads into each account;
    /// empty for live.
    pub estate: Vec<(Scope, String)>,
    /// The front doors that a simulated estate's operator declares; none for live, where the configuration does.
    pub doors: Vec<FrontDoor>,
}
