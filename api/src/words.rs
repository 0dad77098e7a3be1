//! The words with which JSON names a kind of thing, each once.
//!
//! `call`, `database` and `record` spell them for SQL; here they are part of the interface's description. A
//! word that is added there does not compile here until it is described, and a test compares the
//! spelling.

use serde::Serialize;
use utoipa::ToSchema;

/// An enum of the interface for one of `call`, `database` or `record`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident for $source:ty { $($variant:ident = $text:tt,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        pub(crate) enum $name { $(#[serde(rename = $text)] $variant,)+ }

        impl From<$source> for $name {
            fn from(source: $source) -> Self {
                match source { $(<$source>::$variant => Self::$variant,)+ }
            }
        }

        #[cfg(test)]
        impl $name {
            /// Each word as it is spelled in JSON.
            const SPELLINGS: &[(Self, &str)] = &[$((Self::$variant, $text),)+];

            fn assert_spelled_as_in_the_record() {
                for (word, text) in Self::SPELLINGS {
                    let source: $source = text.parse().expect("a word of the record");
                    assert_eq!(Self::from(source), *word, "{text}");
                }
            }
        }
    };
}

words! {
    /// How the caller came.
    Channel for database::Channel {
        Web = "web",
        Phone = "phone",
    }
}

words! {
    /// How the caller felt.
    Sentiment for database::Sentiment {
        Positive = "positive",
        Neutral = "neutral",
        Negative = "negative",
    }
}

words! {
    /// What became of the caller's request.
    Resolution for database::Resolution {
        Resolved = "resolved",
        Escalated = "escalated",
        Incomplete = "incomplete",
    }
}

words! {
    /// Where a call stands; `abandoned`: its worker died.
    CallStatus for database::SessionStatus {
        Active = "active",
        Ended = "ended",
        Abandoned = "abandoned",
    }
}

words! {
    /// How full the spool is: `alarm` from 80 % on; from 95 % on there are no new calls.
    Fullness for database::spool::Fullness {
        Normal = "normal",
        Alarm = "alarm",
        NoNewCalls = "no_new_calls",
        Full = "full",
    }
}

words! {
    /// Which promises: not kept yet; of those, that are late, and that somebody has; kept; all.
    CallbackFilter for database::CallbackFilter {
        Open = "open",
        Overdue = "overdue",
        Taken = "taken",
        Done = "done",
        All = "all",
    }
}

words! {
    /// Which leads: hot by version 1; that want something, and it leads nowhere; with six or more of the ten points of intent;
    /// all.
    LeadKind for database::LeadList {
        Hot = "hot",
        Stuck = "stuck",
        Intent = "intent",
        All = "all",
    }
}

words! {
    /// How near a lead is: from 15 points on hot, from 10 on warm.
    Temperature for record::Temperature {
        Hot = "hot",
        Warm = "warm",
        Cold = "cold",
    }
}

words! {
    /// Who a message is from.
    Role for database::Role {
        User = "user",
        Assistant = "assistant",
        System = "system",
        Tool = "tool",
    }
}

words! {
    /// Whether a profile is a device's or number's, or a customer's.
    ProfileType for database::ProfileKind {
        Anonymous = "anonymous",
        Authenticated = "authenticated",
    }
}

words! {
    /// What became of a merge.
    MergeOutcome for database::MergeOutcome {
        Merged = "merged",
        AlreadyMerged = "already_merged",
        NotFound = "not_found",
        SourceAuthenticated = "refused_source_authenticated",
        Erased = "refused_erased",
        Blocked = "refused_blocked",
        SharedDevice = "refused_shared_device",
        SessionNotFound = "session_not_found",
    }
}

words! {
    /// What became of an unmerge.
    UnmergeOutcome for database::UnmergeOutcome {
        Unmerged = "unmerged",
        NotMerged = "not_merged",
        NameTaken = "refused_name_taken",
        Erased = "refused_erased",
        Changed = "refused_changed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_spelled_as_in_the_record() {
        Channel::assert_spelled_as_in_the_record();
        Sentiment::assert_spelled_as_in_the_record();
        Resolution::assert_spelled_as_in_the_record();
        CallStatus::assert_spelled_as_in_the_record();
        Fullness::assert_spelled_as_in_the_record();
        CallbackFilter::assert_spelled_as_in_the_record();
        LeadKind::assert_spelled_as_in_the_record();
        Temperature::assert_spelled_as_in_the_record();
        Role::assert_spelled_as_in_the_record();
        ProfileType::assert_spelled_as_in_the_record();
        MergeOutcome::assert_spelled_as_in_the_record();
        UnmergeOutcome::assert_spelled_as_in_the_record();
    }
}
