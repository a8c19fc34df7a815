import CLinuxShims
import Glibc

/// The memory of the running program: what glibc and the kernel would keep for it unasked.
public enum ProgramMemory {
    /// Bytes from which an allocation is a mapping of its own, which ends with it.
    private static let mappingThreshold: Int32 = 128 * 1024

    /// Makes large allocations go back to the kernel when they are freed. Call it first of all.
    ///
    /// By default glibc raises the threshold to the largest block that was ever freed (the kernel's
    /// type information, 12 MB), and from then on keeps such blocks at the top of a thread's heap,
    /// where malloc_trim(3) does not look.
    public static func returnLargeBlocks() {
        _ = mallopt(M_MMAP_THRESHOLD, mappingThreshold)
    }

    /// Gives free heap pages back, and unmaps the code and constants that were used so far; what is
    /// used again is mapped again from the page cache, by a fault.
    ///
    /// Most of a daemon's code runs once, at its start: without this, those pages count as its
    /// memory for ever (20 of 30 MB, measured). Segments that may be written are left alone.
    public static func releaseStart() {
        _ = malloc_trim(0)
        secd_release_code()
    }
}
