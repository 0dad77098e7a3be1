//! Asks the bank's core system for a customer's balance.

use crate::{BoxFuture, Outcome, Tool, ToolCaller, ToolError};
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;

/// A caller is waiting on the line.
const TIMEOUT: Duration = Duration::from_secs(3);
/// A balance is a few dozen bytes; more is not one.
const MAX_BODY: usize = 4_096;

/// The bank's webhook.
#[derive(Debug, Clone)]
pub struct BalanceConfig {
    /// Asked as `GET {url}?customer=…`; answers `{"amount": "1234.56", "currency": "USD"}`, or 404
    /// for a customer it does not know.
    pub url: String,
    /// Sent as a bearer token.
    pub token: Option<SecretString>,
}

/// What a customer can spend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// A decimal as spoken and shown: `1,234.56`.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
}

/// Fetches balances.
#[derive(Debug, Clone)]
pub struct BalanceTool {
    config: BalanceConfig,
    http: reqwest::Client,
}

impl BalanceTool {
    /// Asks the webhook of `config`.
    ///
    /// # Errors
    /// When no HTTP client can be made (no TLS roots).
    pub fn new(config: BalanceConfig) -> Result<Self, ToolError> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none());
        let http = http
            .build()
            .map_err(|error| ToolError::Failed(error.to_string()))?;
        Ok(Self { config, http })
    }

    /// The balance of an authenticated customer.
    ///
    /// # Errors
    /// [`ToolError::Unknown`] for a customer the bank does not know, [`ToolError::Failed`] when it
    /// does not answer, or with anything but a balance.
    pub async fn of(&self, customer: &str) -> Result<Balance, ToolError> {
        let mut request = self
            .http
            .get(&self.config.url)
            .query(&[("customer", customer)]);
        if let Some(token) = &self.config.token {
            request = request.bearer_auth(token.expose_secret());
        }
        // `without_url`: the URL names the customer.
        let failed = |error: reqwest::Error| ToolError::Failed(error.without_url().to_string());
        let mut response = request.send().await.map_err(failed)?;
        match response.status() {
            StatusCode::NOT_FOUND => return Err(ToolError::Unknown),
            StatusCode::OK => {}
            other => {
                return Err(ToolError::Failed(format!(
                    "the bank's system answered {other}"
                )));
            }
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                return Err(ToolError::Failed(
                    "the bank's system sent too much".to_owned(),
                ));
            }
        }
        parse(&body)
            .ok_or_else(|| ToolError::Failed("the bank's system sent no balance".to_owned()))
    }
}

impl Tool for BalanceTool {
    fn name(&self) -> &'static str {
        "balance"
    }

    fn description(&self) -> &'static str {
        "Tells an authenticated customer what they can spend."
    }

    fn call<'a>(&'a self, caller: &'a ToolCaller) -> BoxFuture<'a, Result<Outcome, ToolError>> {
        Box::pin(async move {
            let customer = caller
                .customer
                .as_deref()
                .ok_or(ToolError::NotAuthenticated)?;
            self.of(customer).await.map(Outcome::Balance)
        })
    }
}

#[derive(Deserialize)]
struct Answer {
    amount: serde_json::Value,
    currency: String,
}

fn parse(body: &[u8]) -> Option<Balance> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    // Kept as text: a float would lose cents.
    let amount = match answer.amount {
        serde_json::Value::String(text) => text,
        serde_json::Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let currency = answer.currency;
    let iso = currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase());
    iso.then_some(Balance {
        amount: grouped(&amount)?,
        currency,
    })
}

/// "-1234.5" as "-1,234.50"; `None` for what is no decimal.
fn grouped(amount: &str) -> Option<String> {
    let (sign, number) = match amount.strip_prefix('-') {
        Some(number) => ("-", number),
        None => ("", amount),
    };
    let (whole, cents) = number.split_once('.').unwrap_or((number, "00"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(cents) || whole.len() > 15 || cents.len() > 4 {
        return None;
    }
    let mut out = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    Some(format!("{out}.{cents:0<2}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::extract::Query;
    use axum::http::HeaderMap;
    use axum::routing::get;
    use std::collections::HashMap;

    /// A bank that answers by the customer's name, over real HTTP.
    async fn bank() -> String {
        let answer = |headers: HeaderMap, Query(query): Query<HashMap<String, String>>| async move {
            let customer = query
                .get("customer")
                .map(String::as_str)
                .unwrap_or_default();
            if headers
                .get("authorization")
                .is_none_or(|value| value != "Bearer secret")
            {
                return (StatusCode::UNAUTHORIZED, String::new());
            }
            match customer {
                "ana & co" => (
                    StatusCode::OK,
                    r#"{"amount":"1234567.8","currency":"USD"}"#.to_owned(),
                ),
                "number" => (
                    StatusCode::OK,
                    r#"{"amount":-12.05,"currency":"USD"}"#.to_owned(),
                ),
                "rubbish" => (StatusCode::OK, "<html>".to_owned()),
                "flood" => (StatusCode::OK, "x".repeat(MAX_BODY * 4)),
                "broken" => (StatusCode::INTERNAL_SERVER_ERROR, String::new()),
                _ => (StatusCode::NOT_FOUND, String::new()),
            }
        };
        let app = axum::Router::new().route("/balance", get(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        #[expect(clippy::disallowed_methods, reason = "the test's own server")]
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}/balance")
    }

    fn tool(url: String, token: Option<&str>) -> BalanceTool {
        BalanceTool::new(BalanceConfig {
            url,
            token: token.map(SecretString::from),
        })
        .unwrap()
    }

    #[tokio::test]
    async fn a_known_customer_hears_the_amount_the_bank_sent() {
        let tool = tool(bank().await, Some("secret"));
        let balance = tool.of("ana & co").await.unwrap();
        assert_eq!(
            (balance.amount.as_str(), balance.currency.as_str()),
            ("1,234,567.80", "USD")
        );
        assert_eq!(tool.of("number").await.unwrap().amount, "-12.05");
    }

    #[tokio::test]
    async fn anything_but_a_balance_is_an_error() {
        let url = bank().await;
        let known = tool(url.clone(), Some("secret"));
        assert_eq!(known.of("nobody").await, Err(ToolError::Unknown));
        for customer in ["rubbish", "flood", "broken"] {
            let error = known.of(customer).await.expect_err(customer);
            assert!(matches!(error, ToolError::Failed(_)), "{customer}: {error}");
            assert!(
                !error.to_string().contains(customer),
                "an error names no customer: {error}"
            );
        }
        let stranger = tool(url, None).of("ana & co").await;
        assert!(
            matches!(stranger, Err(ToolError::Failed(_))),
            "{stranger:?}"
        );
        let nowhere = tool("http://127.0.0.1:1/".to_owned(), None)
            .of("ana")
            .await
            .expect_err("nothing listens");
        assert!(
            !nowhere.to_string().contains("ana"),
            "an error names no customer: {nowhere}"
        );
    }

    #[tokio::test]
    async fn a_caller_who_is_not_authenticated_is_not_asked_about() {
        let tool = tool("http://127.0.0.1:1/".to_owned(), None);
        assert_eq!(
            tool.call(&ToolCaller::default()).await,
            Err(ToolError::NotAuthenticated)
        );
    }

    #[test]
    fn amounts_are_decimals() {
        for (amount, spoken) in [
            ("0", "0.00"),
            ("999", "999.00"),
            ("1000.5", "1,000.50"),
            ("-12345.67", "-12,345.67"),
        ] {
            assert_eq!(grouped(amount).as_deref(), Some(spoken));
        }
        for amount in [
            "",
            "1e9",
            "1,000",
            "12.",
            ".5",
            "--1",
            "NaN",
            "1.2.3",
            "9999999999999999",
        ] {
            assert_eq!(grouped(amount), None, "{amount} is no amount");
        }
    }
}
