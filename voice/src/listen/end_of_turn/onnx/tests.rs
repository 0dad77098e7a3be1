//! Small files, written field by field.

use super::{Graph, Tensor};

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [
        varint(field << 3 | 2),
        varint(value.len() as u64),
        value.to_vec(),
    ]
    .concat()
}

fn constant(name: &str, shape: &[u64], kind: u64, raw: &[u8]) -> Vec<u8> {
    let shape: Vec<u8> = shape.iter().flat_map(|size| number(1, *size)).collect();
    let tensor = [
        shape,
        number(2, kind),
        bytes(8, name.as_bytes()),
        bytes(9, raw),
    ];
    bytes(5, &tensor.concat())
}

fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|x| x.to_le_bytes()).collect()
}

fn node(kind: &str, inputs: &[&str], output: &str, axis: Option<u64>) -> Vec<u8> {
    let inputs: Vec<u8> = inputs
        .iter()
        .flat_map(|name| bytes(1, name.as_bytes()))
        .collect();
    let attribute = |axis| bytes(5, &[bytes(1, b"axis"), number(3, axis)].concat());
    let node = [
        inputs,
        bytes(2, output.as_bytes()),
        bytes(4, kind.as_bytes()),
        axis.map(attribute).unwrap_or_default(),
    ];
    bytes(1, &node.concat())
}

fn file(parts: &[Vec<u8>]) -> Vec<u8> {
    [number(1, 8), bytes(7, &parts.concat())].concat()
}

/// A weight in 8 bits with a scale and a zero for each column, and one in 32.
fn quantised() -> Vec<u8> {
    file(&[
        constant("w_q", &[2, 3], 3, &[1, 2, 253, 4, 5, 6]),
        constant("w_scale", &[3], 1, &floats(&[1.0, 0.5, 2.0])),
        constant("w_zero", &[3], 3, &[0, 1, 0]),
        constant("b", &[3], 1, &floats(&[7.0, 8.0, 9.0])),
        node(
            "DequantizeLinear",
            &["w_q", "w_scale", "w_zero"],
            "w",
            Some(1),
        ),
        node("QuantizeLinear", &["x", "s", "z"], "x_q", None),
        node("DequantizeLinear", &["x_q", "s", "z"], "x_d", None),
        node("MatMul", &["x_d", "w"], "y", None),
        node("QuantizeLinear", &["y", "s", "z"], "y_q", None),
        node("DequantizeLinear", &["y_q", "s", "z"], "y_d", None),
        node("Add", &["y_d", "b"], "sum", None),
        node("MatMul", &["x_d", "b"], "bare", None),
        node("MatMul", &["x_d", "y_d"], "of_none", None),
    ])
}

#[test]
fn a_quantised_weight_is_read_as_the_numbers_it_stands_for() {
    let file = quantised();
    let graph = Graph::read(&file).unwrap();
    let weight = Tensor {
        shape: vec![2, 3],
        numbers: vec![1.0, 0.5, -6.0, 4.0, 2.0, 12.0],
    };
    assert_eq!(graph.tensor("w"), Ok(weight));
    assert_eq!(graph.tensor("b").unwrap().numbers, [7.0, 8.0, 9.0]);
}

#[test]
fn a_product_is_found_by_what_is_added_to_it_whatever_is_rounded_on_the_way() {
    let file = quantised();
    let products = Graph::read(&file).unwrap().products();
    let found: Vec<_> = products.iter().map(|p| (p.of, p.weight, p.bias)).collect();
    assert_eq!(found, [("x", "w", Some("b")), ("x", "b", None)]);
}

#[test]
fn small_numbers_may_stand_in_fields_of_their_kind() {
    let packed = [
        number(1, 2),
        number(2, 3),
        bytes(8, b"z"),
        bytes(5, &[varint(3), varint(-2_i64 as u64)].concat()),
    ];
    let floats = [number(2, 1), bytes(8, b"s"), bytes(4, &floats(&[0.5]))];
    let file = file(&[bytes(5, &packed.concat()), bytes(5, &floats.concat())]);
    let graph = Graph::read(&file).unwrap();
    assert_eq!(graph.tensor("z").unwrap().numbers, [3.0, -2.0]);
    assert_eq!(graph.tensor("s").unwrap().numbers, [0.5]);
}

#[test]
fn what_is_wrong_with_a_file_is_said_and_never_panics() {
    let whole = quantised();
    for end in 0..whole.len() {
        assert!(Graph::read(&whole[..end]).is_err(), "cut at {end}");
    }
    for at in 0..whole.len() {
        let mut broken = whole.clone();
        broken[at] ^= 0xff;
        if let Ok(graph) = Graph::read(&broken) {
            drop((graph.tensor("w"), graph.products()));
        }
    }
    let wrong = |parts: &[Vec<u8>], name: &str| {
        Graph::read(&file(parts)).unwrap().tensor(name).unwrap_err()
    };
    let missing = wrong(&[], "w");
    assert!(
        missing.contains('w') && missing.contains("another network"),
        "{missing}"
    );
    let short = wrong(&[constant("w", &[2, 2], 1, &floats(&[1.0]))], "w");
    assert!(
        short.contains("1 numbers") && short.contains("[2, 2]"),
        "{short}"
    );
    let huge = wrong(&[constant("w", &[1 << 40, 1 << 40], 1, &[])], "w");
    assert!(huge.contains("are not those of"), "{huge}");
    let text = wrong(&[constant("w", &[1], 8, b"a")], "w");
    assert!(text.contains("unknown kind 8"), "{text}");
    let scales = [
        constant("w_q", &[2, 3], 3, &[0; 6]),
        constant("s", &[2], 1, &floats(&[1.0, 1.0])),
        node("DequantizeLinear", &["w_q", "s"], "w", Some(1)),
    ];
    let scales = wrong(&scales, "w");
    assert!(scales.contains("2 scales do not fit"), "{scales}");
}
