//! The testbed's own tests: that its origin misbehaves as told, and that its client takes nothing odd.

mod client;
mod origin;
