//! What a conversation says: summary rules, sentiment, topics, redaction. Pure.
