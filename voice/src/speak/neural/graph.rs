//! An ONNX file cut in two at one tensor, so that sound can begin before the sentence is done.
//!
//! ```text
//! text -> encoder -> frames -> decoder -> sound        the encoder sees the sentence, the decoder a window of frames
//! ```
//! The file is read as what it is, a protobuf message: nodes, weights and inputs are kept or left out, byte for byte, and
//! only what is needed to do so is understood. Pure: bytes in, bytes out.

mod wire;

use std::collections::{HashMap, HashSet};

use wire::{Field, MalformedFile, fields, message, text};

/// Numbers of the fields of onnx.proto that matter here.
mod field {
    pub(super) const MODEL_GRAPH: u32 = 7;
    pub(super) const GRAPH_NODE: u32 = 1;
    pub(super) const GRAPH_WEIGHTS: u32 = 5;
    pub(super) const GRAPH_INPUT: u32 = 11;
    pub(super) const GRAPH_OUTPUT: u32 = 12;
    pub(super) const GRAPH_VALUE: u32 = 13;
    pub(super) const NODE_INPUT: u32 = 1;
    pub(super) const NODE_OUTPUT: u32 = 2;
    pub(super) const NODE_NAME: u32 = 3;
    pub(super) const NODE_ATTRIBUTE: u32 = 5;
    pub(super) const ATTRIBUTE_GRAPH: u32 = 6;
    pub(super) const WEIGHTS_NAME: u32 = 8;
    pub(super) const VALUE_NAME: u32 = 1;
}

/// Graphs lie within graphs at most so deep.
const DEPTH: usize = 8;

/// Both halves of a model.
#[derive(Debug)]
pub(super) struct Halves {
    /// Everything before the cut; its one output is the tensor at the cut.
    pub(super) encoder: Vec<u8>,
    /// Everything behind it; the tensor at the cut is its input.
    pub(super) decoder: Vec<u8>,
}

/// Why a file was not cut.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CutError {
    #[error("it is no ONNX file, or a damaged one")]
    Malformed,
    #[error("it has no node {0}: not a Piper voice")]
    NoNode(&'static str),
    #[error("what lies behind the cut needs {0} of what lies before it")]
    NotParted(String),
}

impl From<MalformedFile> for CutError {
    fn from(_: MalformedFile) -> Self {
        Self::Malformed
    }
}

/// Cuts a model before the node whose name ends so, at its first input. Of the model's own inputs both halves may need
/// `shared` and no other.
pub(super) fn cut(model: &[u8], node: &'static str, shared: &str) -> Result<Halves, CutError> {
    let parts = fields(model)?;
    let graph = parts.iter().find(|part| part.number == field::MODEL_GRAPH);
    let graph = Graph::read(graph.ok_or(CutError::Malformed)?.payload)?;
    let behind = graph.nodes.iter().find(|one| one.name.ends_with(node));
    let at = behind
        .and_then(|node| node.inputs.first())
        .ok_or(CutError::NoNode(node))?;
    let sound = graph.outputs.first().ok_or(CutError::Malformed)?.0;

    let before = graph.needed_for(at, None);
    let after = graph.needed_for(sound, Some(at));
    let mut inputs = graph.inputs.iter().map(|(name, _)| *name);
    if let Some(other) = inputs.find(|name| *name != shared && after.leaves.contains(name)) {
        return Err(CutError::NotParted(other.to_owned()));
    }
    let value = graph.value(at);
    let half = |needed: &Needed<'_>, input: Option<&[u8]>, output: Option<&[u8]>| {
        let graph = graph.only(needed, input, output);
        let mut half = Vec::with_capacity(graph.len() + 64);
        for part in &parts {
            if part.number == field::MODEL_GRAPH {
                message(&mut half, field::MODEL_GRAPH, &graph);
            } else {
                half.extend_from_slice(part.raw);
            }
        }
        half
    };
    Ok(Halves {
        encoder: half(&before, None, Some(&value)),
        decoder: half(&after, Some(&value), None),
    })
}

/// What of a graph is needed for a value.
struct Needed<'a> {
    /// Places of nodes.
    nodes: HashSet<usize>,
    /// Names that no node of these makes: weights, inputs, and where it was stopped.
    leaves: HashSet<&'a str>,
}

struct Node<'a> {
    name: &'a str,
    /// With what its inner graphs take from outside.
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    raw: &'a [u8],
}

/// A graph with its parts as they lie in the file.
struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    /// Name and bytes of each.
    weights: Vec<(&'a str, &'a [u8])>,
    inputs: Vec<(&'a str, &'a [u8])>,
    outputs: Vec<(&'a str, &'a [u8])>,
    /// Shapes of inner values: name and content.
    values: HashMap<&'a str, &'a [u8]>,
    /// Name, documentation and the like.
    rest: Vec<&'a [u8]>,
}

impl<'a> Graph<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, MalformedFile> {
        let mut graph = Self {
            nodes: Vec::new(),
            weights: Vec::new(),
            inputs: Vec::new(),
            outputs: Vec::new(),
            values: HashMap::new(),
            rest: Vec::new(),
        };
        for part in fields(bytes)? {
            match part.number {
                field::GRAPH_NODE => graph.nodes.push(Node::read(&part)?),
                field::GRAPH_WEIGHTS => graph.weights.push(named(&part, field::WEIGHTS_NAME)?),
                field::GRAPH_INPUT => graph.inputs.push(named(&part, field::VALUE_NAME)?),
                field::GRAPH_OUTPUT => graph.outputs.push(named(&part, field::VALUE_NAME)?),
                field::GRAPH_VALUE => {
                    let (name, _) = named(&part, field::VALUE_NAME)?;
                    graph.values.insert(name, part.payload);
                }
                _ => graph.rest.push(part.raw),
            }
        }
        Ok(graph)
    }

    /// What is needed for a value, as far back as another.
    fn needed_for(&self, value: &'a str, stop: Option<&str>) -> Needed<'a> {
        let makers: HashMap<&str, usize> = self
            .nodes
            .iter()
            .enumerate()
            .flat_map(|(at, node)| node.outputs.iter().map(move |output| (*output, at)))
            .collect();
        let mut needed = Needed {
            nodes: HashSet::new(),
            leaves: HashSet::new(),
        };
        let mut open = vec![value];
        while let Some(name) = open.pop() {
            match makers.get(name).filter(|_| stop != Some(name)) {
                Some(&at) => {
                    if needed.nodes.insert(at) {
                        open.extend(&self.nodes[at].inputs);
                    }
                }
                // An optional input that is not given has no name.
                None if name.is_empty() => {}
                None => {
                    needed.leaves.insert(name);
                }
            }
        }
        needed
    }

    /// The description of a value: the file's own, or one of three dimensions.
    fn value(&self, name: &str) -> Vec<u8> {
        self.values
            .get(name)
            .map_or_else(|| wire::float_of_rank_3(name), |value| value.to_vec())
    }

    /// The graph's bytes with only what is needed, with another input or output where one is given.
    fn only(&self, needed: &Needed<'_>, input: Option<&[u8]>, output: Option<&[u8]>) -> Vec<u8> {
        let mut bytes = Vec::new();
        let nodes = self.nodes.iter().enumerate();
        for (_, node) in nodes.filter(|(at, _)| needed.nodes.contains(at)) {
            bytes.extend_from_slice(node.raw);
        }
        for (_, raw) in self
            .weights
            .iter()
            .chain(&self.inputs)
            .filter(|(name, _)| needed.leaves.contains(name))
        {
            bytes.extend_from_slice(raw);
        }
        if let Some(input) = input {
            message(&mut bytes, field::GRAPH_INPUT, input);
        }
        match output {
            Some(output) => message(&mut bytes, field::GRAPH_OUTPUT, output),
            None => self
                .outputs
                .iter()
                .for_each(|(_, raw)| bytes.extend_from_slice(raw)),
        }
        for raw in &self.rest {
            bytes.extend_from_slice(raw);
        }
        bytes
    }
}

impl<'a> Node<'a> {
    fn read(part: &Field<'a>) -> Result<Self, MalformedFile> {
        let mut node = Self {
            name: "",
            inputs: Vec::new(),
            outputs: Vec::new(),
            raw: part.raw,
        };
        for part in fields(part.payload)? {
            match part.number {
                field::NODE_NAME => node.name = text(part.payload)?,
                field::NODE_OUTPUT => node.outputs.push(text(part.payload)?),
                _ => {}
            }
        }
        taken(part.payload, &mut node.inputs, DEPTH)?;
        Ok(node)
    }
}

/// What a node takes, and what the graphs within it take: theirs may be made within, which does no harm here.
fn taken<'a>(node: &'a [u8], into: &mut Vec<&'a str>, depth: usize) -> Result<(), MalformedFile> {
    for part in fields(node)? {
        match part.number {
            field::NODE_INPUT => into.push(text(part.payload)?),
            field::NODE_ATTRIBUTE => {
                for inner in fields(part.payload)? {
                    if inner.number != field::ATTRIBUTE_GRAPH || !inner.is_message() {
                        continue;
                    }
                    let depth = depth.checked_sub(1).ok_or(MalformedFile)?;
                    for part in fields(inner.payload)? {
                        if part.number == field::GRAPH_NODE {
                            taken(part.payload, into, depth)?;
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A part with the name that its content has.
fn named<'a>(part: &Field<'a>, name: u32) -> Result<(&'a str, &'a [u8]), MalformedFile> {
    let content = fields(part.payload)?;
    let name = content.iter().find(|inner| inner.number == name);
    Ok((text(name.ok_or(MalformedFile)?.payload)?, part.raw))
}

#[cfg(test)]
mod tests;
