//! The demo account.
