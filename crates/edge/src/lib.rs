//! The HTTP request path of a node: listeners, protocols, routing, cache, origins, answers. One thread per core, each
//! with its own runtime and its own listeners; a connection, its lookups and its fetches stay on that thread.
//!
//! The files follow a request: `accept` → `tls` → `protocol` → `request` → `route` → `serve` → `key` →
//! `lookup` → (`shared` → `fill` or `pass`) → `origin` → `answer` → `transform` → `respond`. Beside the path: `current`
//! (the policies in force), `purge`, `invalidate`, `explain`, `report` (counters and access log).
//!
//! Deliberately absent: configuration files, the administration server and the control link. They act through
//! [`Edge`].

mod accept;
mod access;
mod answer;
mod clients;
mod config;
mod current;
mod deadline;
mod edge;
mod error_page;
mod explain;
mod field_rules;
mod fill;
mod head;
mod invalidate;
mod journey;
mod key;
mod lookup;
mod memory;
mod note;
mod origin;
mod pairs;
mod pass;
mod peer;
mod protocol;
mod purge;
mod redirect;
mod report;
mod request;
mod request_id;
mod respond;
mod rewrite;
mod route;
mod serve;
mod shared;
mod subject;
mod target;
mod tls;
mod transform;
mod varying;
mod worker;

pub use config::{AccessLog, EdgeClients, EdgeConfig, EdgeLimits, MemoryAdmission, Notices, TlsFiles};
pub use edge::{DrainReport, Edge, StartError, Status};
pub use explain::{
    ExplainError, ExplainRequest, ExplainedLimit, ExplainedMember, Explanation, StoredVariant,
};
pub use littoral_records::access::LineFormat;
pub use littoral_runtime::ring::Rotation;
pub use purge::{PurgeError, PurgeReceipt, PurgeRequest};
pub use report::DigestConfig;
pub use tls::TlsError;
