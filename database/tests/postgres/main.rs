//! The promises of the README, tried on a real PostgreSQL: a fresh database for each test.

#![expect(clippy::unwrap_used, reason = "a test's helpers are tests too")]

mod append_only;
mod authentication;
mod availability;
mod callbacks;
mod cleaning;
mod counters;
mod devices;
mod documents;
mod drafts;
mod draining;
mod encrypted;
mod erasing;
mod facts;
mod keys;
mod leads;
mod left_tasks;
mod meanings;
mod merging;
mod migrations;
mod operations;
mod outbox;
mod partitions;
mod queries;
mod races;
mod recordings;
mod recount;
mod retention;
mod roles;
mod sealing;
mod sessions;
mod size;
mod stated_names;
mod support;
mod tenants;
mod tool_calls;
mod traces;
mod turn_insights;
mod unmerging;
mod verifying;
mod warming;
mod worker_role;
