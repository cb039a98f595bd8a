//! A bag of n-grams: its forward pass and its steps.

use milieu_onnx::proto::Tensor;
use milieu_onnx::{Builder, Element, Length, Model, OnnxError, Value};
use milieu_text::share;
use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Keeps the first steps of AdaGrad finite.
const EPSILON: f32 = 1e-6;
/// Rows whose steps are made on one thread.
const ROWS_TOGETHER: usize = 1 << 14;

/// A table of vectors and a matrix. Each row of the table, and the matrix, has the sum of its squared gradients
/// beside it (AdaGrad, Duchi et al. 2011; one sum for a row), because a rare n-gram is seen a few times and a common one
/// thousands of times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bag {
    /// Length of a vector.
    pub width: usize,
    /// How many classes.
    pub classes: usize,
    /// Whether what is negative in the vector of a text counts as nothing.
    pub rectified: bool,
    /// `rows x width`.
    pub table: Vec<f32>,
    /// `classes x width`.
    pub weight: Vec<f32>,
    /// One for each class.
    pub bias: Vec<f32>,
    squares: Vec<f32>,
    weight_squares: Vec<f32>,
    bias_squares: Vec<f32>,
}

/// A text of a step: the rows it has, and what is wanted of each class, as [`Data::wanted`](super::data::Data::wanted) says.
pub(super) struct Wanted {
    pub(super) rows: Vec<u32>,
    pub(super) shares: Vec<f32>,
}

/// What a step is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) rate: f32,
    pub(super) decay: f32,
    pub(super) loss: Loss,
}

/// What is made small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// Shares of the classes add up to 1.
    CrossEntropy,
    /// Each class is there or not; those of which no number is wanted count nothing.
    Logistic,
}

impl Loss {
    /// The loss of logits, which become its gradients.
    pub(super) fn gradient(self, logits: &mut [f32], shares: &[f32]) -> f64 {
        match self {
            Self::CrossEntropy => cross_entropy(logits, shares),
            Self::Logistic => logistic(logits, shares),
        }
    }
}

/// What a text of a step asks to change.
struct Gradient {
    loss: f64,
    hidden: Vec<f32>,
    logits: Vec<f32>,
    /// Of the vector of each of its rows.
    rows: Vec<f32>,
}

impl Bag {
    /// A bag that knows nothing: small vectors that a seed decides, and no weights.
    pub(super) fn new(rows: usize, width: usize, rectified: bool, classes: usize, seed: u64) -> Self {
        let mut random = Pcg64Mcg::seed_from_u64(seed);
        let most = 1.0 / (width as f32).sqrt();
        Self {
            width,
            classes,
            rectified,
            table: (0..rows * width).map(|_| 0.1 * random.random_range(-most..most)).collect(),
            weight: (0..classes * width).map(|_| random.random_range(-most..most)).collect(),
            bias: vec![0.0; classes],
            squares: vec![0.0; rows],
            weight_squares: vec![0.0; classes],
            bias_squares: vec![0.0; classes],
        }
    }

    /// How many values were learnt.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.table.len() + self.weight.len() + self.bias.len()
    }

    /// The logits of a text of these rows; those of a text without any are the biases.
    #[must_use]
    pub fn logits(&self, rows: &[u32]) -> Vec<f32> {
        self.of_hidden(&self.hidden(rows))
    }

    fn vector(&self, row: u32) -> &[f32] {
        let start = row as usize * self.width;
        self.table.get(start..start + self.width).unwrap_or_default()
    }

    fn hidden(&self, rows: &[u32]) -> Vec<f32> {
        let mut hidden = vec![0.0; self.width];
        for &row in rows {
            hidden.iter_mut().zip(self.vector(row)).for_each(|(sum, value)| *sum += value);
        }
        let scale = share(rows.len());
        let least = if self.rectified { 0.0 } else { f32::NEG_INFINITY };
        hidden.iter_mut().for_each(|value| *value = (*value * scale).max(least));
        hidden
    }

    fn of_hidden(&self, hidden: &[f32]) -> Vec<f32> {
        let rows = self.weight.chunks_exact(self.width.max(1)).zip(&self.bias);
        rows.map(|(row, bias)| bias + row.iter().zip(hidden).map(|(a, b)| a * b).sum::<f32>()).collect()
    }

    /// One step down the mean loss of a batch; gives its sum. The same batch gives the same step on any number
    /// of threads.
    pub(super) fn step(&mut self, batch: &[Wanted], step: Step) -> f64 {
        let gradients: Vec<Gradient> =
            batch.par_iter().map(|wanted| self.gradient(wanted, step.loss)).collect();
        self.step_table(batch, &gradients, step);
        let (width, rate) = (self.width, step.rate);
        let over = 1.0 / batch.len().max(1) as f32;
        let mut weight = vec![0.0; self.weight.len()];
        let mut bias = vec![0.0; self.bias.len()];
        for gradient in &gradients {
            for ((row, bias), &logit) in
                weight.chunks_exact_mut(width.max(1)).zip(&mut bias).zip(&gradient.logits)
            {
                *bias += over * logit;
                row.iter_mut().zip(&gradient.hidden).for_each(|(sum, x)| *sum += over * logit * x);
            }
        }
        let rows = self.weight.chunks_exact_mut(width.max(1)).zip(weight.chunks_exact(width.max(1)));
        for ((values, gradient), squares) in rows.zip(&mut self.weight_squares) {
            descend(values, gradient, mean_square(gradient), squares, rate);
        }
        let biases = self.bias.iter_mut().zip(&bias).zip(&mut self.bias_squares);
        for ((value, gradient), squares) in biases {
            let gradient = std::slice::from_ref(gradient);
            descend(std::slice::from_mut(value), gradient, mean_square(gradient), squares, rate);
        }
        gradients.iter().map(|gradient| gradient.loss).sum()
    }

    fn gradient(&self, wanted: &Wanted, loss: Loss) -> Gradient {
        let hidden = self.hidden(&wanted.rows);
        let mut logits = self.of_hidden(&hidden);
        let loss = loss.gradient(&mut logits, &wanted.shares);
        let mut rows = vec![0.0; self.width];
        for (row, logit) in self.weight.chunks_exact(self.width.max(1)).zip(&logits) {
            rows.iter_mut().zip(row).for_each(|(sum, weight)| *sum += logit * weight);
        }
        let scale = share(wanted.rows.len());
        for (value, hidden) in rows.iter_mut().zip(&hidden) {
            let passes = !self.rectified || *hidden > 0.0;
            *value *= if passes { scale } else { 0.0 };
        }
        Gradient { loss, hidden, logits, rows }
    }

    /// Each stretch of the table takes from the batch what is its own, in order.
    fn step_table(&mut self, batch: &[Wanted], gradients: &[Gradient], step: Step) {
        let width = self.width.max(1);
        let kept = 1.0 - step.rate * step.decay;
        // All rows of a text have one gradient.
        let lengths: Vec<f32> = gradients.iter().map(|gradient| mean_square(&gradient.rows)).collect();
        let stretches =
            self.table.par_chunks_mut(ROWS_TOGETHER * width).zip(self.squares.par_chunks_mut(ROWS_TOGETHER));
        stretches.enumerate().for_each(|(number, (table, squares))| {
            let first = number * ROWS_TOGETHER;
            for ((wanted, gradient), square) in batch.iter().zip(gradients).zip(&lengths) {
                for &row in &wanted.rows {
                    let Some(place) = (row as usize).checked_sub(first) else { continue };
                    let Some(squares) = squares.get_mut(place) else { continue };
                    let Some(values) = table.get_mut(place * width..(place + 1) * width) else { continue };
                    if kept < 1.0 {
                        values.iter_mut().for_each(|value| *value *= kept);
                    }
                    descend(values, &gradient.rows, *square, squares, step.rate);
                }
            }
        });
    }

    /// The ONNX graph. It takes `rows`, `N x L` numbers of rows, of which those at the end may be one more than the last
    /// row and count for nothing, and `share`, `N x 1`, one over the root of how many rows each text has; it gives
    /// `logits`, `N x C`.
    ///
    /// # Errors
    /// [`OnnxError`] for a graph that is no model, which cannot be.
    pub fn onnx(&self) -> Result<Model, OnnxError> {
        let mut graph = Builder::new("bag");
        let rows = graph.input("rows", Element::I64, &["N".into(), "L".into()]);
        let share = graph.input("share", Element::F32, &["N".into(), Length::Fixed(1)]);
        let count = self.table.len() / self.width.max(1) + 1;
        let mut table = self.table.clone();
        table.resize(count * self.width, 0.0);
        let table = graph.constant(Tensor::of_f32("table", &[count, self.width], &table));
        let weight = graph.constant(Tensor::of_f32("weight", &[self.classes, self.width], &self.weight));
        let bias = graph.constant(Tensor::of_f32("bias", &[self.classes], &self.bias));
        let axis = graph.constant(Tensor::of_i64("axis", &[1], &[1]));
        let vectors = graph.node("Gather", &[&table, &rows], vec![]);
        let sum = graph.node("ReduceSum", &[&vectors, &axis], vec![("keepdims", Value::Int(0))]);
        let mut hidden = graph.node("Mul", &[&sum, &share], vec![]);
        if self.rectified {
            hidden = graph.node("Relu", &[&hidden], vec![]);
        }
        graph.node_named("Gemm", &[&hidden, &weight, &bias], "logits", vec![("transB", Value::Int(1))]);
        graph.output("logits", Element::F32, &["N".into(), Length::Fixed(self.classes)]);
        graph.finish()
    }
}

/// The loss of logits, which become its gradients.
fn cross_entropy(logits: &mut [f32], shares: &[f32]) -> f64 {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = logits.iter().map(|logit| (logit - most).exp()).sum();
    let floor = most + sum.ln();
    let loss = logits.iter().zip(shares).map(|(logit, share)| f64::from(share * (floor - logit))).sum();
    logits.iter_mut().zip(shares).for_each(|(logit, share)| *logit = (*logit - floor).exp() - share);
    loss
}

/// The same where each class is there or not.
fn logistic(logits: &mut [f32], shares: &[f32]) -> f64 {
    let mut loss = 0.0;
    for (logit, share) in logits.iter_mut().zip(shares) {
        if share.is_nan() {
            *logit = 0.0;
            continue;
        }
        // The logarithm of 1 + exp(x) without overflow.
        loss += f64::from(logit.max(0.0) + (-logit.abs()).exp().ln_1p() - share * *logit);
        *logit = 1.0 / (1.0 + (-*logit).exp()) - share;
    }
    loss
}

fn mean_square(gradient: &[f32]) -> f32 {
    gradient.iter().map(|x| x * x).sum::<f32>() / gradient.len().max(1) as f32
}

/// A step of values that share the sum of their squared gradients; `square` is the mean of the squares of this one.
fn descend(values: &mut [f32], gradient: &[f32], square: f32, squares: &mut f32, rate: f32) {
    *squares += square;
    let rate = rate / (*squares + EPSILON).sqrt();
    values.iter_mut().zip(gradient).for_each(|(value, gradient)| *value -= rate * gradient);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Vec<Wanted> {
        let wanted = |rows: &[u32], shares: &[f32]| Wanted { rows: rows.to_vec(), shares: shares.to_vec() };
        vec![
            wanted(&[0, 3, 3, 20_000], &[1.0, 0.0, 0.0]),
            wanted(&[5, 1], &[0.0, 0.5, 0.5]),
            wanted(&[], &[0.2, 0.3, 0.5]),
        ]
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let plain = Bag::new(30_000, 4, false, 3, 7);
        // A bag whose sums are far from zero, where its slope has a corner: of one sign each.
        let mut rectified = Bag::new(30_000, 4, true, 3, 7);
        for (at, x) in rectified.table.iter_mut().enumerate() {
            *x = if at.is_multiple_of(2) { 0.2 + x.abs() } else { -0.2 - x.abs() };
        }
        // Nothing is known of some of the classes, or of none.
        let wanted = |shares: &[f32]| Wanted { rows: vec![0, 3, 3, 20_000], shares: shares.to_vec() };
        let masked =
            [wanted(&[1.0, f32::NAN, 0.0]), wanted(&[f32::NAN, 0.3, f32::NAN]), wanted(&[f32::NAN; 3])];
        for bag in [plain, rectified] {
            check_gradients(&bag, &batch(), &[Loss::CrossEntropy, Loss::Logistic]);
            check_gradients(&bag, &masked, &[Loss::Logistic]);
        }
    }

    fn check_gradients(bag: &Bag, batch: &[Wanted], losses: &[Loss]) {
        let all = losses.iter().flat_map(|&of| batch.iter().map(move |w| (of, w)));
        for (of, wanted) in all {
            let loss = |bag: &Bag| bag.gradient(wanted, of).loss;
            let found = bag.gradient(wanted, of);
            let slope = |change: &dyn Fn(&mut Bag, f32)| {
                let (mut more, mut less) = (bag.clone(), bag.clone());
                change(&mut more, 1e-2);
                change(&mut less, -1e-2);
                ((loss(&more) - loss(&less)) / 2e-2) as f32
            };
            for place in 0..bag.width {
                if let Some(&row) = wanted.rows.first() {
                    let times = wanted.rows.iter().filter(|&&other| other == row).count() as f32;
                    let at = row as usize * bag.width + place;
                    let by_hand = slope(&|bag, by| bag.table[at] += by);
                    assert!((by_hand - times * found.rows[place]).abs() < 1e-3, "{by_hand}");
                }
                let by_hand = slope(&|bag, by| bag.weight[bag.width + place] += by);
                assert!((by_hand - found.logits[1] * found.hidden[place]).abs() < 1e-3, "{by_hand}");
            }
            let by_hand = slope(&|bag, by| bag.bias[2] += by);
            assert!((by_hand - found.logits[2]).abs() < 1e-3, "{by_hand}");
        }
    }

    #[test]
    fn steps_go_down_the_same_on_any_number_of_threads() {
        let steps = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut bag = Bag::new(30_000, 4, false, 3, 7);
                let step = Step { rate: 0.1, decay: 0.01, loss: Loss::CrossEntropy };
                let losses: Vec<f64> = (0..60).map(|_| bag.step(&batch(), step)).collect();
                (bag, losses)
            })
        };
        let (one, losses) = steps(1);
        assert_eq!(one, steps(3).0);
        // What is wanted of the second and third can be met no better than by their entropies.
        let entropy: f64 = [0.5, 0.5, 0.2, 0.3, 0.5f64].iter().map(|share| -share * share.ln()).sum();
        assert!(losses[0] > 3.0 && losses[59] < entropy + 0.2, "{losses:?}");
    }

    #[test]
    fn the_graph_is_the_bag() {
        for rectified in [false, true] {
            let bag = Bag::new(300, 4, rectified, 3, 7);
            let model = bag.onnx().unwrap();
            let engine = rten_logits(&model, &[0, 3, 3, 299, 300, 300], [2, 3], &[1.0 / 3f32.sqrt(), 1.0]);
            let expected = [bag.logits(&[0, 3, 3]), bag.logits(&[299])].concat();
            for (found, expected) in engine.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-6, "{found} {expected}");
            }
        }
    }

    fn rten_logits(model: &Model, rows: &[i64], shape: [usize; 2], shares: &[f32]) -> Vec<f32> {
        use milieu_inference::{Data, EngineChoice, Engines, LoadOptions, Tensor};
        let threads = std::num::NonZeroUsize::MIN;
        let engines = Engines::find(EngineChoice::Rten, None, threads).unwrap();
        let mut engine = engines.load(&model.write(), LoadOptions::default()).unwrap();
        let rows = Tensor::new(shape.to_vec(), Data::I64(rows.to_vec())).unwrap();
        let shares = Tensor::new(vec![shape[0], 1], Data::F32(shares.to_vec())).unwrap();
        let outputs = engine.run(&[rows, shares]).unwrap();
        outputs[0].as_f32().unwrap().to_vec()
    }
}
