crate::text_enum! {
    /// How the caller came.
    pub enum Channel {
        /// A browser, or any other LiveKit client.
        Web = "web",
        /// A telephone, by SIP.
        Phone = "phone",
    }
}

impl Default for Channel {
    fn default() -> Self {
        Self::Web
    }
}
