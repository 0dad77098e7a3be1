//! Who the caller pretends to be, and the token that says so.

use std::time::Duration;

use livekit_api::access_token::{AccessToken, AccessTokenError, VideoGrants};
use livekit_protocol::{RoomAgentDispatch, RoomConfiguration};
use secrecy::ExposeSecret;

use crate::config::LiveKitConfig;

/// A browser or a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Participant identity.
    pub identity: String,
    /// Narrow-band audio, `sip.*` attributes, kind SIP.
    pub phone: bool,
    /// Attributes of the token.
    pub attributes: Vec<(String, String)>,
}

impl Identity {
    /// A browser, with the device id of an earlier visit if there was one.
    pub fn browser(device: Option<String>) -> Self {
        Self {
            identity: format!("web_{:016x}", rand::random::<u64>()),
            phone: false,
            attributes: device
                .map(|device| ("teller.device".to_owned(), device))
                .into_iter()
                .collect(),
        }
    }

    /// A phone, with the attributes that LiveKit's SIP bridge sets, ringing.
    pub fn phone(number: &str) -> Self {
        let call_id = format!("SCL_{:012x}", rand::random::<u64>() & 0xffff_ffff_ffff);
        let attributes = [
            ("sip.phoneNumber", number),
            ("sip.trunkPhoneNumber", "+15550100"),
            ("sip.trunkID", "ST_local"),
            ("sip.ruleID", "SDR_local"),
            ("sip.callID", &call_id),
            ("sip.callIDFull", &call_id),
            ("sip.hostname", "127.0.0.1"),
            ("sip.callStatus", "ringing"),
        ];
        Self {
            identity: format!("sip_{number}"),
            phone: true,
            attributes: attributes.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        }
    }

    pub(super) fn token(
        &self,
        livekit: &LiveKitConfig,
        room: &str,
        agent: &str,
    ) -> Result<String, AccessTokenError> {
        let grants = VideoGrants {
            room_join: true,
            room: room.to_owned(),
            can_publish: Some(true),
            can_subscribe: Some(true),
            can_publish_data: Some(true),
            // The bridge reports that a call became active through its own attributes.
            can_update_own_metadata: Some(self.phone),
            ..Default::default()
        };
        let mut token =
            AccessToken::with_api_key(&livekit.api_key, livekit.api_secret.expose_secret())
                .with_ttl(Duration::from_secs(600))
                .with_identity(&self.identity)
                .with_name(&self.identity)
                .with_attributes(
                    self.attributes
                        .iter()
                        .map(|(k, v)| (k.as_str(), v.as_str())),
                )
                .with_grants(grants);
        if self.phone {
            token = token.with_kind("sip");
        }
        if !agent.is_empty() {
            let dispatch = RoomAgentDispatch {
                agent_name: agent.to_owned(),
                ..Default::default()
            };
            token = token.with_room_config(RoomConfiguration {
                agents: vec![dispatch],
                ..Default::default()
            });
        }
        token.to_jwt()
    }
}
