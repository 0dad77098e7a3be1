//! The network's weights in the file, by name and shape.
//!
//! The exporter kept the names of most tensors. Those of products are numbers of its own, so a product is found by what is
//! added to it, whose name was kept; the one product of a layer to which nothing is added, the keys', by what it is made of.

use matrix::{Panels, View};

use super::{
    network::{Norm, REACH},
    onnx::{Graph, Product},
};

pub(super) struct Weights<'a> {
    graph: Graph<'a>,
    products: Vec<Product<'a>>,
}

impl<'a> Weights<'a> {
    pub(super) fn read(file: &'a [u8]) -> Result<Self, String> {
        let graph = Graph::read(file)?;
        let products = graph.products();
        Ok(Self { graph, products })
    }

    /// A tensor of this shape.
    pub(super) fn table(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        self.named(&format!("inner.{name}"), shape)
    }

    pub(super) fn norm(&self, name: &str, size: usize) -> Result<Norm, String> {
        Ok(Norm {
            weight: self.table(&format!("{name}.weight"), &[size])?,
            bias: self.table(&format!("{name}.bias"), &[size])?,
        })
    }

    /// A layer whose weights lie as (outputs, inputs).
    pub(super) fn linear(
        &self,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<Panels, String> {
        let weight = self.quantised(name, &[outputs, inputs])?;
        let bias = self.table(&format!("{name}.bias"), &[outputs])?;
        Ok(Panels::of_outputs(View::all(&weight, inputs), &bias))
    }

    /// A convolution of three neighbours in time, as a product with them after one another.
    pub(super) fn convolution(
        &self,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Panels, String> {
        let weight = self.quantised(name, &[outputs, inputs, REACH])?;
        let bias = self.table(&format!("{name}.bias"), &[outputs])?;
        let mut by_time = Vec::with_capacity(weight.len());
        for output in weight.chunks_exact(inputs * REACH) {
            for time in 0..REACH {
                by_time.extend(output.iter().skip(time).step_by(REACH));
            }
        }
        let by_time = View::all(&by_time, inputs * REACH);
        Ok(Panels::of_outputs(by_time, &bias))
    }

    /// A layer whose weights lie as (inputs, outputs), under a name of the exporter's.
    pub(super) fn product(
        &self,
        name: &str,
        inputs: usize,
        outputs: usize,
    ) -> Result<Panels, String> {
        let product = self.added(name)?;
        let weight = self.turned(product.weight, inputs, outputs)?;
        let bias = self.table(&format!("{name}.bias"), &[outputs])?;
        Ok(Panels::of_outputs(View::all(&weight, inputs), &bias))
    }

    /// Query, key and value of a layer beside each other.
    pub(super) fn asked(&self, name: &str, size: usize) -> Result<Panels, String> {
        let (query, value) = (format!("{name}.q_proj"), format!("{name}.v_proj"));
        let (of_query, of_value) = (self.added(&query)?, self.added(&value)?);
        let mut bare = self
            .products
            .iter()
            .filter(|product| product.bias.is_none());
        let of_key = bare
            .find(|product| product.of == of_query.of)
            .ok_or_else(|| format!("{name} has no keys: it is another network"))?;
        let weights = [of_query.weight, of_key.weight, of_value.weight];
        let mut weight = Vec::with_capacity(3 * size * size);
        for name in weights {
            weight.extend(self.turned(name, size, size)?);
        }
        let bias = [
            self.table(&format!("{query}.bias"), &[size])?,
            vec![0.0; size],
            self.table(&format!("{value}.bias"), &[size])?,
        ];
        Ok(Panels::of_outputs(View::all(&weight, size), &bias.concat()))
    }

    /// The product to which the bias of this name is added.
    fn added(&self, name: &str) -> Result<&Product<'a>, String> {
        let bias = format!("inner.{name}.bias");
        let mut products = self.products.iter();
        products
            .find(|product| product.bias == Some(&*bias))
            .ok_or_else(|| format!("nothing is multiplied for {bias}: it is another network"))
    }

    fn quantised(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let name = format!("inner.{name}.weight");
        // A file that was never quantised has it under its own name.
        self.named(&format!("{name}_DequantizeLinear_Output"), shape)
            .or_else(|quantised| self.named(&name, shape).map_err(|_| quantised))
    }

    fn turned(&self, name: &str, inputs: usize, outputs: usize) -> Result<Vec<f32>, String> {
        let weight = self.named(name, &[inputs, outputs])?;
        let mut turned = vec![0.0; weight.len()];
        for (input, row) in weight.chunks_exact(outputs).enumerate() {
            let column = turned.iter_mut().skip(input).step_by(inputs);
            column.zip(row).for_each(|(to, number)| *to = *number);
        }
        Ok(turned)
    }

    fn named(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let tensor = self.graph.tensor(name)?;
        if tensor.shape != shape {
            let found = tensor.shape;
            return Err(format!("{name} has the shape {found:?}, not {shape:?}"));
        }
        Ok(tensor.numbers)
    }
}
