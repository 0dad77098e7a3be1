//! All SQL: profiles, sessions, messages, summaries, documents.
