//! The ggml layout of a whisper model, as whisper.cpp 1.8 reads it.

use std::collections::HashMap;

use super::reader::Reader;

const MAGIC: u32 = 0x6767_6d6c;
/// Rows of the token embedding: 51864 without other languages, up to 51866 with them.
const ENGLISH_VOCAB: u32 = 51_864;
const FFT_BINS: u32 = 201;

/// The numbers that shape a model.
#[derive(Debug)]
pub(super) struct Header {
    vocab: u32,
    audio_context: u32,
    width: u32,
    audio_layers: u32,
    text_context: u32,
    text_layers: u32,
    mels: u32,
    format: Format,
}

/// A number format: how the file's header and each tensor number it, and its bytes per block of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Format {
    name: &'static str,
    ftype: u32,
    tensor_type: u32,
    block_values: usize,
    block_bytes: usize,
}

const F32: Format = Format::new("f32", 0, 0, 1, 4);
const F16: Format = Format::new("f16", 1, 1, 1, 2);

/// What a model may be stored in. f32 is missing: such a file loads, and aborts the process at the first word.
const FORMATS: [Format; 11] = [
    F16,
    Format::new("q4_0", 2, 2, 32, 18),
    Format::new("q4_1", 3, 3, 32, 20),
    Format::new("q8_0", 7, 8, 32, 34),
    Format::new("q5_0", 8, 6, 32, 22),
    Format::new("q5_1", 9, 7, 32, 24),
    Format::new("q2_k", 10, 10, 256, 84),
    Format::new("q3_k", 11, 11, 256, 110),
    Format::new("q4_k", 12, 12, 256, 144),
    Format::new("q5_k", 13, 13, 256, 176),
    Format::new("q6_k", 14, 14, 256, 210),
];

impl Format {
    const fn new(
        name: &'static str,
        ftype: u32,
        tensor_type: u32,
        block_values: usize,
        block_bytes: usize,
    ) -> Self {
        Self {
            name,
            ftype,
            tensor_type,
            block_values,
            block_bytes,
        }
    }
}

impl Header {
    /// The published size with these dimensions.
    pub(super) fn size_name(&self) -> Option<&'static str> {
        match (self.width, self.audio_layers, self.text_layers) {
            (384, 4, 4) => Some("tiny"),
            (512, 6, 6) => Some("base"),
            (768, 12, 12) => Some("small"),
            (1024, 24, 24) => Some("medium"),
            (1280, 32, 32) => Some("large"),
            (1280, 32, 4) => Some("large-turbo"),
            _ => None,
        }
    }

    pub(super) fn english_only(&self) -> bool {
        self.vocab == ENGLISH_VOCAB
    }

    pub(super) fn format_name(&self) -> &'static str {
        self.format.name
    }
}

/// Reads a whole file and returns its header; the error is the reason it cannot be used.
pub(super) fn check(reader: &mut Reader<'_>) -> Result<Header, String> {
    let magic = reader.number("the magic number")?;
    if magic != MAGIC {
        return Err(format!(
            "it is not a ggml file: it begins with {magic:#010x}, expected {MAGIC:#010x}"
        ));
    }
    let header = check_header(reader)?;
    check_filters_and_words(reader, &header)?;
    let mut expected = expected_tensors(&header);
    while !reader.at_end() {
        check_tensor(reader, &mut expected)?;
    }
    match expected.keys().min() {
        None => Ok(header),
        Some(missing) => Err(format!(
            "it is cut short: {} tensors are missing, {missing} among them",
            expected.len()
        )),
    }
}

fn check_header(reader: &mut Reader<'_>) -> Result<Header, String> {
    let vocab = reader.number_in("the number of tokens", ENGLISH_VOCAB..=51_866)?;
    let audio_context = reader.number_in("the audio context", 1..=1500)?;
    let width = reader.number_in("the width", 32..=1280)?;
    let audio_heads = reader.number_in("the number of audio heads", 1..=64)?;
    let audio_layers = reader.number_in("the number of audio layers", 1..=32)?;
    let text_context = reader.number_in("the text context", 8..=448)?;
    let text_width = reader.number("the text width")?;
    let text_heads = reader.number_in("the number of text heads", 1..=64)?;
    let text_layers = reader.number_in("the number of text layers", 1..=32)?;
    let mels = reader.number("the number of mel bands")?;
    let ftype = reader.number("the number format")?;
    if text_width != width {
        return Err(format!(
            "the text width is {text_width}, expected the audio width {width}"
        ));
    }
    if !width.is_multiple_of(audio_heads) || !width.is_multiple_of(text_heads) {
        return Err(format!(
            "a width of {width} does not divide into {audio_heads} and {text_heads} heads"
        ));
    }
    if mels != 80 && mels != 128 {
        return Err(format!(
            "the number of mel bands is {mels}, expected 80 or 128"
        ));
    }
    let known = FORMATS
        .iter()
        .find(|format| format.ftype == ftype % 1000 && ftype < 3000);
    let Some(&format) = known else {
        return Err(format!(
            "the number format is {ftype}, expected f16 (1) or a quantised one such as q8_0 (2007)"
        ));
    };
    if !(width as usize).is_multiple_of(format.block_values) {
        return Err(format!(
            "a width of {width} cannot be stored as {}",
            format.name
        ));
    }
    Ok(Header {
        vocab,
        audio_context,
        width,
        audio_layers,
        text_context,
        text_layers,
        mels,
        format,
    })
}

fn check_filters_and_words(reader: &mut Reader<'_>, header: &Header) -> Result<(), String> {
    let mels = header.mels;
    reader.number_in("the mel filters' bands", mels..=mels)?;
    reader.number_in("the mel filters' bins", FFT_BINS..=FFT_BINS)?;
    reader.take((mels * FFT_BINS * 4) as usize, "the mel filters")?;
    let words = reader.number_in("the number of words", 50_256..=header.vocab)?;
    let mut blank = false;
    for _ in 0..words {
        let length = reader.number_in("the length of a word", 0..=1024)?;
        // whisper.cpp looks this one up without checking that it is there.
        blank |= reader.take(length as usize, "a word")? == b" ";
    }
    if blank {
        Ok(())
    } else {
        Err("its vocabulary has no blank".to_owned())
    }
}

/// Shape (fastest dimension first) and format of a tensor.
type Shape = (Vec<u32>, Format);

fn check_tensor(
    reader: &mut Reader<'_>,
    expected: &mut HashMap<String, Shape>,
) -> Result<(), String> {
    let rank = reader.number_in("a tensor's rank", 1..=4)?;
    let name_length = reader.number_in("the length of a tensor's name", 1..=256)?;
    let kind = reader.number("a tensor's number format")?;
    let dims = (0..rank)
        .map(|_| reader.number("a tensor's dimensions"))
        .collect::<Result<Vec<_>, _>>()?;
    let name =
        String::from_utf8_lossy(reader.take(name_length as usize, "a tensor's name")?).into_owned();
    let Some((shape, format)) = expected.remove(&name) else {
        return Err(format!("the tensor {name} is unknown or there twice"));
    };
    if dims != shape {
        return Err(format!(
            "the tensor {name} has the shape {dims:?}, expected {shape:?}"
        ));
    }
    if kind != format.tensor_type {
        return Err(format!(
            "the tensor {name} has the number format {kind}, expected {} ({})",
            format.tensor_type, format.name
        ));
    }
    let values: usize = shape.iter().map(|&dim| dim as usize).product();
    reader.take(
        values / format.block_values * format.block_bytes,
        &format!("the tensor {name}"),
    )?;
    Ok(())
}

fn expected_tensors(header: &Header) -> HashMap<String, Shape> {
    let n = header.width;
    let mut tensors = HashMap::new();
    let mut add = |name: String, dims: &[u32], format: Format| {
        tensors.insert(name, (dims.to_vec(), format));
    };
    add(
        "encoder.positional_embedding".into(),
        &[n, header.audio_context],
        F32,
    );
    add(
        "decoder.positional_embedding".into(),
        &[n, header.text_context],
        F32,
    );
    add(
        "decoder.token_embedding.weight".into(),
        &[n, header.vocab],
        header.format,
    );
    for (conv, inputs) in [("conv1", header.mels), ("conv2", n)] {
        add(format!("encoder.{conv}.weight"), &[3, inputs, n], F16);
        add(format!("encoder.{conv}.bias"), &[1, n], F32);
    }
    let mut norms = vec!["encoder.ln_post".to_owned(), "decoder.ln".to_owned()];
    for (side, layers) in [
        ("encoder", header.audio_layers),
        ("decoder", header.text_layers),
    ] {
        for layer in 0..layers {
            let block = format!("{side}.blocks.{layer}");
            let attentions: &[&str] = if side == "encoder" {
                &["attn"]
            } else {
                &["attn", "cross_attn"]
            };
            for attention in attentions {
                norms.push(format!("{block}.{attention}_ln"));
                for part in ["query", "key", "value", "out"] {
                    add(
                        format!("{block}.{attention}.{part}.weight"),
                        &[n, n],
                        header.format,
                    );
                    if part != "key" {
                        add(format!("{block}.{attention}.{part}.bias"), &[n], F32);
                    }
                }
            }
            norms.push(format!("{block}.mlp_ln"));
            for (part, inputs, outputs) in [("0", n, 4 * n), ("2", 4 * n, n)] {
                add(
                    format!("{block}.mlp.{part}.weight"),
                    &[inputs, outputs],
                    header.format,
                );
                add(format!("{block}.mlp.{part}.bias"), &[outputs], F32);
            }
        }
    }
    for norm in norms {
        add(format!("{norm}.weight"), &[n], F32);
        add(format!("{norm}.bias"), &[n], F32);
    }
    tensors
}
