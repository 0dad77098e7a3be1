crate::text_enum! {
    /// How the caller came.
    #[derive(Default)]
    pub enum Channel {
        /// A browser, or any other LiveKit client.
        #[default]
        Web = "web",
        /// A telephone, by SIP.
        Phone = "phone",
    }
}
