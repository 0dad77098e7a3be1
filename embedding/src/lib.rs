#![doc = include_str!("../README.md")]

mod classifier;
mod kept;
mod network;
mod scan;
mod word_piece;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

pub use classifier::{Classifier, SEED, shuffle};
pub use kept::{keep, kept};
pub use scan::{MOST_SCANNED, Near, Scan};

use network::{Network, SIZE};
use word_piece::WordPiece;

/// Tokens of a text that count, its two marks included; what the network was trained on.
const MAX_TOKENS: usize = 256;

/// Tokens of several texts that are gone through together: more are no quicker, and take memory.
const TOGETHER: usize = 192;

/// The network and its words. Immutable: one serves all calls.
pub struct Embedder {
    words: WordPiece,
    network: Network,
    id: String,
}

impl fmt::Debug for Embedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Embedder")
    }
}

impl Embedder {
    /// Reads `model.safetensors` and `vocab.txt` from `folder`, 90 MB, in about 0.1 s.
    ///
    /// # Errors
    /// When a file cannot be read, or is not this network.
    pub fn load(folder: &Path) -> Result<Self, EmbeddingError> {
        let read = |name: &str| {
            let file = folder.join(name);
            std::fs::read(&file).map_err(|source| EmbeddingError::Unreadable { file, source })
        };
        let wrong = |name: &str, message: String| EmbeddingError::Malformed {
            file: folder.join(name),
            message,
        };
        let vocabulary = read("vocab.txt")?;
        let words_sum = crc32fast::hash(&vocabulary);
        let vocabulary =
            String::from_utf8(vocabulary).map_err(|e| wrong("vocab.txt", e.to_string()))?;
        let words = WordPiece::new(&vocabulary).map_err(|e| wrong("vocab.txt", e))?;
        let weights = read("model.safetensors")?;
        let network = Network::new(&weights).map_err(|e| wrong("model.safetensors", e))?;
        if words.len() > network.vocabulary() {
            let message = format!(
                "{} words, and the network knows {}",
                words.len(),
                network.vocabulary()
            );
            return Err(wrong("vocab.txt", message));
        }
        let id = format!("minilm-{words_sum:08x}{:08x}", crc32fast::hash(&weights));
        Ok(Self { words, network, id })
    }

    /// Tells this network from others: `minilm-` and a checksum of its files. Networks of one id find the same vectors,
    /// but for rounding.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What the text means. Words beyond the first 250 or so do not count.
    #[must_use]
    pub fn embed(&self, text: &str) -> Vector {
        let mean = self.network.means(&[self.words.tokens(text, MAX_TOKENS)]);
        Vector::new(mean.concat())
    }

    /// What each of many texts means: the same as one by one, in about half the time.
    pub fn embed_all<'a>(&self, texts: impl IntoIterator<Item = &'a str>) -> Vec<Vector> {
        let (mut vectors, mut waiting, mut tokens) = (Vec::new(), Vec::new(), 0);
        for text in texts {
            let text = self.words.tokens(text, MAX_TOKENS);
            tokens += text.len();
            waiting.push(text);
            if tokens >= TOGETHER {
                vectors.append(&mut self.network.means(&waiting));
                waiting.clear();
                tokens = 0;
            }
        }
        vectors.append(&mut self.network.means(&waiting));
        vectors.into_iter().map(Vector::new).collect()
    }
}

/// A direction: numbers of length one together. Cheap to clone.
#[derive(Clone, PartialEq)]
pub struct Vector(Arc<[f32]>);

impl Vector {
    /// The direction of these numbers; all zero where they are.
    #[must_use]
    pub fn new(mut numbers: Vec<f32>) -> Self {
        let length = numbers.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length > 0.0 {
            numbers.iter_mut().for_each(|x| *x /= length);
        }
        Self(numbers.into())
    }

    /// How near two meanings are: 1 for the same, about 0 for unrelated ones. 0 for vectors of different networks.
    #[must_use]
    pub fn nearness(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        product(&self.0, &other.0)
    }

    /// This meaning, moved towards another by so much of it.
    #[must_use]
    pub fn leaning_on(&self, other: &Self, share: f32) -> Self {
        let both = self.0.iter().zip(&*other.0);
        Self::new(both.map(|(a, b)| a + share * b).collect())
    }

    /// The numbers in bytes: 32 bits each, little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|x| x.to_le_bytes()).collect()
    }

    /// From what [`Self::to_bytes`] gave of a network's vector; `None` for anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<4>();
        let is_whole = numbers.len() == SIZE && rest.is_empty();
        let numbers = numbers.iter().map(|bytes| f32::from_le_bytes(*bytes));
        is_whole.then(|| Self::new(numbers.collect()))
    }

    /// The numbers.
    #[must_use]
    pub fn numbers(&self) -> &[f32] {
        &self.0
    }
}

/// The sum of the products of numbers that stand at the same place.
fn product(ours: &[f32], theirs: &[f32]) -> f32 {
    // Eight sums side by side, which a processor adds at once.
    let (ours, our_rest) = ours.as_chunks::<8>();
    let (theirs, their_rest) = theirs.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in ours.iter().zip(theirs) {
        for at in 0..8 {
            sums[at] += a[at] * b[at];
        }
    }
    let rest = our_rest.iter().zip(their_rest).map(|(a, b)| a * b);
    sums.into_iter().chain(rest).sum()
}

/// Without its numbers, which say what somebody said.
impl fmt::Debug for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vector({})", self.0.len())
    }
}

/// Why the network could not be read.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddingError {
    /// A file is missing or cannot be read.
    #[error("cannot read {file}: {source}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is something else.
    #[error("{file} is not of all-MiniLM-L6-v2: {message}")]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        message: String,
    },
}

#[cfg(test)]
mod tests {
    use super::{Embedder, EmbeddingError, Vector};

    #[test]
    fn nearness_is_the_angle_between_two_meanings() {
        let (east, north) = (Vector::new(vec![3.0, 0.0]), Vector::new(vec![0.0, 0.5]));
        assert_eq!(east.numbers(), [1.0, 0.0], "the length is one");
        assert!((east.nearness(&east) - 1.0).abs() < 1e-6);
        assert!(east.nearness(&north).abs() < 1e-6);
        let north_east = Vector::new(vec![1.0, 1.0]);
        assert!((east.nearness(&north_east) - 0.5_f32.sqrt()).abs() < 1e-6);
        assert!(
            east.nearness(&Vector::new(vec![1.0])).abs() < 1e-6,
            "other networks are unrelated"
        );
        assert!(Vector::new(vec![0.0, 0.0]).numbers() == [0.0, 0.0]);
        assert_eq!(format!("{east:?}"), "Vector(2)", "its numbers stay unseen");
    }

    #[test]
    fn a_vector_comes_back_from_its_bytes() {
        let mut numbers = vec![0.0; 384];
        (numbers[0], numbers[383]) = (3.0, -4.0);
        let bytes = Vector::new(numbers).to_bytes();
        let again = Vector::from_bytes(&bytes).unwrap();
        assert_eq!((again.numbers()[0], again.numbers()[383]), (0.6, -0.8));
        assert!(Vector::from_bytes(&bytes[1..]).is_none(), "cut short");
        assert!(
            Vector::from_bytes(&[&bytes[..], &[0; 4]].concat()).is_none(),
            "too long"
        );
        assert!(Vector::from_bytes(&[]).is_none());
    }

    #[test]
    fn a_folder_that_is_no_model_is_named() {
        let folder = std::env::temp_dir().join(format!("embedding-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let missing = Embedder::load(&folder).unwrap_err();
        assert!(matches!(missing, EmbeddingError::Unreadable { .. }));
        assert!(missing.to_string().contains("vocab.txt"), "{missing}");
        std::fs::write(folder.join("vocab.txt"), "[UNK]\n[CLS]\n[SEP]\na\n").unwrap();
        std::fs::write(folder.join("model.safetensors"), "no weights").unwrap();
        let wrong = Embedder::load(&folder).unwrap_err();
        assert!(wrong.to_string().contains("model.safetensors"), "{wrong}");
        std::fs::write(folder.join("vocab.txt"), "a\n").unwrap();
        let wrong = Embedder::load(&folder).unwrap_err();
        assert!(wrong.to_string().contains("[UNK]"), "{wrong}");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
