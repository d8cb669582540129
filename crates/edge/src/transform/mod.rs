//! What is made of a stored response for one request.

pub(crate) mod range;
