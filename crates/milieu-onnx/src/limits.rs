//! How much of everything a model may have.

/// Upper bounds, looked at before anything is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Nodes, in all graphs and functions together.
    pub nodes: u64,
    /// Constants, in all graphs together.
    pub initializers: u64,
    /// Values of one tensor.
    pub elements: u64,
    /// Bytes of all tensors together, in memory.
    pub tensor_bytes: u64,
    /// How deep graphs may be within graphs; 1 is a graph without any within.
    pub depth: u64,
    /// Bytes of a name or another text.
    pub text: u64,
    /// Entries of a list of an attribute.
    pub list: u64,
}

impl Default for Limits {
    /// Room for language models of half a billion parameters.
    fn default() -> Self {
        Self {
            bytes: 2 << 30,
            nodes: 100_000,
            initializers: 50_000,
            elements: 1 << 30,
            tensor_bytes: 2 << 30,
            depth: 8,
            text: 1 << 20,
            list: 1 << 20,
        }
    }
}
