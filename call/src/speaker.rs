crate::text_enum! {
    /// Who speaks.
    pub enum Speaker {
        /// The person who called.
        Caller = "caller",
        /// The assistant.
        Agent = "agent",
    }
}
