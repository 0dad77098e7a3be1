crate::text_enum! {
    /// How the caller felt.
    pub enum Sentiment {
        /// Pleased.
        Positive = "positive",
        /// Neither.
        Neutral = "neutral",
        /// Displeased.
        Negative = "negative",
    }
}

crate::text_enum! {
    /// Whether the caller got what they wanted.
    pub enum Resolution {
        /// Yes.
        Resolved = "resolved",
        /// A person takes over.
        Escalated = "escalated",
        /// The call broke off, or the question stayed open.
        Incomplete = "incomplete",
    }
}

crate::text_enum! {
    /// What became of a call of a tool.
    pub enum ToolOutcome {
        /// It was carried out.
        Success = "success",
        /// It was not allowed, or the tool said no.
        Refused = "refused",
        /// It was tried and went wrong.
        Failed = "failed",
        /// No answer in time, and it has no effect that lasts.
        TimedOut = "timed_out",
        /// It was taken back before it was carried out.
        Cancelled = "cancelled",
        /// Nobody could find out whether it was carried out.
        Unknown = "unknown",
    }
}
