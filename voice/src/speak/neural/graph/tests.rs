//! Graphs written by hand, as small as the cut needs them.

use super::*;

fn node(name: &str, inputs: &[&str], outputs: &[&str]) -> Vec<u8> {
    let mut node = Vec::new();
    for input in inputs {
        message(&mut node, field::NODE_INPUT, input.as_bytes());
    }
    for output in outputs {
        message(&mut node, field::NODE_OUTPUT, output.as_bytes());
    }
    message(&mut node, field::NODE_NAME, name.as_bytes());
    node
}

fn value(name: &str) -> Vec<u8> {
    wire::float_of_rank_3(name)
}

fn weights(name: &str) -> Vec<u8> {
    let mut weights = vec![];
    message(&mut weights, field::WEIGHTS_NAME, name.as_bytes());
    weights
}

fn model(parts: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut graph = Vec::new();
    for (number, part) in parts {
        message(&mut graph, *number, part);
    }
    // The version of the format, a number, before it.
    let mut model = vec![0x08, 0x08];
    message(&mut model, field::MODEL_GRAPH, &graph);
    model
}

/// `text -> embed -> frames -> /dec/conv_pre/Conv -> sound`, each with weights.
fn voice(more: &[(u32, Vec<u8>)]) -> Vec<u8> {
    let mut parts = vec![
        (field::GRAPH_INPUT, value("text")),
        (
            field::GRAPH_NODE,
            node("embed", &["text", "e"], &["frames"]),
        ),
        (
            field::GRAPH_NODE,
            node("/dec/conv_pre/Conv", &["frames", "w", ""], &["sound"]),
        ),
        (field::GRAPH_WEIGHTS, weights("e")),
        (field::GRAPH_WEIGHTS, weights("w")),
        (field::GRAPH_OUTPUT, value("sound")),
    ];
    parts.extend_from_slice(more);
    model(&parts)
}

/// Names of nodes, weights, inputs and outputs.
fn names(model: &[u8]) -> [Vec<String>; 4] {
    let parts = fields(model).unwrap();
    let graph = parts.iter().find(|part| part.number == field::MODEL_GRAPH);
    let graph = Graph::read(graph.unwrap().payload).unwrap();
    let list = |parts: &[(&str, &[u8])]| parts.iter().map(|(name, _)| (*name).to_owned()).collect();
    [
        graph
            .nodes
            .iter()
            .map(|node| node.name.to_owned())
            .collect(),
        list(&graph.weights),
        list(&graph.inputs),
        list(&graph.outputs),
    ]
}

const AT: &str = "dec/conv_pre/Conv";
const SPEAKER: &str = "sid";

#[test]
fn each_half_has_what_it_needs_and_nothing_else() {
    let halves = cut(&voice(&[]), AT, SPEAKER).unwrap();
    assert_eq!(
        names(&halves.encoder),
        [
            vec!["embed".to_owned()],
            vec!["e".into()],
            vec!["text".into()],
            vec!["frames".into()]
        ]
    );
    assert_eq!(
        names(&halves.decoder),
        [
            vec!["/dec/conv_pre/Conv".to_owned()],
            vec!["w".into()],
            vec!["frames".into()],
            vec!["sound".into()]
        ]
    );
    assert!(
        halves.encoder.starts_with(&[0x08, 0x08]),
        "the version of the format was lost"
    );
}

#[test]
fn both_halves_may_need_the_speaker_and_nothing_else_of_what_is_given() {
    for (name, is_parted) in [("sid", true), ("scales", false)] {
        let model = model(&[
            (field::GRAPH_INPUT, value("text")),
            (field::GRAPH_INPUT, value(name)),
            (
                field::GRAPH_NODE,
                node("embed", &["text", name], &["frames"]),
            ),
            (
                field::GRAPH_NODE,
                node("/dec/conv_pre/Conv", &["frames", name], &["sound"]),
            ),
            (field::GRAPH_OUTPUT, value("sound")),
        ]);
        match cut(&model, AT, SPEAKER) {
            Ok(halves) => {
                assert!(is_parted, "{name} went to both");
                let inputs = &names(&halves.decoder)[2];
                assert_eq!(inputs, &["sid".to_owned(), "frames".to_owned()]);
            }
            Err(error) => {
                assert!(!is_parted, "{name}: {error}");
                assert_eq!(error, CutError::NotParted(name.to_owned()));
            }
        }
    }
}

#[test]
fn what_is_no_voice_or_damaged_is_refused_with_its_reason() {
    assert_eq!(
        cut(&voice(&[]), "no/such/Conv", SPEAKER).unwrap_err(),
        CutError::NoNode("no/such/Conv")
    );
    let whole = voice(&[]);
    for length in [0, 1, 3, whole.len() / 2, whole.len() - 1] {
        assert_eq!(
            cut(&whole[..length], AT, SPEAKER).unwrap_err(),
            CutError::Malformed,
            "of {} bytes {length}",
            whole.len()
        );
    }
    assert_eq!(
        cut(b"{\"json\": 1}", AT, SPEAKER).unwrap_err(),
        CutError::Malformed
    );
}

#[test]
fn any_bytes_at_all_are_refused_without_a_panic() {
    let whole = voice(&[]);
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] ^= flip;
            drop(cut(&damaged, AT, SPEAKER));
        }
    }
}

#[test]
fn graphs_within_graphs_end_somewhere() {
    let mut inner = node("deep", &["frames"], &["x"]);
    for _ in 0..2 * DEPTH {
        let mut graph = Vec::new();
        message(&mut graph, field::GRAPH_NODE, &inner);
        let mut attribute = Vec::new();
        message(&mut attribute, field::ATTRIBUTE_GRAPH, &graph);
        inner = node("if", &[], &["x"]);
        message(&mut inner, field::NODE_ATTRIBUTE, &attribute);
    }
    let error = cut(&voice(&[(field::GRAPH_NODE, inner)]), AT, SPEAKER).unwrap_err();
    assert_eq!(error, CutError::Malformed);
}
