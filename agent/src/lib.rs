//! Teller.
use {livekit as _, whisper_rs as _, async_openai as _, axum as _, reqwest as _};
