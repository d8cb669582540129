//! Placeholder for now; filled below.
