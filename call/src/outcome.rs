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
