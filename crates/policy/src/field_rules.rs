//! Changes to the fields of requests on their way to an origin, and of answers on their way to clients.

use littoral_rules::{Filter, Template};

/// One change. Changes are made in the file's order.
#[derive(Clone, Debug)]
pub struct FieldRule {
    /// Field name in lower case.
    pub name: Box<str>,
    /// What becomes of the field.
    pub change: FieldChange,
    /// Only for requests that this matches.
    pub when: Option<Filter>,
}

/// What becomes of a field.
#[derive(Clone, Debug)]
pub enum FieldChange {
    /// It says this, whatever it said before; nothing where the value comes out empty.
    Set(Template),
    /// A further line.
    Add(Template),
    /// It says this where it is not there.
    Default(Template),
    /// It goes.
    Remove,
}

impl FieldChange {
    /// As the site file names it.
    pub fn as_str(&self) -> &'static str {
        match self {
            FieldChange::Set(_) => "set",
            FieldChange::Add(_) => "add",
            FieldChange::Default(_) => "default",
            FieldChange::Remove => "remove",
        }
    }
}
