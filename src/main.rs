//! The thin binary: parse, call, print the error chain, choose the exit code.

fn main() {}
