crate::text_enum! {
    /// How a call ended; stored in `agent_sessions.end_reason`.
    pub enum CallEnding {
        /// The caller hung up.
        CallerLeft = "caller_left",
        /// The agent said goodbye: the caller was done.
        Goodbye = "agent_goodbye",
        /// The agent said goodbye after a long silence.
        Silence = "silence",
        /// The call went to a person.
        Transferred = "transferred",
        /// The worker was shutting down.
        Drained = "drained",
        /// The connection to the room was lost for good, or the room was deleted.
        RoomLost = "room_lost",
        /// The agent failed: a defect of ours.
        Broken = "broken",
        /// The worker died; another one closed the record.
        Abandoned = "abandoned",
    }
}
