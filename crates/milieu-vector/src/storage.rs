//! The file of an index: little endian; a header, then ids, rows, centroids and the list of each row. Codes are computed
//! again when it is read. Whoever stores the file checks its sum.

use crate::index::{check_dimensions, check_finite};
use crate::lists::Lists;
use crate::{IndexConfig, VectorError, VectorIndex};
use std::io::{Read, Write};

const MAGIC: [u8; 8] = *b"MLVECIX1";
/// Bytes converted at a time, so that a false length cannot ask for more memory than the file has bytes.
const PIECE: usize = 1 << 16;

impl VectorIndex {
    /// Writes the index.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write_to(&self, mut to: impl Write) -> Result<(), VectorError> {
        let config = &self.config;
        let (centroids, assigned) =
            self.lists.as_ref().map_or((&[][..], &[][..]), |l| (l.centroids(), l.list_of_slot()));
        to.write_all(&MAGIC)?;
        let numbers = [
            self.dim as u64,
            self.ids.len() as u64,
            (centroids.len() / self.dim) as u64,
            self.learnt_from as u64,
            config.seed,
            config.exact_below as u64,
            config.lists as u64,
            config.train_rows_per_list as u64,
            config.train_rounds as u64,
            u64::from(config.effort.to_bits()),
        ];
        for number in numbers {
            to.write_all(&number.to_le_bytes())?;
        }
        write_words(&mut to, self.ids.iter().copied())?;
        write_words(&mut to, self.rows.iter().map(|x| x.to_bits()))?;
        write_words(&mut to, centroids.iter().map(|x| x.to_bits()))?;
        write_words(&mut to, assigned.iter().copied())?;
        to.flush()?;
        Ok(())
    }

    /// Reads an index that [`Self::write_to`] wrote.
    ///
    /// # Errors
    /// Those of the reader, and whatever in the file cannot be.
    pub fn read_from(mut from: impl Read) -> Result<Self, VectorError> {
        let mut magic = [0; 8];
        from.read_exact(&mut magic)?;
        if magic != MAGIC {
            return Err(VectorError::Format);
        }
        let mut numbers = [0u64; 10];
        for number in &mut numbers {
            let mut bytes = [0; 8];
            from.read_exact(&mut bytes)?;
            *number = u64::from_le_bytes(bytes);
        }
        let whole = |n: u64| usize::try_from(n).map_err(|_| VectorError::Broken("a number"));
        let [dim, count, lists, learnt_from] = [numbers[0], numbers[1], numbers[2], numbers[3]];
        let dim = whole(dim)?;
        check_dimensions(dim)?;
        if count > u64::from(u32::MAX) || lists > count {
            return Err(VectorError::Broken("a count"));
        }
        let (count, lists) = (count as usize, lists as usize);
        let effort = u32::try_from(numbers[9]).map_err(|_| VectorError::Broken("the effort"))?;
        let config = IndexConfig {
            seed: numbers[4],
            exact_below: whole(numbers[5])?,
            lists: whole(numbers[6])?,
            train_rows_per_list: whole(numbers[7])?,
            train_rounds: whole(numbers[8])?,
            effort: f32::from_bits(effort),
        };
        let ids = read_words(&mut from, count, |word| word)?;
        let rows = read_words(&mut from, count * dim, f32::from_bits)?;
        let centroids = read_words(&mut from, lists * dim, f32::from_bits)?;
        for (id, row) in ids.iter().zip(rows.chunks_exact(dim)) {
            check_finite(row).ok_or(VectorError::NotFinite(*id))?;
        }
        if !centroids.chunks_exact(dim).all(|row| check_finite(row).is_some()) {
            return Err(VectorError::Broken("a centroid"));
        }
        let built = if lists > 0 {
            let assigned = read_words(&mut from, count, |word| word)?;
            if assigned.iter().any(|list| *list as usize >= lists) {
                return Err(VectorError::Broken("a list number"));
            }
            Some(Lists::build(&rows, dim, centroids, assigned))
        } else {
            None
        };
        let mut index = Self {
            dim,
            config,
            ids,
            rows,
            slots: rustc_hash::FxHashMap::default(),
            lists: built,
            learnt_from: whole(learnt_from)?,
        };
        index.number_slots()?;
        Ok(index)
    }
}

fn write_words(to: &mut impl Write, words: impl Iterator<Item = u32>) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(PIECE);
    for word in words {
        bytes.extend_from_slice(&word.to_le_bytes());
        if bytes.len() >= PIECE {
            to.write_all(&bytes)?;
            bytes.clear();
        }
    }
    to.write_all(&bytes)
}

fn read_words<T>(from: &mut impl Read, count: usize, convert: impl Fn(u32) -> T) -> std::io::Result<Vec<T>> {
    let mut words = Vec::with_capacity(count.min(PIECE));
    let mut bytes = vec![0; PIECE];
    let mut left = count;
    while left > 0 {
        let piece = left.min(PIECE / 4);
        let bytes = &mut bytes[..piece * 4];
        from.read_exact(bytes)?;
        words.extend(bytes.as_chunks::<4>().0.iter().map(|b| convert(u32::from_le_bytes(*b))));
        left -= piece;
    }
    Ok(words)
}
