//! Compiling sites: every mistake with its message, the examples, and what a good file becomes.

mod compiled;
mod examples;
mod hosts;
mod mistakes;
mod properties;
