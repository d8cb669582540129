//! What is made of a response for one request: parts of it, another coding.

pub(crate) mod choose;
pub(crate) mod compress;
pub(crate) mod form;
pub(crate) mod jobs;
pub(crate) mod range;
mod recode;

pub(crate) use form::{Form, TagText};
pub(crate) use jobs::{JobEnd, Jobs};
pub(crate) use recode::{CoderMemory, Recoded, Recoding, Source};
