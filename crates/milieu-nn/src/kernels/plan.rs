//! Where the taps of a convolution lie in a padded image.
//!
//! A padded image is kept as planes, one for each channel and each phase of the stride, whose rows have one
//! common length. In such a plane the neighbour of a pixel at any tap is a constant distance away, whatever
//! the pixel: the whole convolution is then a sum over taps of `weight * source[offset + pixel]` with pixels
//! running through entire planes, rows and all. No matrix of patches is made. What is computed for the few
//! pixels between the end of one row and the beginning of the next is left out of the result.

/// The shape of a two-dimensional convolution over `N x C x H x W` images with one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvolutionShape {
    /// Channels of the input.
    pub inputs: usize,
    /// Channels of the output.
    pub outputs: usize,
    /// Height and width of the input.
    pub size: [usize; 2],
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Step between outputs, at least 1.
    pub stride: [usize; 2],
    /// Zeros on each side.
    pub padding: [usize; 2],
    /// Step between taps, at least 1.
    pub dilation: [usize; 2],
}

impl ConvolutionShape {
    /// Height and width of the output; 0 where the kernel does not fit.
    #[must_use]
    pub fn output_size(&self) -> [usize; 2] {
        std::array::from_fn(|axis| {
            let room = self.size[axis] + 2 * self.padding[axis];
            let span = (self.kernel[axis].max(1) - 1) * self.dilation[axis];
            room.checked_sub(span + 1).map_or(0, |steps| steps / self.stride[axis].max(1) + 1)
        })
    }

    /// Taps of one output channel: `inputs x kernel height x kernel width`.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.inputs * self.kernel[0] * self.kernel[1]
    }

    /// Values of one input image.
    #[must_use]
    pub fn input_len(&self) -> usize {
        self.inputs * self.size[0] * self.size[1]
    }

    /// Values of one output image.
    #[must_use]
    pub fn output_len(&self) -> usize {
        let [height, width] = self.output_size();
        self.outputs * height * width
    }
}

/// Planes, and the taps in them.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Height and width of a plane.
    pub(super) plane: [usize; 2],
    /// Phases of each axis.
    pub(super) phases: [usize; 2],
    /// What is subtracted from a plane's coordinate times the phases, plus the phase, to give the image's.
    pub(super) shift: [isize; 2],
    /// Channels that have planes.
    pub(super) channels: usize,
    /// The distance of each tap, channels first, then rows, then columns of the kernel.
    pub(super) offsets: Vec<usize>,
    /// Height and width of what is computed.
    pub(super) result: [usize; 2],
}

impl Plan {
    /// The forward pass: source planes hold the input, the result is the output.
    pub(super) fn forward(shape: &ConvolutionShape) -> Self {
        let result = shape.output_size();
        let reach = |axis: usize| (shape.kernel[axis].max(1) - 1) * shape.dilation[axis];
        let plane = std::array::from_fn(|axis| result[axis] + reach(axis) / shape.stride[axis]);
        let mut plan = Self {
            plane,
            phases: shape.stride,
            shift: shape.padding.map(|padding| padding as isize),
            channels: shape.inputs,
            offsets: Vec::with_capacity(shape.taps()),
            result,
        };
        for channel in 0..shape.inputs {
            for row in 0..shape.kernel[0] {
                for column in 0..shape.kernel[1] {
                    let at = [row * shape.dilation[0], column * shape.dilation[1]];
                    let phase = (at[0] % shape.stride[0]) * shape.stride[1] + at[1] % shape.stride[1];
                    let number = channel * shape.stride[0] * shape.stride[1] + phase;
                    let [y, x] = [at[0] / shape.stride[0], at[1] / shape.stride[1]];
                    plan.offsets.push((number * plane[0] + y) * plane[1] + x);
                }
            }
        }
        plan
    }

    /// The pixels of a result, rows of planes one after the other.
    pub(super) fn span(&self) -> usize {
        match self.result {
            [0, _] | [_, 0] => 0,
            [height, width] => (height - 1) * self.plane[1] + width,
        }
    }

    /// Values of the planes of an image, with room for the last tile to read beyond.
    pub(super) fn source_len(&self, tile: usize) -> usize {
        self.channels * self.phases[0] * self.phases[1] * self.plane[0] * self.plane[1] + 2 * tile
    }

    /// Lays an image out in planes that are all zero between images: the places written are the same for
    /// each image.
    pub(super) fn lay(&self, image: &[f32], size: [usize; 2], planes: &mut [f32]) {
        let [height, width] = size;
        let area = self.plane[0] * self.plane[1];
        for (channel, image) in image.chunks_exact((height * width).max(1)).enumerate() {
            for phase_y in 0..self.phases[0] {
                for phase_x in 0..self.phases[1] {
                    let phase = phase_y * self.phases[1] + phase_x;
                    let first = (channel * self.phases[0] * self.phases[1] + phase) * area;
                    let plane = &mut planes[first..first + area];
                    for (y, row) in plane.chunks_exact_mut(self.plane[1]).enumerate() {
                        let from = (y * self.phases[0] + phase_y) as isize - self.shift[0];
                        if (0..height as isize).contains(&from) {
                            let from = from as usize * width;
                            self.lay_row(&image[from..from + width], phase_x, row);
                        }
                    }
                }
            }
        }
    }

    fn lay_row(&self, image: &[f32], phase: usize, row: &mut [f32]) {
        let step = self.phases[1];
        // The first place of the row that lies in the image.
        let first = (self.shift[1] - phase as isize).max(0) as usize;
        let first = first.div_ceil(step);
        let from = ((first * step + phase) as isize - self.shift[1]) as usize;
        if first >= row.len() || from >= image.len() {
            return;
        }
        if step == 1 {
            let count = (image.len() - from).min(row.len() - first);
            row[first..first + count].copy_from_slice(&image[from..from + count]);
        } else {
            let values = image[from..].iter().step_by(step);
            row[first..].iter_mut().zip(values).for_each(|(place, &value)| *place = value);
        }
    }
}

/// One phase of the gradient of the input: the output's gradient is laid out with margins, and the result
/// goes to every `stride`-th pixel of the input.
#[derive(Debug, Clone)]
pub(super) struct BackwardPhase {
    /// Planes of the output's gradient, whose channels are the outputs.
    pub(super) plan: Plan,
    /// For each output channel in turn, the taps of the kernel that reach this phase: row, column.
    pub(super) taps: Vec<[usize; 2]>,
    /// The first pixel of the input that this phase gives.
    pub(super) first: [usize; 2],
}

impl BackwardPhase {
    /// The phases that give the gradient of the input.
    pub(super) fn all(shape: &ConvolutionShape) -> Vec<Self> {
        let mut phases = Vec::new();
        for y in 0..shape.stride[0].min(shape.size[0]) {
            for x in 0..shape.stride[1].min(shape.size[1]) {
                phases.push(Self::new(shape, [y, x]));
            }
        }
        phases
    }

    /// The pixels `first`, `first + stride`, ... of the input. Pixel `i` with `i + padding = stride * p + r`
    /// gets from outputs `p - reach` those taps whose distance is `stride * reach + r`.
    fn new(shape: &ConvolutionShape, first: [usize; 2]) -> Self {
        let phase: [usize; 2] =
            std::array::from_fn(|axis| (first[axis] + shape.padding[axis]) % shape.stride[axis]);
        let begin: [usize; 2] =
            std::array::from_fn(|axis| (first[axis] + shape.padding[axis]) / shape.stride[axis]);
        let reaches: [Vec<(usize, usize)>; 2] = std::array::from_fn(|axis| {
            let distances = (0..shape.kernel[axis]).map(|tap| (tap, tap * shape.dilation[axis]));
            let of_phase = distances.filter(|(_, far)| far % shape.stride[axis] == phase[axis]);
            of_phase.map(|(tap, far)| (tap, far / shape.stride[axis])).collect()
        });
        let farthest: [usize; 2] =
            std::array::from_fn(|axis| reaches[axis].iter().map(|&(_, reach)| reach).max().unwrap_or(0));
        let result: [usize; 2] =
            std::array::from_fn(|axis| (shape.size[axis] - first[axis]).div_ceil(shape.stride[axis]));
        // Planes begin `farthest` before the output that the first pixel reads without a reach.
        let plane: [usize; 2] = std::array::from_fn(|axis| result[axis] + farthest[axis]);
        let mut offsets = Vec::new();
        let mut taps = Vec::new();
        for output in 0..shape.outputs {
            for &(row, reach_y) in &reaches[0] {
                for &(column, reach_x) in &reaches[1] {
                    let [y, x] = [farthest[0] - reach_y, farthest[1] - reach_x];
                    offsets.push((output * plane[0] + y) * plane[1] + x);
                    if output == 0 {
                        taps.push([row, column]);
                    }
                }
            }
        }
        let plan = Plan {
            plane,
            phases: [1, 1],
            shift: std::array::from_fn(|axis| farthest[axis] as isize - begin[axis] as isize),
            channels: shape.outputs,
            offsets,
            result,
        };
        Self { plan, taps, first }
    }
}
