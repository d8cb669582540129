//! The resolver against a real authoritative name server (NSD), on a clock that the tests move.

mod bed;
mod messages;
mod names;
