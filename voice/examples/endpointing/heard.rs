//! What the product hears of a recording: its last pause, with what was said before and how that sounds.

use voice::listen::{Heard, ListenConfig, Listener, SmartTurn, TURN_SEEN};

use crate::prompts::{Random, room, trimmed};

/// A pause, as turn-taking sees it.
#[derive(Debug, Clone)]
pub(crate) struct Pause {
    /// All words of the turn so far.
    pub(crate) text: String,
    /// How likely it is that the turn is over, by how it sounds.
    pub(crate) probability: f32,
}

/// The product's listener and network.
pub(crate) struct Ears<'a> {
    network: &'a SmartTurn,
    random: Random,
    /// CPU of each judgement, ms.
    pub(crate) cpu: Vec<f64>,
}

impl<'a> Ears<'a> {
    pub(crate) fn new(network: &'a SmartTurn) -> Self {
        Self {
            network,
            random: Random(3),
            cpu: Vec::new(),
        }
    }

    /// The last pause of a recording in a quiet room: what lies before it is one turn, whatever pauses are in it. `None`
    /// where the listener hears nothing.
    pub(crate) fn hear(&mut self, samples: &[i16], text: String) -> Option<Pause> {
        let mut track = room(0.5, &mut self.random);
        track.extend(trimmed(samples));
        track.extend(room(1.0, &mut self.random));
        let config = ListenConfig {
            turn_memory: TURN_SEEN,
            ..ListenConfig::default()
        };
        let mut listener = Listener::new(&config);
        let (mut began, mut turn) = (None, None);
        for frame in track.chunks(160) {
            match listener.push(frame) {
                Some(Heard::SpeechStarted { at_ms }) => {
                    began.get_or_insert(at_ms);
                }
                Some(Heard::SpeechEnded(_)) => {
                    turn = began.map(|began| listener.turn_since(began));
                }
                None => {}
            }
        }
        let turn = turn?;
        let before = cpu_ms();
        let probability = self.network.probability(&turn);
        self.cpu.push(cpu_ms() - before);
        Some(Pause { text, probability })
    }
}

/// CPU that this thread has used.
fn cpu_ms() -> f64 {
    let used = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let used: f64 = used.split(' ').next().unwrap().parse().unwrap();
    used / 1e6
}
