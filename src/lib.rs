//! capplan: a profile is source code, capplan is its compiler and its virtual machine.

pub mod analytic;
pub mod cli;
pub mod components;
pub mod dist;
pub mod engine;
pub mod expr;
pub mod profile;
pub mod program;
pub mod report;
pub mod results;
pub mod rng;
pub mod source;
pub mod stats;
pub mod study;
pub mod units;
pub mod verdict;
