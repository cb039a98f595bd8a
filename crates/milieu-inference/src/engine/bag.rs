//! Bags of n-grams, whose graph is so small that an engine spends its time on everything but the sum: vectors of rows are
//! gathered, summed, scaled, perhaps rectified, and multiplied by a matrix. Here each row is read where it lies.

use super::Engine;
use crate::outline::{Value, children, fields, text};
use crate::{Data, LoadError, RunError, Signature, Tensor};

/// Values of a line of the cache.
const LINE: usize = 16;

/// A graph of that form; see [`read`](Self::read).
pub(super) struct BagEngine {
    signature: Signature,
    width: usize,
    rectified: bool,
    /// Whether the last row is nothing, as that which fills up shorter texts is.
    padded: bool,
    table: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// A node as far as it matters here.
struct Node {
    operator: String,
    inputs: Vec<String>,
    output: String,
    /// The attributes that are numbers, and how many others there are.
    numbers: Vec<(String, u64)>,
    others: usize,
}

/// A constant of one type: its lengths and its bytes.
struct Constant<'a> {
    name: String,
    element: u64,
    shape: Vec<usize>,
    bytes: &'a [u8],
}

impl BagEngine {
    /// The graph in an ONNX file where it is `Gather(table, rows)`, `ReduceSum` over the rows of a text, `Mul` by `share`,
    /// perhaps `Relu`, and `Gemm` with a matrix that is transposed, in this order, of 32-bit floats; `None` for all others.
    ///
    /// # Errors
    /// [`LoadError::Malformed`] for bytes that are no model.
    pub(super) fn read(bytes: &[u8], signature: &Signature) -> Result<Option<Self>, LoadError> {
        let (mut nodes, mut constants) = (Vec::new(), Vec::new());
        for graph in children(bytes, 7) {
            let graph = graph?;
            // Large graphs are something else, and are not worth reading twice.
            if children(graph, 1).take(6).count() > 5 {
                return Ok(None);
            }
            for node in children(graph, 1) {
                nodes.push(node_of(node?)?);
            }
            for constant in children(graph, 5) {
                constants.push(constant_of(constant?)?);
            }
        }
        Ok(Self::of(&nodes, &constants, signature))
    }

    fn of(nodes: &[Node], constants: &[Constant<'_>], signature: &Signature) -> Option<Self> {
        let [rows, share] = signature.inputs.as_slice() else { return None };
        let (gather, sum, scale, rectifier, product) = match nodes {
            [gather, sum, scale, product] => (gather, sum, scale, None, product),
            [gather, sum, scale, rectifier, product] => (gather, sum, scale, Some(rectifier), product),
            _ => return None,
        };
        let floats = |name: &String| constants.iter().find(|c| c.name == *name).and_then(Constant::floats);
        let (table_shape, table) = floats(gather.inputs.first()?)?;
        let (weight_shape, weight) = floats(product.inputs.get(1)?)?;
        let (_, bias) = floats(product.inputs.get(2)?)?;
        let axis = sum.inputs.get(1)?;
        let axis = constants.iter().find(|constant| constant.name == *axis)?;
        let [count, width] = table_shape[..] else { return None };
        let scaled = rectifier.map_or(&scale.output, |rectifier| &rectifier.output);
        let fits = gather.is("Gather", &[(0, None), (1, Some(&rows.name))], &[])
            && sum.is("ReduceSum", &[(0, Some(&gather.output)), (1, None)], &[("keepdims", 0)])
            && axis.bytes == 1i64.to_le_bytes()
            && scale.is("Mul", &[(0, Some(&sum.output)), (1, Some(&share.name))], &[])
            && rectifier.is_none_or(|node| node.is("Relu", &[(0, Some(&scale.output))], &[]))
            && product.is("Gemm", &[(0, Some(scaled)), (1, None), (2, None)], &[("transB", 1)])
            && signature.outputs.first().is_some_and(|output| output.name == product.output)
            && weight_shape == [bias.len(), width]
            && width > 0
            && count > 0;
        let padded = table.len() >= width && table[table.len() - width..].iter().all(|&x| x == 0.0);
        fits.then(|| Self {
            signature: signature.clone(),
            width,
            rectified: rectifier.is_some(),
            padded,
            table,
            weight,
            bias,
        })
    }

    /// Where the rows of a text begin in the table; what fills a text up is left out.
    fn starts(&self, rows: &[i64], starts: &mut Vec<usize>) -> Result<(), RunError> {
        let count = self.table.len() / self.width;
        let filler = if self.padded { count - 1 } else { count };
        starts.clear();
        for &row in rows {
            // As ONNX counts: from the end where it is negative.
            let place = if row < 0 { row.checked_add_unsigned(count as u64).unwrap_or(-1) } else { row };
            match usize::try_from(place) {
                Ok(place) if place == filler && place < count => {}
                Ok(place) if place < count => starts.push(place * self.width),
                _ => {
                    let reason = format!("the row {row} is not among the {count} of the table");
                    return Err(RunError::Failed(reason));
                }
            }
        }
        Ok(())
    }

    /// The sum of the rows that begin there. A line of the cache at a time, over all rows: so the sums stay in registers,
    /// and the next rows are on their way while one is added.
    fn sum(&self, starts: &[usize], hidden: &mut [f32]) {
        for (block, hidden) in hidden.chunks_mut(LINE).enumerate() {
            let first = block * LINE;
            if let Ok(hidden) = <&mut [f32; LINE]>::try_from(&mut *hidden) {
                let mut sums = [0.0; LINE];
                for start in starts {
                    let Some(line) = self.table.get(start + first..).and_then(<[f32]>::first_chunk::<LINE>)
                    else {
                        continue;
                    };
                    sums.iter_mut().zip(line).for_each(|(sum, x)| *sum += x);
                }
                *hidden = sums;
            } else {
                hidden.fill(0.0);
                for start in starts {
                    let line = self.table.get(start + first..).unwrap_or_default();
                    hidden.iter_mut().zip(line).for_each(|(sum, x)| *sum += x);
                }
            }
        }
    }

    /// The logits of a text whose rows are summed.
    fn logits(&self, hidden: &mut [f32], share: f32, out: &mut Vec<f32>) {
        let least = if self.rectified { 0.0 } else { f32::NEG_INFINITY };
        hidden.iter_mut().for_each(|x| *x = (*x * share).max(least));
        let products = self.weight.chunks_exact(self.width).zip(&self.bias);
        out.extend(
            products.map(|(row, bias)| bias + row.iter().zip(&*hidden).map(|(a, b)| a * b).sum::<f32>()),
        );
    }
}

impl Engine for BagEngine {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(&mut self, inputs: &[Tensor]) -> Result<Vec<Tensor>, RunError> {
        let misfit = || RunError::Failed("the inputs are no rows with a share for each text".to_owned());
        let [rows, share] = inputs else { return Err(misfit()) };
        let (Data::I64(values), Some(shares)) = (rows.data(), share.as_f32()) else { return Err(misfit()) };
        let &[texts, length] = rows.shape() else { return Err(misfit()) };
        if shares.len() != texts {
            return Err(misfit());
        }
        let (mut hidden, mut starts) = (vec![0.0; self.width], Vec::with_capacity(length));
        let mut logits = Vec::with_capacity(texts * self.bias.len());
        for (number, &share) in shares.iter().enumerate() {
            let rows = values.get(number * length..(number + 1) * length).unwrap_or_default();
            self.starts(rows, &mut starts)?;
            self.sum(&starts, &mut hidden);
            self.logits(&mut hidden, share, &mut logits);
        }
        let logits = Tensor::new(vec![texts, self.bias.len()], Data::F32(logits));
        Ok(vec![logits.map_err(|error| RunError::Output(error.to_string()))?])
    }
}

impl Node {
    /// Whether it is this operator with these inputs (by place, where it is not any) and attributes, and nothing else.
    fn is(&self, operator: &str, inputs: &[(usize, Option<&String>)], numbers: &[(&str, u64)]) -> bool {
        self.operator == operator
            && self.others == 0
            && self.inputs.len() == inputs.len()
            && inputs
                .iter()
                .all(|&(place, name)| name.is_none_or(|name| self.inputs.get(place) == Some(name)))
            && self.numbers.len() == numbers.len()
            && numbers.iter().all(|&(name, value)| self.numbers.contains(&(name.to_owned(), value)))
    }
}

impl Constant<'_> {
    /// Its lengths and values, where they are 32-bit floats.
    fn floats(&self) -> Option<(Vec<usize>, Vec<f32>)> {
        let size = self.shape.iter().try_fold(1_usize, |size, &length| size.checked_mul(length))?;
        let (values, rest) = self.bytes.as_chunks();
        let fits = self.element == 1 && rest.is_empty() && values.len() == size;
        fits.then(|| (self.shape.clone(), values.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()))
    }
}

fn node_of(bytes: &[u8]) -> Result<Node, LoadError> {
    let inputs = children(bytes, 1).map(|name| Ok(String::from_utf8_lossy(name?).into_owned()));
    let mut node = Node {
        operator: text(bytes, 4)?,
        inputs: inputs.collect::<Result<_, LoadError>>()?,
        output: text(bytes, 2)?,
        numbers: Vec::new(),
        others: 0,
    };
    for attribute in children(bytes, 5) {
        let attribute = attribute?;
        let name = text(attribute, 1)?;
        let mut number = None;
        for field in fields(attribute) {
            if let (3, Value::Number(found)) = field? {
                number = Some(found);
            }
        }
        // The number 0 may be left out; the kind (field 20) of a number is 2.
        let mut kind = None;
        for field in fields(attribute) {
            if let (20, Value::Number(found)) = field? {
                kind = Some(found);
            }
        }
        match (number, kind) {
            (Some(number), Some(2) | None) => node.numbers.push((name, number)),
            (None, Some(2)) => node.numbers.push((name, 0)),
            _ => node.others += 1,
        }
    }
    Ok(node)
}

fn constant_of(bytes: &[u8]) -> Result<Constant<'_>, LoadError> {
    let mut constant = Constant { name: text(bytes, 8)?, element: 0, shape: Vec::new(), bytes: &[] };
    for field in fields(bytes) {
        match field? {
            (1, Value::Number(length)) => constant.shape.push(usize::try_from(length).unwrap_or(usize::MAX)),
            (1, Value::Bytes(packed)) => {
                let lengths = crate::outline::numbers(packed)?;
                constant
                    .shape
                    .extend(lengths.into_iter().map(|length| usize::try_from(length).unwrap_or(usize::MAX)));
            }
            (2, Value::Number(element)) => constant.element = element,
            (9, Value::Bytes(raw)) => constant.bytes = raw,
            _ => {}
        }
    }
    Ok(constant)
}
