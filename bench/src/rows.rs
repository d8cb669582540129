//! The rows of the table: what is asked for, and what must have become of it.

/// One row.
#[derive(Copy, Clone, Debug)]
pub struct Row {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it measures.
    pub about: &'static str,
    /// Target of the requests.
    pub path: &'static str,
    /// Asks for the Zipf keys.
    pub zipf: bool,
    /// Each request has a query of its own.
    pub unique: bool,
    /// A further field line.
    pub header: Option<&'static str>,
    /// Status of every reply.
    pub status: u16,
    /// Whether the origin sees every request, or none.
    pub reaches_origin: bool,
    /// Whether what it shows needs no cache, so that the bare floor can be measured.
    pub has_floor: bool,
}

const HIT: Row = Row {
    name: "",
    about: "",
    path: "",
    zipf: false,
    unique: false,
    header: None,
    status: 200,
    reaches_origin: false,
    has_floor: true,
};

/// All rows, in the order of the table.
pub const ROWS: &[Row] = &[
    Row { name: "h1-1k", about: "hit, 1 KiB", path: "/1k", ..HIT },
    Row { name: "h1-128k", about: "hit, 128 KiB", path: "/128k", ..HIT },
    Row { name: "h1-zipf", about: "hit, 10,000 keys of 4–64 KiB by Zipf", path: "/z/0", zipf: true, ..HIT },
    Row {
        name: "h1-304",
        about: "hit, `If-None-Match` answered 304",
        path: "/1k",
        header: Some("If-None-Match: \"bench-1024\""),
        status: 304,
        has_floor: false,
        ..HIT
    },
    Row {
        name: "miss-1k",
        about: "miss, 1 KiB fetched and stored",
        path: "/miss/1k",
        unique: true,
        reaches_origin: true,
        has_floor: false,
        ..HIT
    },
    Row {
        name: "miss-128k",
        about: "miss, 128 KiB fetched and stored",
        path: "/miss/128k",
        unique: true,
        reaches_origin: true,
        has_floor: false,
        ..HIT
    },
    Row {
        name: "pass-1k",
        about: "passed through, 1 KiB",
        path: "/pass/1k",
        reaches_origin: true,
        has_floor: false,
        ..HIT
    },
    Row {
        name: "pass-128k",
        about: "passed through, 128 KiB",
        path: "/pass/128k",
        reaches_origin: true,
        has_floor: false,
        ..HIT
    },
];
