//! Messages to callers: to the number that is stored for a customer, or to an address that was named.

use database::{Database, ProfileRepository};
use tools::{BoxFuture, GatewayError, Message, MessageGateway, Messages, Recipient, ToolError};

/// Knows a customer's number, and hands messages over.
#[derive(Debug, Clone)]
pub struct CustomerMessages {
    profiles: ProfileRepository,
    gateway: MessageGateway,
}

impl CustomerMessages {
    /// Numbers are those of `database`; messages leave by `gateway`.
    pub fn new(database: &Database, gateway: MessageGateway) -> Self {
        Self {
            profiles: ProfileRepository::new(database),
            gateway,
        }
    }

    async fn address(&self, to: Recipient) -> Result<String, ToolError> {
        let customer = match to {
            Recipient::Address(address) => return Ok(address),
            Recipient::Customer(customer) => customer,
        };
        let profile = self.profiles.get_by_username(&customer).await;
        let profile = profile.map_err(|error| ToolError::Failed(error.to_string()))?;
        profile
            .and_then(|profile| profile.phone_number)
            .ok_or(ToolError::NotFound)
    }
}

impl Messages for CustomerMessages {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), ToolError>> {
        Box::pin(async move {
            let to = self.address(message.to).await?;
            let sent = self.gateway.send(&to, &message.text).await;
            sent.map_err(|error| match error {
                GatewayError::Unreachable(reason) if !reason.is_unsent() => {
                    ToolError::Unclear(reason.to_string())
                }
                // A gateway that failed inside may have sent it before.
                GatewayError::Refused(status) if status.is_server_error() => {
                    ToolError::Unclear(error.to_string())
                }
                error => ToolError::Failed(error.to_string()),
            })
        })
    }
}
