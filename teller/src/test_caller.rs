//! A caller without a browser: joins a room as a caller, speaks, listens, and
//! tells what it heard and how long it took.
//!
//! It is how people try a deployment, and how the end-to-end tests call.

mod caller;
mod clip;
mod listener;
mod player;
mod report;
mod script;
mod token;
mod voice;
mod watch;

use std::path::PathBuf;

use clap::Args;

use self::voice::CallerVoice;
use crate::config::{Reader, livekit_only};

pub use caller::{CallError, Caller};
pub use clip::Clip;
pub use report::{CallReport, TurnReport};
pub use script::{Script, Step};
pub use token::Identity;
pub use voice::VoiceName;

/// `teller call`
#[derive(Debug, Args)]
#[command(
    after_help = "Without --say, --wav or --script the caller says nothing and listens for ten seconds.\n\
    Reads LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET, and LIVEKIT_AGENT_NAME for explicit dispatch.\n\n\
    Example: teller call --say \"What are your opening hours?\" --record call.wav"
)]
pub struct CallArgs {
    /// Say this text; may be given several times, each waits for the answer
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// Play this WAV file (mono, any rate); may be given several times
    #[arg(long, value_name = "FILE")]
    wav: Vec<PathBuf>,
    /// What the caller speaks with: flite, espeak-ng, piper or kokoro, and which of its voices (kokoro:am_michael);
    /// piper and kokoro keep what they said in the folder SPEECH_CACHE
    #[arg(long, value_name = "ENGINE[:VOICE]", default_value = "flite:rms")]
    voice: VoiceName,
    /// Follow a script of turns, pauses, interruptions and expectations (see docs/call-scripts.md)
    #[arg(long, value_name = "FILE.yaml")]
    script: Option<PathBuf>,
    /// Call as a phone: a participant of kind SIP with its attributes, and narrow-band audio
    #[arg(long)]
    sip: bool,
    /// The number a phone call comes from
    #[arg(
        long,
        value_name = "E164",
        default_value = "+15550199",
        requires = "sip"
    )]
    number: String,
    /// A device id, as a returning browser would bring
    #[arg(long, value_name = "ID", conflicts_with = "sip")]
    device: Option<String>,
    /// The room; a new one unless given
    #[arg(long)]
    room: Option<String>,
    /// Write both sides as a stereo WAV (left: caller, right: agent)
    #[arg(long, value_name = "OUT.wav")]
    record: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command. `false` when an expectation of the script was not met.
///
/// # Errors
/// When the call could not be made at all.
pub async fn run(args: CallArgs) -> anyhow::Result<bool> {
    let mut env = Reader::from_env();
    let agent_name = env.text("LIVEKIT_AGENT_NAME", "");
    let livekit = livekit_only(&mut env)?;
    let script = match &args.script {
        Some(path) => Script::load(path)?,
        None => Script::of(&args.say, &args.wav),
    };
    let identity = if args.sip {
        Identity::phone(&args.number)
    } else {
        Identity::browser(args.device.clone())
    };
    let room = args
        .room
        .clone()
        .unwrap_or_else(|| format!("call-{:016x}", rand::random::<u64>()));
    let voice = CallerVoice::new(args.voice, &mut env);
    script.prepare(&voice).await?;
    let mut caller = Caller::join(&livekit, &room, &identity, &agent_name).await?;
    let failures = script.follow(&mut caller, &voice).await;
    let report = caller.hang_up(failures, args.record.as_deref()).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(report.failures.is_empty())
}
