use call::Channel;

/// Who calls, as far as the line shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Participant identity.
    pub identity: String,
    /// Browser or phone. `sip.*` attributes are believed of the kind SIP alone.
    pub channel: Channel,
    /// A device id that our own token endpoint minted: a hint, never an identity.
    pub device: Option<String>,
    /// The number a phone call came from: a hint, spoofable.
    pub phone_hint: Option<String>,
    /// The browser's address as our token endpoint saw it (hashed): limits count it.
    pub address: Option<String>,
    /// A phone call that is not answered yet must not be spoken to.
    pub can_hear: bool,
}
