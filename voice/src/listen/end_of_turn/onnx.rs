//! As much of ONNX as it takes to get weights out of a file: nodes, constants, and constants that were quantised.
//!
//! A quantised file says of each weight how its 8 bits become numbers, and has the numbers between two layers rounded to
//! 8 bits as well. Here weights become numbers again; that the rest is rounded too is not looked at, so whoever computes
//! with these weights is nearer to the network as it was trained than the file is.

mod wire;

use std::collections::HashMap;

use wire::{Fields, Value, numbers, text};

/// What a file computes.
#[derive(Debug)]
pub(super) struct Graph<'a> {
    constants: HashMap<&'a str, Constant<'a>>,
    /// In the order in which they are computed.
    nodes: Vec<Node<'a>>,
}

/// Numbers with their shape; the last dimension's stand beside each other.
#[derive(Debug, PartialEq)]
pub(super) struct Tensor {
    pub(super) shape: Vec<usize>,
    pub(super) numbers: Vec<f32>,
}

/// One step of a computation.
#[derive(Debug, Default)]
struct Node<'a> {
    kind: &'a str,
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
    axis: Option<i64>,
}

/// A constant as it lies in the file.
#[derive(Debug, Default)]
struct Constant<'a> {
    shape: Vec<usize>,
    kind: u64,
    raw: &'a [u8],
    /// Small ones lie in fields of their kind instead.
    floats: Vec<f32>,
    integers: Vec<f32>,
}

/// A product with a constant, and what is added to it.
#[derive(Debug)]
pub(super) struct Product<'a> {
    /// Name of what is multiplied.
    pub(super) of: &'a str,
    /// Name of the constant.
    pub(super) weight: &'a str,
    /// Name of the constant that is added to the product.
    pub(super) bias: Option<&'a str>,
}

impl<'a> Graph<'a> {
    /// Reads a file.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn read(file: &'a [u8]) -> Result<Self, String> {
        let mut graph = None;
        for field in Fields::of(file) {
            if let (7, Value::Bytes(bytes)) = field? {
                graph = Some(bytes);
            }
        }
        let graph = graph.ok_or("it holds no network")?;
        let (mut constants, mut nodes) = (HashMap::new(), Vec::new());
        for field in Fields::of(graph) {
            match field? {
                (1, Value::Bytes(bytes)) => nodes.push(Node::read(bytes)?),
                (5, Value::Bytes(bytes)) => {
                    let (name, constant) = Constant::read(bytes)?;
                    constants.insert(name, constant);
                }
                _ => {}
            }
        }
        Ok(Self { constants, nodes })
    }

    /// A constant by its name, or what is made of a quantised one by the name of that.
    ///
    /// # Errors
    /// When there is none, or it is no table of numbers.
    pub(super) fn tensor(&self, name: &str) -> Result<Tensor, String> {
        let wrong = |what: String| format!("{name}: {what}");
        match self.dequantised(name) {
            Some(node) => self.dequantise(node).map_err(wrong),
            None => self.constant(name)?.tensor().map_err(wrong),
        }
    }

    /// All products with constants, in the order in which they are made.
    pub(super) fn products(&self) -> Vec<Product<'a>> {
        let products = self.nodes.iter().filter_map(|node| {
            let (&of, &weight) = (node.inputs.first()?, node.inputs.get(1)?);
            let is_product = node.kind == "MatMul" && self.is_constant(weight);
            is_product.then(|| Product {
                of: self.before_rounding(of),
                weight,
                bias: node
                    .outputs
                    .first()
                    .and_then(|output| self.added_to(output)),
            })
        });
        products.collect()
    }

    fn is_constant(&self, name: &str) -> bool {
        self.constants.contains_key(name) || self.dequantised(name).is_some()
    }

    fn constant(&self, name: &str) -> Result<&Constant<'a>, String> {
        let constant = self.constants.get(name);
        constant.ok_or_else(|| format!("{name} is missing: it is another network"))
    }

    fn made_by(&self, output: &str) -> Option<&Node<'a>> {
        self.nodes
            .iter()
            .find(|node| node.outputs.contains(&output))
    }

    /// The step that makes this of a quantised constant.
    fn dequantised(&self, name: &str) -> Option<&Node<'a>> {
        let made_of_constant = |node: &&Node<'a>| {
            node.inputs
                .first()
                .is_some_and(|of| self.constants.contains_key(of))
        };
        self.made_by(name)
            .filter(|node| node.kind == "DequantizeLinear")
            .filter(made_of_constant)
    }

    fn dequantise(&self, node: &Node<'a>) -> Result<Tensor, String> {
        let input = |place: usize| node.inputs.get(place).map(|name| self.constant(name));
        let quantised = input(0).ok_or("it is made of nothing")??;
        let scales = input(1).ok_or("its scale is missing")??.tensor()?.numbers;
        let zeros = match input(2) {
            Some(zeros) => zeros?.tensor()?.numbers,
            None => vec![0.0; scales.len()],
        };
        let mut tensor = quantised.tensor()?;
        let axis = usize::try_from(node.axis.unwrap_or(1)).unwrap_or(usize::MAX);
        // Numbers that stand beside each other under one scale.
        let run = match (&*scales, tensor.shape.get(axis..)) {
            ([_], _) => tensor.numbers.len(),
            (_, Some([of_axis, after @ ..])) if *of_axis == scales.len() => after.iter().product(),
            _ => {
                return Err(format!(
                    "{} scales do not fit {:?}",
                    scales.len(),
                    tensor.shape
                ));
            }
        };
        if zeros.len() != scales.len() || run == 0 {
            return Err("its scales and zeros do not belong together".to_owned());
        }
        let steps = scales.iter().zip(&zeros).cycle();
        for (numbers, (scale, zero)) in tensor.numbers.chunks_mut(run).zip(steps) {
            for number in numbers {
                *number = (*number - zero) * scale;
            }
        }
        Ok(tensor)
    }

    /// The name that numbers have before they are rounded to 8 bits.
    fn before_rounding(&self, mut name: &'a str) -> &'a str {
        while let Some(node) = self.made_by(name)
            && matches!(node.kind, "DequantizeLinear" | "QuantizeLinear")
            && let Some(of) = node.inputs.first()
        {
            name = of;
        }
        name
    }

    /// The constant that is added to these numbers, rounded or not.
    fn added_to(&self, name: &str) -> Option<&'a str> {
        let used = |name: &str| self.nodes.iter().find(|node| node.inputs.contains(&name));
        let mut node = used(name)?;
        while matches!(node.kind, "QuantizeLinear" | "DequantizeLinear") {
            node = used(node.outputs.first()?)?;
        }
        let mut inputs = node.inputs.iter().copied();
        inputs.find(|input| node.kind == "Add" && self.is_constant(input))
    }
}

impl<'a> Node<'a> {
    fn read(message: &'a [u8]) -> Result<Self, String> {
        let mut node = Self::default();
        for field in Fields::of(message) {
            match field? {
                (1, Value::Bytes(name)) => node.inputs.push(text(name)?),
                (2, Value::Bytes(name)) => node.outputs.push(text(name)?),
                (4, Value::Bytes(kind)) => node.kind = text(kind)?,
                (5, Value::Bytes(attribute)) => node.axis = axis(attribute)?.or(node.axis),
                _ => {}
            }
        }
        Ok(node)
    }
}

/// The value of an attribute, if it is the axis.
fn axis(attribute: &[u8]) -> Result<Option<i64>, String> {
    let (mut is_axis, mut value) = (false, None);
    for field in Fields::of(attribute) {
        match field? {
            (1, Value::Bytes(name)) => is_axis = name == b"axis",
            (3, Value::Number(number)) => value = Some(number.cast_signed()),
            _ => {}
        }
    }
    Ok(value.filter(|_| is_axis))
}

impl<'a> Constant<'a> {
    fn read(message: &'a [u8]) -> Result<(&'a str, Self), String> {
        let mut name = "";
        let mut constant = Self::default();
        let dimension = |number: u64| usize::try_from(number).map_err(|error| error.to_string());
        for field in Fields::of(message) {
            match field? {
                (1, Value::Number(number)) => constant.shape.push(dimension(number)?),
                (1, Value::Bytes(packed)) => {
                    for number in numbers(packed)? {
                        constant.shape.push(dimension(number)?);
                    }
                }
                (2, Value::Number(kind)) => constant.kind = kind,
                (4, Value::Bytes(packed)) => constant.floats.extend(floats(packed)),
                (5, Value::Number(number)) => constant.integers.push(integer(number)),
                (5, Value::Bytes(packed)) => {
                    constant
                        .integers
                        .extend(numbers(packed)?.into_iter().map(integer));
                }
                (8, Value::Bytes(bytes)) => name = text(bytes)?,
                (9, Value::Bytes(raw)) => constant.raw = raw,
                _ => {}
            }
        }
        Ok((name, constant))
    }

    /// Its numbers, each as many as its shape says.
    fn tensor(&self) -> Result<Tensor, String> {
        let mut wanted = Some(1_usize);
        for dimension in &self.shape {
            wanted = wanted.and_then(|wanted| wanted.checked_mul(*dimension));
        }
        let numbers: Vec<f32> = match self.kind {
            1 if self.raw.is_empty() => self.floats.clone(),
            1 => floats(self.raw).collect(),
            2 | 3 | 6 if self.raw.is_empty() => self.integers.clone(),
            2 => self.raw.iter().map(|byte| f32::from(*byte)).collect(),
            3 => self
                .raw
                .iter()
                .map(|byte| f32::from(byte.cast_signed()))
                .collect(),
            6 => {
                let (words, _) = self.raw.as_chunks::<4>();
                words
                    .iter()
                    .map(|word| i32::from_le_bytes(*word) as f32)
                    .collect()
            }
            kind => return Err(format!("its numbers are of the unknown kind {kind}")),
        };
        if wanted != Some(numbers.len()) {
            let (found, shape) = (numbers.len(), &self.shape);
            return Err(format!("{found} numbers are not those of {shape:?}"));
        }
        Ok(Tensor {
            shape: self.shape.clone(),
            numbers,
        })
    }
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| f32::from_le_bytes(*word))
}

/// A signed number of 32 bits, which stands in 64.
fn integer(number: u64) -> f32 {
    number.cast_signed() as f32
}

#[cfg(test)]
mod tests;
