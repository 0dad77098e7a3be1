//! Where calls are transferred when a person is asked for, and how.

use super::Reader;

/// Where a call can be transferred to, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferSettings {
    /// `tel:+…` or `sip:…`; unset, the pack's number is called, or callers are called back.
    pub to: Option<String>,
    /// How.
    pub manner: Manner,
}

/// How a call is transferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// The carrier is asked to take it there.
    Cold,
    /// A colleague is called over this outbound trunk and spoken to first; what caller and colleague say passes through us.
    Warm {
        /// The trunk's id on the LiveKit server: `ST_…`.
        trunk: String,
    },
}

pub(super) fn transfer(env: &mut Reader) -> TransferSettings {
    let is_warm = env.choice("TRANSFER", "cold", &["cold", "warm"]) == "warm";
    // A trunk calls numbers; where a transferred call may go beside that, the carrier knows.
    let form = match is_warm {
        true => "tel:+… while TRANSFER=warm",
        false => "tel:+… or sip:…",
    };
    let to = env.matching("TRANSFER_TO", form, |to| {
        to.starts_with("tel:+") || to.starts_with("sip:") && !is_warm
    });
    let form = "the id of an outbound trunk of the LiveKit server, ST_…";
    let trunk = env.matching("SIP_TRUNK_ID", form, |id| {
        id.strip_prefix("ST_").is_some_and(|rest| !rest.is_empty())
    });
    if is_warm && env.optional("SIP_TRUNK_ID").is_none() {
        env.missing("SIP_TRUNK_ID", &format!("{form} while TRANSFER=warm"));
    }
    let manner = match trunk.filter(|_| is_warm) {
        Some(trunk) => Manner::Warm { trunk },
        None => Manner::Cold,
    };
    TransferSettings { to, manner }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<TransferSettings, String> {
        let mut env = Reader::from_pairs(pairs.iter().copied());
        let settings = transfer(&mut env);
        env.finish(settings).map_err(|error| error.to_string())
    }

    #[test]
    fn calls_are_handed_to_the_carrier_unless_it_is_set_otherwise() {
        let cold = read(&[("TRANSFER_TO", "sip:desk@example.com")]).unwrap();
        assert_eq!(cold.manner, Manner::Cold);
        assert_eq!(cold.to.as_deref(), Some("sip:desk@example.com"));
        let warm = read(&[
            ("TRANSFER", "warm"),
            ("TRANSFER_TO", "tel:+15550199"),
            ("SIP_TRUNK_ID", "ST_abc"),
        ]);
        let trunk = "ST_abc".to_owned();
        assert_eq!(warm.unwrap().manner, Manner::Warm { trunk });
    }

    #[test]
    fn what_a_warm_transfer_lacks_is_named_with_its_form() {
        let told = read(&[("TRANSFER", "warm")]).unwrap_err();
        assert!(
            told.contains("SIP_TRUNK_ID is not set") && told.contains("ST_…"),
            "{told}"
        );
        let told = read(&[
            ("TRANSFER", "warm"),
            ("TRANSFER_TO", "sip:desk@example.com"),
            ("SIP_TRUNK_ID", "trunk"),
        ]);
        let told = told.unwrap_err();
        for part in [
            "TRANSFER_TO is `sip:desk@example.com`",
            "tel:+…",
            "SIP_TRUNK_ID is `trunk`",
        ] {
            assert!(told.contains(part), "{told}");
        }
        let told = read(&[("TRANSFER", "hot")]).unwrap_err();
        assert!(
            told.contains("TRANSFER is `hot`") && told.contains("warm"),
            "{told}"
        );
    }
}
