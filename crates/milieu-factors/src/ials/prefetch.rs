//! Asking the processor for memory ahead of its use.
//!
//! The rows of a factor matrix that one system needs lie scattered over memory. Fetching them while the
//! system before is solved hides most of the wait; nothing else in this crate needs `unsafe`.

/// Numbers in a cache line.
#[cfg(all(target_arch = "x86_64", not(miri)))]
const LINE: usize = 16;

/// Asks for a vector; does nothing where there is no such instruction.
#[inline(always)]
#[cfg_attr(not(all(target_arch = "x86_64", not(miri))), expect(unused_variables, reason = "nothing to ask"))]
#[cfg_attr(all(target_arch = "x86_64", not(miri)), allow(unsafe_code))]
pub(super) fn prefetch(vector: &[f32]) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in vector.chunks(LINE) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction belongs to SSE, which every x86-64 processor has; it reads nothing that
        // the program can see and cannot fault, and the pointer is that of a live slice.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}
