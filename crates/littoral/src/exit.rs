//! What the process's exit code says; `littoral --help` lists the same.

/// Files have mistakes, or the node refused.
pub(crate) const REFUSED: u8 = 1;
/// The command line is wrong (clap's own code too).
pub(crate) const USAGE: u8 = 2;
/// No node answered.
pub(crate) const UNREACHED: u8 = 3;
/// The node could not start.
pub(crate) const NOT_STARTED: u8 = 4;
/// The node stopped with requests in flight.
pub(crate) const CUT_OFF: u8 = 5;
