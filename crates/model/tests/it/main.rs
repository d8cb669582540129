//! Reading node files, and properties of the units. Messages are shown by the table of mistakes in `policy`.

#![allow(clippy::unwrap_used, reason = "what cannot go on, fails the test")]

mod node;
mod properties;
