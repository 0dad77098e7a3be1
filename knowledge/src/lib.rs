//! Is this a question for retrieval? Packs, chunks, index, ranking, grounding, citations.
